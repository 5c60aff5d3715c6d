#include "shell/stream.hpp"

#include "shell/outcomes.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::detail {

/// Somebody waits for a stream's news or room.
class stream_wait final : public told<stream_wait, boost::system::error_code>, private cancellable {
 public:
  using place = stream_wait* stream_state::*;

  stream_wait(std::shared_ptr<const telling_place> at, handler_type& handler,
              std::shared_ptr<stream_state> stream, place who)
      : told{std::move(at), handler}, stream_{std::move(stream)}, who_{who} {}
  ~stream_wait() {
    if (link_) link_->end();
  }

  void connect(asio::cancellation_slot slot) {
    link_ = cancel_link::connect(slot, stream_->minter->gate(), *this);
    if (link_) static_cast<void>(link_->begin());
  }
  void end(boost::system::error_code why) noexcept { tell_elsewhere(why); }
  void end_inside_gate() noexcept { say({}); }

 private:
  void on_cancel() noexcept override {
    {
      const std::scoped_lock lock{stream_->mutex};
      if (stream_.get()->*who_ != this) return;
      stream_.get()->*who_ = nullptr;
    }
    say(asio::error::operation_aborted);
  }

  const std::shared_ptr<stream_state> stream_;
  const place who_;
  std::shared_ptr<cancel_link> link_;
};

namespace {

/// One account's mint, on behalf of a stream.
class stream_operation final : public operation {
 public:
  stream_operation(std::shared_ptr<stream_state> stream, const stream_state::account& of)
      : stream_{std::move(stream)}, read_at_{of.read_at} {
    account = of.id;
    urgency = stream_->options.urgency;
    deadline = stream_->minter->deadline_of({of.id, urgency, stream_->options.deadline}, read_at_);
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
    stream_wait* const told =
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

/// Room for one more, where each of those has one.
template <class Ring>
void make_room(Ring& ring, std::size_t places) {
  if (ring.capacity() < places) ring.set_capacity(std::max<std::size_t>(16, 2 * places));
}

/// Has it run on that executor, if there is memory at the second or third try at least.
template <class Function>
void post_if_possible(const asio::any_io_executor& executor, const Function& what) noexcept {
  for (int tries = 0; tries < 3; ++tries) {
    try {
      return asio::post(executor, what);
    } catch (const std::bad_alloc&) {
    }
  }
}

auto wait_for(std::shared_ptr<stream_state> s, stream_wait* stream_state::*who,
              bool (stream_state::*awaited)() const noexcept) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
      [who, awaited](auto handler, std::shared_ptr<stream_state> waiting) {
        waiting->wait(who, awaited, stream_state::wake_up{std::move(handler)});
      },
      asio::use_awaitable, std::move(s));
}

/// Calls a coroutine source as long as there is room for more.
asio::awaitable<void> feed(std::shared_ptr<stream_state> s) {
  std::exception_ptr error;
  try {
    for (;;) {
      co_await wait_for(s, &stream_state::feeder, &stream_state::room);
      if (s->abandoned) co_return;
      s->make_room();
      auto pending = s->next_account();
      const std::optional<account_id> next = co_await std::move(pending);
      if (!next) break;
      {
        const std::scoped_lock lock{s->mutex};
        s->waiting.push_back({*next, clock::now()});
        s->window.read();
      }
      s->wake(&stream_state::reader);
    }
  } catch (...) {
    error = std::current_exception();
  }
  s->end(error);
}

mint_error cancelled_wait() noexcept { return error_of(mint_errc::cancelled); }

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
  begin_waiting();
  if (coroutine_source()) return;
  while (read_one()) begin_waiting();
}

/// Before an account is read: its places.
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
    const mint_request request{next.id, options.urgency, options.deadline};
    auto wrong = check(request);
    auto op = wrong.empty() ? std::make_unique<stream_operation>(shared_from_this(), next) : nullptr;
    std::optional<mint_error> refusal;
    if (!op) refusal.emplace(mint_errc::invalid_request, mint_error::details{.message = std::move(wrong)});
    lock.lock();
    waiting.pop_front();
    window.begun();
    lock.unlock();
    if (op)
      op.release()->begin();
    else if (stream_wait* const told = put({next.id, *std::move(refusal), {}, 0}, next.read_at))
      told->end({});
  }
}

std::optional<account_result> stream_state::take() noexcept {
  std::unique_lock lock{mutex};
  while (!ready.empty()) {
    arrival next = std::move(ready.front());
    ready.pop_front();
    auto& result = next.what.result;
    const bool handed_over = result ? window.take_token(result->expires_at() - token_lifetime, clock::now())
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
  if (!window.over()) return false;
  if (source_error) std::rethrow_exception(std::exchange(source_error, nullptr));
  return true;
}

void stream_state::feed_on(const asio::any_io_executor& executor) {
  if (fed) return;
  auto feeding = feed(shared_from_this());
  feeder_executor = executor;
  asio::co_spawn(executor, std::move(feeding),
                 asio::bind_cancellation_slot(feeder_cancelled.slot(), asio::detached));
  fed = true;
}

/// Nobody will read any more: ends the mints under way and the source.
void stream_state::abandon() noexcept {
  {
    const std::scoped_lock lock{mutex};
    abandoned = true;
  }
  const auto self = shared_from_this();
  if (minter->orphaned()) return;
  if (fed) {
    wake(&stream_state::feeder);
    post_if_possible(feeder_executor,
                     [self] { self->feeder_cancelled.emit(asio::cancellation_type::terminal); });
  } else {
    // What the source holds goes here, with the reader, not wherever the last mint ends.
    const account_source dropped = std::move(source);
  }
  minter->gate()->enter(cancel_all_, self, net::completion::place::elsewhere);
}

void stream_state::cancel_all() noexcept {
  // Each that ends leaves the list, and nothing else does.
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

void stream_state::wait(stream_wait* stream_state::*who, bool (stream_state::*awaited)() const noexcept,
                        wake_up handler) {
  const auto slot = asio::get_associated_cancellation_slot(handler);
  stream_wait& wait = stream_wait::make(minter->place(), std::move(handler), shared_from_this(), who);
  try {
    wait.connect(slot);
  } catch (...) {
    wait.drop();
    throw;
  }
  {
    const std::scoped_lock lock{mutex};
    if (!(this->*awaited)()) {
      this->*who = &wait;
      return;
    }
  }
  wait.end({});
}

void stream_state::wake(stream_wait* stream_state::*who) noexcept {
  stream_wait* waiting_one = nullptr;
  {
    const std::scoped_lock lock{mutex};
    waiting_one = std::exchange(this->*who, nullptr);
  }
  if (waiting_one) waiting_one->end({});
}

/// The reader, if it waited: it is to be told.
stream_wait* stream_state::put(account_result&& what, clock::time_point read_at) noexcept {
  const std::scoped_lock lock{mutex};
  ready.push_back({std::move(what), read_at});
  return std::exchange(reader, nullptr);
}

void stream_state::on_context_shutdown() noexcept {
  const auto self = shared_from_this();  // the handlers may own the stream
  if (auto* const dropped = std::exchange(reader, nullptr)) dropped->drop();
  if (auto* const dropped = std::exchange(feeder, nullptr)) dropped->drop();
}

// --- the next result ---

asio::awaitable<std::optional<account_result>> next_of(std::shared_ptr<stream_state> s) {
  if (s->coroutine_source() && !s->fed) {
    const auto executor = co_await asio::this_coro::executor;
    s->feed_on(executor);
  }
  for (;;) {
    s->advance();
    if (auto result = s->take()) {
      s->advance();
      co_return result;
    }
    s->advance();
    if (s->over()) co_return std::nullopt;
    bool cancelled = false;
    try {
      co_await wait_for(s, &stream_state::reader, &stream_state::news);
    } catch (const boost::system::system_error& why) {
      if (why.code() != asio::error::operation_aborted) throw;
      cancelled = true;
    }
    if (cancelled) throw mint_exception{cancelled_wait()};
  }
}

namespace {

using next_handler = asio::any_completion_handler<void(std::exception_ptr, std::optional<account_result>)>;

/// `next_of`, step by step, for a handler of any kind.
class next_steps final : public std::enable_shared_from_this<next_steps> {
 public:
  next_steps(std::shared_ptr<stream_state> stream, next_handler handler,
             const asio::any_io_executor& otherwise)
      : stream_{std::move(stream)},
        executor_{asio::get_associated_executor(handler, asio::any_completion_executor{otherwise})},
        slot_{asio::get_associated_cancellation_slot(handler)},
        handler_{std::move(handler)} {}

  /// `inside_initiation`: nothing may be called from here.
  void go(bool inside_initiation) {
    std::exception_ptr error;
    try {
      stream_->advance();
      auto result = stream_->take();
      stream_->advance();
      if (result || stream_->over()) return end(inside_initiation, nullptr, std::move(result));
      auto step = asio::bind_executor(
          executor_,
          asio::bind_cancellation_slot(slot_, [self = shared_from_this()](boost::system::error_code why) {
            if (why) return self->end(false, std::make_exception_ptr(mint_exception{cancelled_wait()}), {});
            self->go(false);
          }));
      return stream_->wait(&stream_state::reader, &stream_state::news, std::move(step));
    } catch (...) {
      error = std::current_exception();
    }
    end(inside_initiation, error, {});
  }

 private:
  void end(bool inside_initiation, std::exception_ptr error, std::optional<account_result> result) {
    if (!inside_initiation) return std::move(handler_)(error, std::move(result));
    asio::post(stream_->minter->outer(),
               [self = shared_from_this(), error, result = std::move(result)]() mutable {
                 asio::dispatch(self->executor_, [self, error, result = std::move(result)]() mutable {
                   std::move(self->handler_)(error, std::move(result));
                 });
               });
  }

  const std::shared_ptr<stream_state> stream_;
  const asio::any_completion_executor executor_;
  const asio::cancellation_slot slot_;
  next_handler handler_;
};

}  // namespace

void next_for(std::shared_ptr<stream_state> s, next_handler handler) {
  const auto outer = s->minter->outer();
  if (s->coroutine_source()) s->feed_on(outer);
  std::make_shared<next_steps>(std::move(s), std::move(handler), outer)->go(true);
}

}  // namespace ephemint::inline v0::detail
