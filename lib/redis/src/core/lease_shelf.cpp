#include "core/lease_shelf.hpp"

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::redis {

using core::never;
using core::time_point;

lease_shelf::lease_shelf(leasing_governor::settings s)
    : settings_{std::move(s)},
      random_{settings_.seed},
      key_{settings_.scope == quota_scope::per_api_key ? settings_.credential : nullptr,
           settings_.tag_of_key} {
  out_.reserve(most_out);
  if (settings_.scope == quota_scope::per_api_key)
    whole_ = std::make_unique<shared_count>(terms(), random_.next(), settings_.key, lost_);
}

lease_terms lease_shelf::terms() const noexcept {
  lease_terms t;
  t.rate = settings_.rate;
  t.stop_if_lost = settings_.stop_if_lost;
  t.lease = settings_.lease;
  t.flight = settings_.flight;
  t.standing = settings_.scope == quota_scope::per_api_key;
  const quota& share = settings_.share_if_lost ? *settings_.share_if_lost : settings_.rate;
  const std::chrono::duration<double> window = settings_.rate.window();
  const double permits = static_cast<double>(share.requests()) * (window / share.window()) *
                         (settings_.share_if_lost ? 1.0 : 0.1);
  // Rounded down, after correcting the division's error. At least one, or nothing would ever be sent.
  t.share_if_lost =
      std::clamp(std::floor(permits + 1e-9), 1.0, static_cast<double>(settings_.rate.requests()));
  return t;
}

shared_count& lease_shelf::at(time_point now, std::string_view account) {
  if (whole_) return *whole_;
  if (shared_count* const found = accounts_.find(account)) return *found;
  core::splitmix after = random_;
  const auto forgettable = [now](const shared_count& known) { return known.forgettable(now); };
  shared_count& book =
      accounts_.add(account, forgettable, terms(), after.next(), settings_.key_of_account(account), lost_);
  random_ = after;
  if (leaving_) book.leave_store(now);
  return book;
}

shared_count* lease_shelf::find(std::string_view account) noexcept {
  return whole_ ? whole_.get() : accounts_.find(account);
}

void lease_shelf::arrange(shared_count& book, time_point now) noexcept {
  if (whole_) key_.set_reached(book.ever_answered() && !book.away() && !leaving_);
  book.count_lost(book.lost());
  const time_point due = book.due(now);
  if (due == book.due_) return;
  if (book.in_due_.is_linked()) due_.erase(due_.iterator_to(book));
  book.due_ = due;
  if (due != never) due_.insert(book);
}

/// So that a spare permit is there before the first login.
void lease_shelf::expect_askers() noexcept {
  if (!whole_) return;
  whole_->expect_askers();
  arrange(*whole_, time_point{});
}

void lease_shelf::leave(std::uint32_t client) noexcept {
  if (whole_) whole_->count().leave(client);
  // Its places in the accounts' lines expire by themselves: visiting a million accounts here would hold up
  // all clients.
}

void lease_shelf::leave_store(time_point now) noexcept {
  leaving_ = true;
  for_each([&](shared_count& book) {
    book.leave_store(now);
    arrange(book, now);
  });
}

std::optional<leasing_governor::outgoing> lease_shelf::next_call(time_point now) {
  while (out_.size() < most_out && !due_.empty() && due_.begin()->due_ <= now) {
    shared_count& book = *due_.begin();
    arrange(book, now);  // waiting clients may have gone
    if (book.due_ > now) continue;
    leasing_governor::outgoing call;
    call.key = book.key();
    key_.prepare();
    call.call = book.make_call(now, calm_);
    if (!call.call.bye) key_.write(call.call);
    call.number = ++last_number_;
    // A thousand processes that start together are answered in turn. A process that gave up early would ask
    // again, and go on with a share of its own.
    if (!book.ever_answered()) call.patience = first_patience;
    out_.push_back({call.number, &book});
    arrange(book, now);
    return call;
  }
  return {};
}

time_point lease_shelf::wake_at() const noexcept {
  // If as many commands as allowed are under way, the next answer comes first.
  return due_.empty() || out_.size() == most_out ? never : due_.begin()->due_;
}

shared_count* lease_shelf::take_out(std::uint64_t number) noexcept {
  const auto found =
      std::find_if(out_.begin(), out_.end(), [=](const command& c) { return c.number == number; });
  if (found == out_.end()) return nullptr;
  shared_count* const book = found->of;
  out_.erase(found);
  return book;
}

bool lease_shelf::on_answer(time_point now, shared_count& book, const store_answer& a) noexcept {
  const bool heard = book.on_answer(now, a);
  if (!whole_) return heard;
  key_changed_ = key_.on_answer(now, a);
  if (key_.refused_there()) book.speak_by(core::add(now, core::duration{refused_word}));
  if (key_.has_word()) book.speak_by(core::add(now, core::duration{key_step}));
  return heard || key_changed_;
}

void lease_shelf::key_judged(time_point now) noexcept {
  if (!whole_ || leaving_) return;
  whole_->speak_by(now);
  arrange(*whole_, now);
}

}  // namespace ephemint::inline v0::redis
