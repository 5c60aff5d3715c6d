#include "core/leasing_governor.hpp"

#include "core/lease_shelf.hpp"
#include "core/quota/governor_users.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace ephemint::inline v0::redis {

using core::never;

namespace {

/// Why an answer can't be used; empty: it can.
std::string fault_of(const store_answer& a, milliseconds window) {
  switch (a.what) {
    case store_answer::status::version:
      return "its state is of version " + std::to_string(a.theirs) + ", this build speaks 1";
    case store_answer::status::window:
      return "it counts windows of " + std::to_string(a.theirs) + " ms, this is one of " +
             std::to_string(window.count()) + " ms";
    case store_answer::status::full:
      return "it keeps no more members";
    default:
      return {};
  }
}

bool of_use(const store_answer& a) noexcept {
  using status = store_answer::status;
  return a.what != status::version && a.what != status::window && a.what != status::full;
}

}  // namespace

struct leasing_governor::guarded final : core::key_watch {
  explicit guarded(settings s) : shelf{std::move(s)} {}

  void key_judged() noexcept override {
    lock_type lock{mutex};
    shelf.key_judged(seen);
    tell_driver(std::move(lock));
  }

  using lock_type = std::unique_lock<std::mutex>;

  /// Call it after each change of a book: the driver may have to come earlier. Releases the lock.
  void after(lock_type lock, shared_count& touched, core::time_point now) noexcept {
    shelf.arrange(touched, now);
    tell_driver(std::move(lock));
  }

  void tell_driver(lock_type lock) noexcept {
    const core::time_point due = shelf.wake_at();
    if (due >= known_to_driver) return;
    known_to_driver = core::time_point::min();  // told once: the driver checks again
    const auto told = driver.lock();
    lock.unlock();
    if (told) told->calls_due();
  }

  /// Tells clients that they may ask, then the driver that it may be needed. Releases the lock.
  void wake_and_after(lock_type lock, core::time_point now, shared_count& touched, std::uint32_t client,
                      bool earlier) noexcept {
    shelf.arrange(touched, now);
    bool woken = shelf.key_changed();
    if (woken) users.wake_all();
    if (touched.count().others_wait(client))
      while (const auto who = touched.count().wake_one(now, client, earlier)) {
        users.wake(*who);
        woken = true;
      }
    std::shared_ptr<lease_driver> told;
    if (shelf.wake_at() < known_to_driver) {
      known_to_driver = core::time_point::min();
      told = driver.lock();
    }
    if (woken)
      users.tell(std::move(lock));
    else
      lock.unlock();
    if (told) told->calls_due();
  }

  std::mutex mutex;
  lease_shelf shelf;
  core::permit_table permits;
  core::governor_users users;
  std::weak_ptr<lease_driver> driver;
  core::time_point known_to_driver = never;  // when the driver comes by itself
  std::string last_error;
  bool answered = false;
  std::uint64_t commands = 0;
  std::uint64_t lost = 0;
  core::time_point seen{};  // the latest time that any call was given
};

leasing_governor::leasing_governor(settings s) : state_{std::make_shared<guarded>(std::move(s))} {
  state_->shelf.watch_key(state_);
}
leasing_governor::~leasing_governor() = default;

std::uint32_t leasing_governor::join(std::weak_ptr<quota_listener> listener) {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  const std::uint32_t client = s.users.join(std::move(listener));
  s.shelf.expect_askers();
  s.tell_driver(std::move(lock));
  return client;
}

void leasing_governor::leave(std::uint32_t client) noexcept {
  const std::lock_guard lock{state_->mutex};
  state_->users.leave(client);
  state_->shelf.leave(client);
}

quota_scope leasing_governor::scope() const noexcept { return state_->shelf.scope(); }

admission leasing_governor::try_acquire(time_point now, const permit_request& request) {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  s.seen = std::max(s.seen, now);
  s.permits.prepare();  // so that no permit is taken for which there is no memory
  shared_count& book = s.shelf.at(now, request.account);
  core::governed_count& count = book.count();
  if (const auto when = count.ask(now, request.urgency, request.client, request.could_leave)) {
    s.after(std::move(lock), book, now);
    return {admission::verdict::later, {}, *when};
  }
  core::outstanding_permit p{.urgency = request.urgency};
  count.take(now, request.client, p);
  const permit taken = s.permits.put(p);
  s.after(std::move(lock), book, now);
  return {admission::verdict::granted, taken, now};
}

void leasing_governor::on_reply(time_point now, permit id, const permit_reply& reply) noexcept {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  s.seen = std::max(s.seen, now);
  core::outstanding_permit p;
  if (!s.permits.take(id, p)) return;
  shared_count& book = shared_count::of(p);
  const bool ended = book.on_reply(now, p, reply.sent_at, reply.use, reply.retry_after);
  s.wake_and_after(std::move(lock), now, book, p.client, ended);
}

void leasing_governor::give_back(time_point now, permit id) noexcept {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  core::outstanding_permit p;
  if (!s.permits.take(id, p)) return;
  shared_count& book = shared_count::of(p);
  book.give_back(now, p);
  s.wake_and_after(std::move(lock), now, book, p.client, false);
}

time_point leasing_governor::estimate(time_point now, const permit_request& request,
                                      std::size_t ahead) const noexcept {
  const std::lock_guard lock{state_->mutex};
  shared_count* const book = state_->shelf.find(request.account);
  return book ? book->count().estimate(now, request.urgency, ahead) : now;
}

quota_state leasing_governor::state(time_point now) const noexcept {
  const std::lock_guard lock{state_->mutex};
  return state_->shelf.state(now);
}

/// Only if nothing is sent without the store: otherwise mints wait only because of the quota.
std::string leasing_governor::trouble() const {
  const std::lock_guard lock{state_->mutex};
  bool away = false;
  state_->shelf.for_each([&](const shared_count& book) { away |= book.away() || !book.ever_answered(); });
  if (!away || !state_->shelf.stops()) return {};
  const std::string& why = state_->last_error;
  std::string said = "quota store unreachable: ";
  return said += why.empty() ? "it hasn't answered yet" : why.c_str();
}

std::optional<leasing_governor::outgoing> leasing_governor::next_call(time_point now) {
  const std::lock_guard lock{state_->mutex};
  state_->seen = std::max(state_->seen, now);
  auto call = state_->shelf.next_call(now);
  if (call) ++state_->commands;
  return call;
}

void leasing_governor::on_answer(time_point now, std::uint64_t number, const store_answer& answer) noexcept {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  shared_count* const book = s.shelf.take_out(number);
  if (!book) return;
  s.answered = of_use(answer);
  if (!s.answered) try {
      s.last_error = fault_of(answer, s.shelf.window());
    } catch (...) {  // no memory: keeps the earlier text
    }
  const bool heard = s.shelf.on_answer(now, *book, answer);
  s.wake_and_after(std::move(lock), now, *book, 0, heard);
}

void leasing_governor::on_failure(time_point now, std::uint64_t number, std::string_view why) noexcept {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  shared_count* const book = s.shelf.take_out(number);
  if (!book) return;
  s.answered = false;
  ++s.lost;
  try {
    s.last_error.assign(why);
  } catch (...) {  // no memory: keeps the earlier text
  }
  book->on_failure(now);
  s.wake_and_after(std::move(lock), now, *book, 0, true);
}

void leasing_governor::on_store_age(time_point, bool calm) noexcept {
  const std::lock_guard lock{state_->mutex};
  state_->shelf.set_calm(calm);
}

void leasing_governor::on_store_back(time_point now) noexcept {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  s.shelf.for_each([&](shared_count& book) {
    book.on_store_back(now);
    s.shelf.arrange(book, now);
  });
  s.tell_driver(std::move(lock));
}

time_point leasing_governor::wake_at() const noexcept {
  const std::lock_guard lock{state_->mutex};
  return state_->known_to_driver = state_->shelf.wake_at();
}

void leasing_governor::leave_store(time_point now) noexcept {
  guarded& s = *state_;
  guarded::lock_type lock{s.mutex};
  s.shelf.leave_store(now);
  s.tell_driver(std::move(lock));
}

void leasing_governor::set_driver(std::weak_ptr<lease_driver> driver) noexcept {
  const std::lock_guard lock{state_->mutex};
  state_->driver = std::move(driver);
  state_->known_to_driver = never;
}

bool leasing_governor::lost() const noexcept {
  const std::lock_guard lock{state_->mutex};
  return state_->shelf.lost();
}

lease_figures leasing_governor::figures(time_point now) const {
  const std::lock_guard lock{state_->mutex};
  lease_figures f;
  f.answered = state_->answered;
  f.commands = state_->commands;
  f.lost = state_->lost;
  f.last_error = state_->last_error;
  state_->shelf.for_each([&](const shared_count& book) {
    f.members = std::max(f.members, book.ever_answered() ? book.members() : 0);
    f.limit = std::max(f.limit, book.limit());
    f.held += book.held();
    f.round_trip = std::max(f.round_trip, book.round_trip());
    f.fallbacks += book.fallbacks();
    f.away |= book.away();
    f.share = std::max(f.share, book.share(now));
  });
  return f;
}

}  // namespace ephemint::inline v0::redis
