#include "shell/stream.hpp"

#include "codec/account_check.hpp"
#include "shell/awaited.hpp"
#include "shell/outcomes.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::detail {

/// Cancels a wait of a stream on a caller's signal. The signal may come when that wait is long over and
/// another has begun.
class wait_cancel final {
 public:
  wait_cancel(const std::shared_ptr<stream_state>& stream, stream_state::place who,
              std::uint64_t number) noexcept
      : stream_{stream}, who_{who}, number_{number} {}

  void operator()(asio::cancellation_type) noexcept {
    if (const auto stream = stream_.lock()) stream->cancel(who_, number_);
  }

 private:
  std::weak_ptr<stream_state> stream_;
  stream_state::place who_;
  std::uint64_t number_;
};

/// A wait until a stream has news or room.
class stream_wait final : public told<stream_wait, bool>, public stream_waiter {
 public:
  stream_wait(std::shared_ptr<const telling_place> at, handler_type& handler)
      : told{std::move(at), handler} {}

  using told::take_back;
  void end(bool cancelled) noexcept override { tell_elsewhere(cancelled); }
  void end_inside_gate() noexcept override { say(false); }
  void leave() noexcept override { drop(); }
};

/// Ends the feeder, on the feeder's executor. It is made together with the feeder, so that ending needs no
/// memory.
class stop_feeding final : public told<stop_feeding> {
 public:
  stop_feeding(std::shared_ptr<const telling_place> at, handler_type& handler)
      : told{std::move(at), handler} {}
  void go() noexcept { tell_elsewhere(); }
};

namespace {

/// One account's mint, on behalf of a stream.
class stream_operation final : public operation {
 public:
  stream_operation(std::shared_ptr<stream_state> stream, const stream_state::account& of)
      : stream_{std::move(stream)}, read_at_{of.read_at} {
    account = of.id;
    urgency = stream_->options.urgency;
    token_only = stream_->options.token_only;
    // A token that became too old for the reader is minted again, with the full deadline.
    deadline = stream_->minter->deadline_of({of.id, urgency, stream_->options.deadline}, clock::now());
    outage_patience = stream_->options.outage_patience;
  }

  void begin() noexcept {
    const auto client = stream_->minter;
    client->gate()->enter(arrival_, client, net::completion::place::elsewhere);
  }

 private:
  void arrive() noexcept {
    stream_->under_way.push_back(*this);
    stream_->minter->submit(*this);
  }
  void finished(mint_result&& result) noexcept override {
    leave();
    stream_waiter* const told =
        stream_->put({account, std::move(result), clock::now() - read_at_, end.attempts}, read_at_);
    if (told) told->end_inside_gate();
    delete this;
  }
  void abandoned() noexcept override {
    leave();
    delete this;
  }
  void leave() noexcept {
    if (among_siblings.is_linked()) stream_->under_way.erase(stream_->under_way.iterator_to(*this));
  }

  const std::shared_ptr<stream_state> stream_;
  const clock::time_point read_at_;
  net::member_task<stream_operation, &stream_operation::arrive> arrival_{*this};
};

/// Makes room for that many entries.
template <class Ring>
void make_room(Ring& ring, std::size_t places) {
  if (ring.capacity() < places) ring.set_capacity(std::max<std::size_t>(16, 2 * places));
}

/// Calls a coroutine source as long as there is room for more accounts. An exception from the source ends the
/// source. Any other exception, from want of memory, ends only this feeder: the next feeder goes on with the
/// source.
asio::awaitable<void> feed(std::shared_ptr<stream_state> s) {
  std::exception_ptr source_error;
  for (;;) {
    auto room = s->wait_for(&stream_state::feeder, &stream_state::room);
    const bool stopped = co_await std::move(room);
    if (stopped || s->abandoned || s->minter->came_through_fork()) co_return;
    s->make_room();
    auto pending = s->next_account();
    std::optional<account_id> next;
    try {
      next = co_await std::move(pending);
    } catch (...) {
      source_error = std::current_exception();
    }
    if (!next) break;
    {
      const std::scoped_lock lock{s->mutex};
      s->waiting.push_back({*next, clock::now()});
      s->window.read();
    }
    s->wake(&stream_state::reader);
  }
  s->end(source_error);
}

std::exception_ptr cancelled_wait() noexcept try {
  return std::make_exception_ptr(mint_exception{error_of(mint_errc::cancelled)});
} catch (...) {
  return std::current_exception();
}

}  // namespace

stream_state::stream_state(std::shared_ptr<client_impl> c, account_source s, const many_options& o)
    : minter{std::move(c)},
      context{minter->context()},
      source{std::move(s)},
      options{o},
      window{o.in_flight == 0 ? 2 * minter->options().max_connections : o.in_flight,
             minter->options().min_remaining},
      waiting{16},
      ready{16} {}

stream_state::~stream_state() { context->remove(*this); }

// --- the reader ---

void stream_state::advance() {
  if (minter->came_through_fork()) throw mint_exception{error_of_fork()};
  begin_waiting();
  if (coroutine_source()) return;
  while (read_one()) begin_waiting();
}

/// Reserves the places of the next account, before it is read.
void stream_state::make_room() {
  const std::scoped_lock lock{mutex};
  detail::make_room(waiting, window.outstanding() + 1);
  detail::make_room(ready, window.outstanding() + 1);
}

bool stream_state::read_one() {
  {
    const std::scoped_lock lock{mutex};
    if (!window.may_read()) return false;
  }
  make_room();
  std::optional<account_id> next;
  try {
    next = source.plain_();
  } catch (...) {
    end(std::current_exception());
    return false;
  }
  if (!next) return end(nullptr), false;
  const std::scoped_lock lock{mutex};
  waiting.push_back({*next, clock::now()});
  window.read();
  return true;
}

void stream_state::begin_waiting() {
  for (;;) {
    std::unique_lock lock{mutex};
    if (abandoned || !window.may_begin()) return;
    const account next = waiting.front();
    lock.unlock();
    auto wrong = check(next.id);  // the options were checked with the stream
    auto op = wrong.empty() ? std::make_unique<stream_operation>(shared_from_this(), next) : nullptr;
    std::optional<mint_error> refusal;
    if (!op) refusal.emplace(mint_errc::invalid_request, mint_error::details{.message = std::move(wrong)});
    if (!op) minter->invalid(0, next.id, options.urgency);
    lock.lock();
    waiting.pop_front();
    window.begun();
    lock.unlock();
    if (op)
      op.release()->begin();
    else if (stream_waiter* const told = put({next.id, *std::move(refusal), {}, 0}, next.read_at))
      told->end(false);
  }
}

std::optional<account_result> stream_state::take() noexcept {
  std::unique_lock lock{mutex};
  while (!ready.empty()) {
    arrival next = std::move(ready.front());
    ready.pop_front();
    auto& result = next.what.result;
    const bool handed_over = result ? window.take_token(result->expires_at() - token_lifetime,
                                                        next.read_at + next.what.latency, clock::now())
                                    : window.take_failure();
    if (handed_over) {
      lock.unlock();
      wake(&stream_state::feeder);
      return std::move(next.what);
    }
    waiting.push_back({next.what.account, next.read_at});
  }
  return std::nullopt;
}

bool stream_state::over() {
  const std::scoped_lock lock{mutex};
  if (feeder_error) std::rethrow_exception(std::exchange(feeder_error, nullptr));
  if (!window.over()) return false;
  if (source_error) std::rethrow_exception(std::exchange(source_error, nullptr));
  return true;
}

/// The end of the feeder is handled at once, on whichever thread it happens: to hand it to another, Asio
/// would allocate.
void stream_state::feed_on(const asio::any_io_executor& executor) {
  if (begin_feeding()) return;
  const auto self = shared_from_this();
  try {
    if (!stop) {
      stop_feeding::handler_type emit{asio::bind_executor(executor, [self] { self->cancel_feeder(); })};
      stop = &stop_feeding::make(minter->place(), emit);
    }
    auto ended = [self](std::exception_ptr why) {
      if (why) self->feeding_failed(std::move(why));
    };
    auto on_the_spot = asio::bind_executor(asio::system_executor{}, std::move(ended));
    asio::co_spawn(executor, feed(self),
                   asio::bind_cancellation_slot(feeder_cancelled.slot(), std::move(on_the_spot)));
  } catch (...) {
    const std::scoped_lock lock{mutex};
    fed = false;
    throw;
  }
}

/// Whether the feeder was begun already, or isn't needed.
bool stream_state::begin_feeding() noexcept {
  const std::scoped_lock lock{mutex};
  return minter->came_through_fork() || window.ended() || std::exchange(fed, true);
}

void stream_state::feeding_failed(std::exception_ptr why) noexcept {
  {
    const std::scoped_lock lock{mutex};
    fed = false;
    feeder_error = std::move(why);
  }
  wake(&stream_state::reader);
}

void stream_state::cancel_feeder() noexcept {
  for (int tries = 0; tries < 8; ++tries) try {
      return feeder_cancelled.emit(asio::cancellation_type::terminal);
    } catch (const std::bad_alloc&) {
    }
}

/// Nobody will read any more: ends the mints under way and the source.
void stream_state::abandon() noexcept {
  {
    const std::scoped_lock lock{mutex};
    abandoned = true;
  }
  const auto self = shared_from_this();
  if (minter->orphaned()) return;
  if (stop) {
    wake(&stream_state::feeder);
    std::exchange(stop, nullptr)->go();
  } else {
    // The source is destroyed here, with the reader, and not wherever the last mint ends.
    const account_source dropped = std::move(source);
  }
  if (minter->came_through_fork() && minter->gate()->occupied()) return;
  minter->gate()->enter(cancel_all_, self, net::completion::place::elsewhere);
}

void stream_state::cancel_all() noexcept {
  // Each mint that ends leaves the list; nothing else changes it.
  while (!under_way.empty()) minter->cancel(under_way.front());
}

void stream_state::end(std::exception_ptr error) noexcept {
  {
    const std::scoped_lock lock{mutex};
    window.end();
    source_error = std::move(error);
  }
  wake(&stream_state::reader);
}

// --- waiting ---

void stream_state::wait(place who, bool (stream_state::*awaited_for)() const noexcept, wake_up& handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  stream_wait& wait = stream_wait::make(minter->place(), handler);
  std::unique_lock lock{mutex};
  wait.number = ++waits;
  lock.unlock();
  try {
    if (slot.is_connected()) slot.emplace<wait_cancel>(shared_from_this(), who, wait.number);
  } catch (...) {
    wait.take_back().swap(handler);
    throw;
  }
  lock.lock();
  if (!(this->*awaited_for)()) {
    this->*who = &wait;
    return;
  }
  lock.unlock();
  wait.end(false);
}

/// Not a lambda: a lambda's type has no linkage, but this type becomes part of a coroutine from a header.
struct begin_wait {
  std::shared_ptr<stream_state> stream;
  stream_state::place who;
  bool (stream_state::*awaited_for)() const noexcept;

  void operator()(stream_state::wake_up& handler) const { stream->wait(who, awaited_for, handler); }
};

asio::awaitable<bool> stream_state::wait_for(place who, bool (stream_state::*awaited_for)() const noexcept) {
  return awaited(begin_wait{shared_from_this(), who, awaited_for}, false);
}

stream_state::waiting_for stream_state::read_later(stream_waiter& who) noexcept {
  const std::scoped_lock lock{mutex};
  if (news()) return waiting_for::nothing;
  if (last_cancelled == who.number) return waiting_for::nobody;
  reader = &who;
  return waiting_for::news;
}

void stream_state::wake(place who) noexcept {
  stream_waiter* waiting_one = nullptr;
  {
    const std::scoped_lock lock{mutex};
    waiting_one = std::exchange(this->*who, nullptr);
  }
  if (waiting_one) waiting_one->end(false);
}

void stream_state::cancel(place who, std::uint64_t number) noexcept {
  stream_waiter* waiting_one = nullptr;
  {
    const std::scoped_lock lock{mutex};
    last_cancelled = number;
    if (this->*who && (this->*who)->number == number) waiting_one = std::exchange(this->*who, nullptr);
  }
  if (waiting_one) waiting_one->end(true);
}

/// Returns the reader if it waits; the caller must tell it.
stream_waiter* stream_state::put(account_result&& what, clock::time_point read_at) noexcept {
  const std::scoped_lock lock{mutex};
  ready.push_back({std::move(what), read_at});
  return std::exchange(reader, nullptr);
}

void stream_state::on_context_shutdown() noexcept {
  const auto self = shared_from_this();  // a handler may own the stream
  if (auto* const dropped = std::exchange(reader, nullptr)) dropped->leave();
  if (auto* const dropped = std::exchange(feeder, nullptr)) dropped->leave();
  if (auto* const dropped = std::exchange(stop, nullptr)) dropped->drop();
  feeder_cancelled.slot().clear();  // it holds the feeder's executor
}

void stream_state::on_fork() noexcept {
  const auto self = weak_from_this().lock();
  if (!self) return;
  wake(&stream_state::reader);
  wake(&stream_state::feeder);
}

// --- the next result ---

/// After a result was taken. If memory is short now, the next call tries again.
void stream_state::advance_if_possible() noexcept try {
  if (!minter->came_through_fork()) advance();
} catch (const std::bad_alloc&) {
}

asio::awaitable<std::optional<account_result>> next_of(std::shared_ptr<stream_state> s) {
  if (s->coroutine_source()) {
    const auto executor = co_await asio::this_coro::executor;
    s->feed_on(executor);
  }
  for (;;) {
    s->advance();
    if (auto result = s->take()) {
      s->advance_if_possible();
      co_return result;
    }
    s->advance();
    if (s->over()) co_return std::nullopt;
    auto news = s->wait_for(&stream_state::reader, &stream_state::news);
    const bool cancelled = co_await std::move(news);
    if (cancelled) std::rethrow_exception(cancelled_wait());
  }
}

namespace {

using next_handler = asio::any_completion_handler<void(std::exception_ptr, std::optional<account_result>)>;

/// `next_of` for any handler. It looks for a result just before it would call the handler, and waits if there
/// is none.
class next_operation final : public told<next_operation, std::exception_ptr, std::optional<account_result>>,
                             public stream_waiter {
 public:
  next_operation(std::shared_ptr<const telling_place> at, handler_type& handler,
                 std::shared_ptr<stream_state> stream)
      : told{std::move(at), handler}, stream_{std::move(stream)} {}

  /// Takes ownership unless it throws; then the handler is destroyed.
  static void begin(next_operation& op, asio::cancellation_slot slot) {
    const auto stream = op.stream_;
    {
      const std::scoped_lock lock{stream->mutex};
      op.number = ++stream->waits;
    }
    try {
      if (slot.is_connected()) slot.emplace<wait_cancel>(stream, &stream_state::reader, op.number);
    } catch (...) {
      op.drop();
      throw;
    }
    op.end(false);
  }

  void end(bool cancelled) noexcept override {
    tell_elsewhere(cancelled ? cancelled_wait() : nullptr, std::nullopt);
  }
  void end_inside_gate() noexcept override { say(nullptr, std::nullopt); }
  void leave() noexcept override { drop(); }

 private:
  friend class told<next_operation, std::exception_ptr, std::optional<account_result>>;

  bool look_once_more(std::exception_ptr& error, std::optional<account_result>& result) noexcept {
    if (error) return true;
    const auto stream = stream_;  // `this` may be gone as soon as it waits
    try {
      for (;;) {
        stream->advance();
        result = stream->take();
        if (!result) stream->advance();
        if (result || stream->over()) break;
        const auto what = stream->read_later(*this);
        if (what == stream_state::waiting_for::news) return false;
        if (what == stream_state::waiting_for::nothing) continue;
        error = cancelled_wait();
        break;
      }
    } catch (...) {
      error = std::current_exception();
    }
    if (result) stream->advance_if_possible();
    return true;
  }

  const std::shared_ptr<stream_state> stream_;
};

}  // namespace

void next_for(std::shared_ptr<stream_state> s, next_handler handler) {
  if (s->coroutine_source()) s->feed_on(s->minter->outer());
  const auto slot = asio::get_associated_cancellation_slot(handler);
  const auto place = s->minter->place();
  next_operation::begin(next_operation::make(place, handler, std::move(s)), slot);
}

}  // namespace ephemint::inline v0::detail
