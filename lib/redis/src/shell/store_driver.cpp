#include "shell/store_driver.hpp"

#include "core/time.hpp"

#include <boost/asio/query.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace ephemint::inline v0::redis {

namespace {

/// The wait before connecting again, while there is nothing to say: doubles with each failed try.
constexpr core::duration first_backoff = std::chrono::milliseconds{50};
constexpr core::duration most_backoff = std::chrono::seconds{5};
/// What failed for want of memory is tried again after this.
constexpr std::chrono::milliseconds memory_pause{20};

}  // namespace

/// Tells a listener of a change, outside the gate and on the governor's executor.
class store_driver::change_call final : public net::completion {
 public:
  change_call(std::shared_ptr<store_driver> of, shared_quota_stats stats)
      : of_{std::move(of)}, stats_{std::move(stats)} {}

 private:
  bool tell(place from) override {
    if (from == place::on_executor) {
      const std::unique_ptr<change_call> self{this};
      call();
      return true;
    }
    try {
      // Shared, as the posted function may be copied; it is destroyed with the context if that doesn't run
      // any more.
      const auto shared = std::make_shared<change_call>(of_, std::move(stats_));
      of_->executor_->post([shared] { shared->call(); });
    } catch (const std::bad_alloc&) {
      // Lost, but the next call will show the state then.
    }
    drop();
    return true;
  }
  void drop() noexcept override { delete this; }

  void call() const {
    std::shared_ptr<const change_listener> listener;
    {
      const std::scoped_lock lock{of_->mutex_};
      listener = of_->listener_;
    }
    if (listener && *listener) (*listener)(stats_);
  }

  const std::shared_ptr<store_driver> of_;
  shared_quota_stats stats_;
};

store_driver::store_driver(boost::asio::any_io_executor executor, driver_settings settings)
    : gate_{std::make_shared<net::serial_gate>(true)},
      executor_{net::executor_gate::make(executor)},
      name_{settings.store.where.shown()},
      window_{settings.governor.rate.window()},
      lease_{settings.governor.lease},
      random_{settings.governor.seed},
      governor_{std::move(settings.governor)},
      store_{make_store_client(executor, gate_, std::move(settings.store),
                               static_cast<store_client::user&>(*this))},
      timer_{executor, *gate_, *this},
      again_{executor, *gate_, *this},
      context_{boost::asio::use_service<detail::client_registry>(
                   boost::asio::query(executor, boost::asio::execution::context))
                   .members()} {}

store_driver::~store_driver() {
  executor_->shut();
  context_->remove(*this);
}

void store_driver::begin() {
  context_->add(*this);
  governor_.set_driver(std::static_pointer_cast<lease_driver>(shared_from_this()));
  executor_->post([self = shared_from_this()] {
    self->gate_->enter(self->start_, self, net::completion::place::on_executor);
  });
}

// --- from any thread ---

/// Posted, so that the store is asked on the governor's executor and not inside a client's call; if there is
/// no memory for that, it is asked here.
void store_driver::calls_due() noexcept {
  if (orphaned_ || due_.exchange(true)) return;
  try {
    executor_->post([self = shared_from_this()] {
      self->gate_->enter(self->arrive_, self, net::completion::place::on_executor);
    });
  } catch (const std::bad_alloc&) {
    gate_->enter(arrive_, shared_from_this(), net::completion::place::elsewhere);
  }
}

shared_quota_stats store_driver::stats() const {
  lease_figures known = governor_.figures(clock::now());
  shared_quota_stats made;
  made.connected = known.answered && !known.away;
  made.members = known.members;
  made.limit = known.limit;
  made.held = known.held;
  made.round_trip = std::chrono::duration_cast<std::chrono::microseconds>(known.round_trip);
  made.commands = known.commands;
  made.lost = known.lost;
  made.fallbacks = known.fallbacks;
  made.share = known.share;
  made.store = name_;
  made.last_error = std::move(known.last_error);
  const std::scoped_lock lock{mutex_};
  if (!lost_because_.empty()) {
    made.connected = false;
    made.last_error = lost_because_;
  }
  return made;
}

void store_driver::on_change(change_listener listener) {
  auto made = std::make_shared<const change_listener>(std::move(listener));
  const std::scoped_lock lock{mutex_};
  listener_.swap(made);
}

void store_driver::leave_store() noexcept {
  if (orphaned_ || leaving_.exchange(true)) return;
  if (made_in_.elsewhere() && gate_->occupied()) return;  // by a thread that only the parent has
  gate_->enter(leave_, shared_from_this(), net::completion::place::elsewhere);
}

void store_driver::let_go() noexcept {
  std::shared_ptr<const change_listener> listener;  // dropped, as its owner may be gone too
  {
    const std::scoped_lock lock{mutex_};
    listener_.swap(listener);
  }
  if (orphaned_ || (made_in_.elsewhere() && gate_->occupied())) return;
  gate_->enter(gone_, shared_from_this(), net::completion::place::elsewhere);
}

// --- inside the gate ---

void store_driver::start() noexcept {
  if (ended_) return;
  store_->connect();
  pump();
}

void store_driver::arrive() noexcept {
  due_ = false;
  pump();
}

void store_driver::begin_to_leave() noexcept {
  if (ended_) return;
  const auto now = clock::now();
  leaving_now_ = true;
  governor_.leave_store(now);
  try {
    again_.set(core::add(now, lease_));
  } catch (const std::bad_alloc&) {
    return end();
  }
  pump();
}

void store_driver::owner_gone() noexcept {
  owned_ = false;
  if (ended_) return;
  if (!leaving_now_) return end();
  self_ = shared_from_this();
  end_if_all_is_said();
}

/// After leaving, the driver ends when its last commands were answered, or can't be answered any more.
void store_driver::end_if_all_is_said() noexcept {
  if (leaving_now_ && out_ == 0 && governor_.wake_at() == core::never) end();
}

void store_driver::end() noexcept {
  if (std::exchange(ended_, true)) return;
  store_->close();
  timer_.cancel();
  again_.cancel();
  const auto last = std::move(self_);
}

/// No thread runs the context any more, so no thread is inside the gate or can enter it.
void store_driver::on_context_shutdown() noexcept {
  const auto self = shared_from_this();
  orphaned_ = true;
  ended_ = true;
  store_->drop();
  timer_.drop();
  again_.drop();
  gate_->drop_said();
  self_.reset();
}

void store_driver::on_fork() noexcept {
  const auto self = weak_from_this().lock();
  if (!self || gate_->occupied()) return;
  gate_->enter(forked_, self, net::completion::place::elsewhere);
}

/// The connection belongs to the parent: in this process the governor goes on with what it has, as if the
/// store were away.
void store_driver::end_after_fork() noexcept { pump(); }

// --- events ---

void store_driver::on_ready() noexcept {
  const auto now = clock::now();
  again_.cancel();
  note({});
  governor_.on_store_age(now, store_->older_than(window_));
  if (std::exchange(was_lost_, false)) governor_.on_store_back(now);
  pump();
}

void store_driver::on_value(std::uint64_t command, std::vector<store_value> values) noexcept {
  --out_;
  backoff_ = {};  // reset here, not on connecting: a server may accept us and throw us out again and again
  const auto now = clock::now();
  try {
    governor_.on_answer(now, command, answer_of(values));
  } catch (const std::exception& problem) {
    governor_.on_failure(now, command, problem.what());
  }
  pump();
}

void store_driver::on_failure(std::uint64_t command, const store_failure& why) noexcept {
  --out_;
  was_lost_ = true;
  governor_.on_failure(clock::now(), command, why.message);
  connect_later();
  pump();
}

void store_driver::on_lost(const store_failure& why) noexcept {
  was_lost_ = true;
  note(why.message.empty() ? std::string_view{"the connection broke"} : std::string_view{why.message});
  connect_later();
  pump();
}

void store_driver::connect_later() noexcept try {
  if (ended_ || leaving_now_) return;
  backoff_ = std::clamp(core::times(backoff_, 2), first_backoff, most_backoff);
  // Random, so that the clients that a store has lost at one moment don't all come back at one moment.
  again_.set(
      core::add(clock::now(), core::whole(std::chrono::duration<double>{backoff_} * (0.5 + random_.unit()))));
} catch (const std::bad_alloc&) {
  // The governor's next command connects.
}

void store_driver::on_time(net::gate_timer& which) noexcept {
  if (ended_ || orphaned_) return;
  if (&which == &again_) {
    if (leaving_now_) return end();
    if (!made_in_.elsewhere()) store_->connect();
  }
  pump();
}

// --- the governor's commands ---

/// Callbacks from inside may cause more work, which is done in this loop.
void store_driver::pump() noexcept {
  if (ended_ || std::exchange(pumping_, true)) return;
  try {
    send_all();
    pumping_ = false;
    wake_at(governor_.wake_at());
  } catch (const std::bad_alloc&) {
    pumping_ = false;
    wake_at(core::add(clock::now(), memory_pause));
  }
  tell_change();
  if (!ended_) end_if_all_is_said();
}

void store_driver::send_all() {
  // Limited, in case commands fail at once: by then each has a time for its next try.
  constexpr int most = 128;
  for (int sent = 0; sent < most; ++sent) {
    auto next = governor_.next_call(clock::now());
    if (!next) return;
    ++out_;
    const std::uint64_t number = next->number;
    if (made_in_.elsewhere()) {
      --out_;
      governor_.on_failure(clock::now(), number, net::made_before_fork);
    } else if (!store_->evaluate(number, std::move(next->key), std::move(next->call), next->patience)) {
      --out_;
      governor_.on_failure(clock::now(), number, "out of memory");
    }
  }
}

void store_driver::wake_at(core::time_point when) noexcept {
  if (ended_ || made_in_.elsewhere()) return;
  if (when == core::never) return timer_.cancel();
  for (int tries = 0; tries < 8; ++tries) try {
      return timer_.set(when);
    } catch (const std::bad_alloc&) {
    }
}

void store_driver::tell_change() noexcept try {
  const bool lost = governor_.lost();
  if (lost == told_lost_) return;
  auto told = std::make_unique<change_call>(shared_from_this(), stats());
  told_lost_ = lost;
  gate_->say(*told.release());
} catch (const std::bad_alloc&) {
  // Tried again with the next event.
}

void store_driver::note(std::string_view why) noexcept try {
  std::string text{why};
  const std::scoped_lock lock{mutex_};
  lost_because_.swap(text);
} catch (const std::bad_alloc&) {
}

}  // namespace ephemint::inline v0::redis
