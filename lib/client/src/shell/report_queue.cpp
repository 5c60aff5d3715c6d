#include "shell/report_queue.hpp"

#include <new>
#include <utility>

namespace ephemint::inline v0::detail {

namespace {

void repoint(attempt_report& r, const std::string& text, const std::string&) noexcept { r.request_id = text; }
void repoint(mint_report& r, const std::string& text, const std::string& account) noexcept {
  r.request_id = text;
  r.account = account;
}
void repoint(connection_report& r, const std::string& text, const std::string&) noexcept { r.cause = text; }
void repoint(quota_report&, const std::string&, const std::string&) noexcept {}

}  // namespace

report_queue::report_queue(std::shared_ptr<observer> to, const boost::asio::any_io_executor& where)
    : to_{std::move(to)}, where_{net::executor_gate::make(where)} {}

void report_queue::tell(const attempt_report& r, place from) noexcept { tell_or_keep(r, from); }
void report_queue::tell(const mint_report& r, place from) noexcept { tell_or_keep(r, from); }
void report_queue::tell(const connection_report& r, place from) noexcept { tell_or_keep(r, from); }
void report_queue::tell(const quota_report& r, place from) noexcept { tell_or_keep(r, from); }

template <class Report>
void report_queue::tell_or_keep(const Report& r, place from) noexcept {
  if (made_in_.elsewhere()) return;
  std::unique_lock lock{mutex_};
  const bool here = from == place::on_executor && !telling_;
  if (!here && keep(r)) return tell_later(std::move(lock));
  if (telling_) return;  // lost: no memory, and waiting for the other thread would hold up the client
  telling_ = true;
  tell_kept(lock);
  lock.unlock();
  call(r);
  lock.lock();
  tell_kept(lock);
  telling_ = false;
}

template <class Report>
bool report_queue::keep(const Report& r) noexcept try {
  kept_.push_back(copy_of(r));
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void report_queue::tell_later(std::unique_lock<std::mutex> lock) noexcept {
  if (telling_ || std::exchange(coming_, true)) return;
  lock.unlock();
  if (!post()) arrive();
}

bool report_queue::post() noexcept try {
  where_->post([self = shared_from_this()] { self->arrive(); });
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void report_queue::arrive() noexcept {
  if (made_in_.elsewhere()) return;
  std::unique_lock lock{mutex_};
  coming_ = false;
  if (std::exchange(telling_, true)) return;
  tell_kept(lock);
  telling_ = false;
}

/// Holds the lock again when it returns.
void report_queue::tell_kept(std::unique_lock<std::mutex>& lock) noexcept {
  while (!kept_.empty()) {
    copy next = std::move(kept_.front());
    kept_.pop_front();
    lock.unlock();
    call(next);
    lock.lock();
  }
}

void report_queue::call(copy& kept) noexcept {
  std::visit(
      [&](auto& what) {
        repoint(what, kept.text, kept.account);
        call(what);
      },
      kept.what);
}

report_queue::copy report_queue::copy_of(const attempt_report& r) {
  return {r, std::string{r.request_id}, {}};
}
report_queue::copy report_queue::copy_of(const mint_report& r) {
  return {r, std::string{r.request_id}, std::string{r.account}};
}
report_queue::copy report_queue::copy_of(const connection_report& r) { return {r, std::string{r.cause}, {}}; }
report_queue::copy report_queue::copy_of(const quota_report& r) { return {r, {}, {}}; }

}  // namespace ephemint::inline v0::detail
