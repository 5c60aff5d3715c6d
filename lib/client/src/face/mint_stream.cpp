#include "core/mints/token_window.hpp"
#include "shell/client_impl.hpp"

#include <ephemint/mint_stream.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/circular_buffer.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ephemint::inline v0::detail {

namespace {

using wake_up = asio::any_completion_handler<void(boost::system::error_code)>;

/// Takes the handler out of its place. (Assigning to an `any_completion_handler` wraps it in itself for ever
/// in Boost 1.81, and `std::exchange` assigns; swapping is sound.)
wake_up taken(wake_up& place) noexcept {
  wake_up out;
  out.swap(place);
  return out;
}

}  // namespace

/// What a stream, its mints and its feeder share. The mints live inside the client's gate, the reader on
/// its own: so this, unlike the client, has a mutex. It is held for a few instructions, never while foreign
/// code runs.
struct stream_state final : std::enable_shared_from_this<stream_state>, private context_bound {
  struct arrival {
    account_result what;
    clock::time_point read_at;
  };

  stream_state(std::shared_ptr<client_impl> c, account_source s, const many_options& o);
  ~stream_state() { registry.remove(*this); }

  bool begin(const account_id&);
  void restart();
  void start(const account_id&, clock::time_point read_at);
  void put(account_result&&, clock::time_point read_at);
  std::optional<account_result> take();
  void top_up();
  void end(std::exception_ptr error);
  void abandon();

  bool coroutine_source() const noexcept { return static_cast<bool>(source.coroutine_); }
  bool room() const noexcept { return (outstanding < limit && begun < pace) || abandoned; }
  bool news() const noexcept { return !ready.empty() || (ended && outstanding == 0); }
  /// Has `handler` called when `awaited` holds; at once, but not from here, if it does.
  void wait(wake_up stream_state::*who, bool (stream_state::*awaited)() const noexcept, wake_up handler);
  void wake(wake_up&& handler, boost::system::error_code = {}) const;
  void wake(wake_up stream_state::*who, boost::system::error_code = {});

  const std::shared_ptr<client_impl> minter;
  client_registry& registry;
  account_source source;
  const std::size_t limit;
  const many_options options;
  bool feeder_runs = false;

  std::mutex mutex;
  // under the mutex
  std::size_t outstanding = 0;  ///< accounts that were read and whose results weren't taken
  std::size_t begun = 0;        ///< of these, mints under way and results that are ready
  std::size_t pace = 1;         ///< how many of those the reader takes in time: the window follows it
  boost::circular_buffer<arrival> ready{16};  ///< grows; a deque would take a block for each result
  std::deque<std::pair<account_id, clock::time_point>> again;  ///< their tokens waited too long; the rest
  bool ended = false;
  bool abandoned = false;
  std::exception_ptr source_error;
  wake_up reader;
  wake_up feeder;

  // inside the gate
  boost::intrusive::list<operation,
                         boost::intrusive::member_hook<operation, boost::intrusive::list_member_hook<>,
                                                       &operation::among_siblings>>
      under_way;

 private:
  void on_context_shutdown() noexcept override;
};

namespace {

/// One account's mint, on behalf of a stream.
class stream_operation final : public operation {
 public:
  stream_operation(std::shared_ptr<stream_state> stream, const account_id& whose, clock::time_point read_at)
      : stream_{std::move(stream)}, read_at_{read_at} {
    account = whose;
  }
  ~stream_operation() override { leave(); }

  void complete(mint_result&& outcome) override {
    leave();
    stream_->put({account, std::move(outcome), clock::now() - read_at_, attempts}, read_at_);
  }

 private:
  void leave() noexcept {
    if (among_siblings.is_linked()) stream_->under_way.erase(stream_->under_way.iterator_to(*this));
  }

  std::shared_ptr<stream_state> stream_;
  clock::time_point read_at_;
};

/// Calls a coroutine source as long as there is room for more.
asio::awaitable<void> feed(std::shared_ptr<stream_state> s, account_source::coroutine next_account);

auto wait_for(std::shared_ptr<stream_state> s, wake_up stream_state::*who,
              bool (stream_state::*awaited)() const noexcept) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
      [who, awaited](auto handler, std::shared_ptr<stream_state> waiting) {
        waiting->wait(who, awaited, wake_up{std::move(handler)});
      },
      asio::use_awaitable, std::move(s));
}

}  // namespace

stream_state::stream_state(std::shared_ptr<client_impl> c, account_source s, const many_options& o)
    : minter{std::move(c)},
      registry{asio::use_service<client_registry>(asio::query(minter->outer(), asio::execution::context))},
      source{std::move(s)},
      limit{o.in_flight == 0 ? 2 * minter->options().max_connections : o.in_flight},
      options{o},
      pace{limit} {
  registry.add(*this);
}

/// False: nobody reads any more.
bool stream_state::begin(const account_id& account) {
  {
    const std::scoped_lock lock{mutex};
    if (abandoned) return false;
    ++outstanding;
    ++begun;
  }
  start(account, clock::now());
  return true;
}

/// Mints again for those whose tokens waited too long, as far as the reader's pace allows.
void stream_state::restart() {
  for (;;) {
    std::unique_lock lock{mutex};
    if (again.empty() || begun >= pace) return;
    const auto [account, read_at] = again.front();
    again.pop_front();
    ++begun;
    lock.unlock();
    start(account, read_at);
  }
}

void stream_state::start(const account_id& account, clock::time_point read_at) {
  const mint_request request{account, options.urgency, options.deadline};
  if (auto wrong = check(request); !wrong.empty())
    return put({account, mint_error{mint_errc::invalid_request, {.message = std::move(wrong)}}, {}, 0},
               read_at);
  const auto deadline = minter->deadline_of(request, read_at);
  auto op = std::make_unique<stream_operation>(shared_from_this(), account, read_at);
  minter->enter([op = std::move(op), deadline, self = shared_from_this()]() mutable {
    self->under_way.push_back(*op);
    self->minter->submit(std::move(op), self->options.urgency, deadline);
  });
}

void stream_state::put(account_result&& what, clock::time_point read_at) {
  wake_up waiting;
  {
    const std::scoped_lock lock{mutex};
    if (ready.full()) ready.set_capacity(2 * ready.capacity());
    ready.push_back({std::move(what), read_at});
    waiting.swap(reader);
  }
  wake(std::move(waiting));
}

/// The next result that is still good. For a token that waited too long there is another try, and fewer at
/// once from now on: a reader who takes one in six seconds must not cost a window of permits each time.
std::optional<account_result> stream_state::take() {
  const core::token_window window{minter->options().min_remaining};
  std::unique_lock lock{mutex};
  while (!ready.empty()) {
    arrival next = std::move(ready.front());
    ready.pop_front();
    --begun;
    auto& result = next.what.result;
    if (!result || window.good(result->expires_at() - token_lifetime, clock::now())) {
      --outstanding;
      pace = std::min(pace + 1, limit);
      lock.unlock();
      wake(&stream_state::feeder);
      return std::move(next.what);
    }
    pace = std::max<std::size_t>(1, pace / 2);
    again.emplace_back(next.what.account, next.read_at);
  }
  return std::nullopt;
}

void stream_state::top_up() {
  for (;;) {
    {
      const std::scoped_lock lock{mutex};
      if (ended || !room()) return;
    }
    std::optional<account_id> next;
    try {
      next = source.plain_();
    } catch (...) {
      return end(std::current_exception());
    }
    if (!next) return end(nullptr);
    if (!begin(*next)) return;
  }
}

void stream_state::end(std::exception_ptr error) {
  {
    const std::scoped_lock lock{mutex};
    ended = true;
    source_error = error;
  }
  wake(&stream_state::reader);
}

void stream_state::wait(wake_up stream_state::*who, bool (stream_state::*awaited)() const noexcept,
                        wake_up handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), who](asio::cancellation_type) {
      if (const auto self = weak.lock()) self->wake(who, asio::error::operation_aborted);
    });
  std::unique_lock lock{mutex};
  if (!(this->*awaited)()) {
    handler.swap(this->*who);
    return;
  }
  lock.unlock();
  wake(std::move(handler));
}

void stream_state::wake(wake_up&& handler, boost::system::error_code why) const {
  if (!handler) return;
  minter->handlers().call(std::move(handler), [why](wake_up&& h) { std::move(h)(why); });
}

void stream_state::wake(wake_up stream_state::*who, boost::system::error_code why) {
  wake_up waiting;
  {
    const std::scoped_lock lock{mutex};
    waiting.swap(this->*who);
  }
  wake(std::move(waiting), why);
}

/// Nobody will read any more: ends the mints under way, and the feeder at its next step.
void stream_state::abandon() {
  {
    const std::scoped_lock lock{mutex};
    abandoned = true;
  }
  // What the source holds goes here, with the reader, not wherever the last mint ends.
  const account_source dropped = std::exchange(source, account_source{account_source::plain{}});
  if (minter->orphaned()) return;
  wake(&stream_state::feeder);
  minter->enter([self = shared_from_this()] {
    std::vector<core::job_id> jobs;
    for (const operation& op : self->under_way) jobs.push_back(op.job);
    for (const core::job_id job : jobs) self->minter->cancel(job);
  });
}

void stream_state::on_context_shutdown() noexcept {
  const auto self = shared_from_this();  // the handlers may own the stream
  const wake_up dropped_reader = taken(reader);
  const wake_up dropped_feeder = taken(feeder);
}

namespace {

asio::awaitable<void> feed(std::shared_ptr<stream_state> s, account_source::coroutine next_account) {
  std::exception_ptr error;
  for (;;) {
    co_await wait_for(s, &stream_state::feeder, &stream_state::room);
    std::optional<account_id> next;
    try {
      auto pending = next_account();
      next = co_await std::move(pending);
    } catch (...) {
      error = std::current_exception();
    }
    if (!next) break;
    if (!s->begin(*next)) co_return;
  }
  s->end(error);
}

/// The next result, or null when there will be none. The coroutine of `mint_stream::next`.
asio::awaitable<std::optional<account_result>> next_of(std::shared_ptr<stream_state> s,
                                                       account_source::coroutine feeder) {
  if (feeder && !std::exchange(s->feeder_runs, true)) {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, feed(s, std::move(feeder)), asio::detached);
  }
  for (;;) {
    s->restart();
    if (!s->coroutine_source()) s->top_up();
    if (auto result = s->take()) co_return result;
    s->restart();
    {
      const std::scoped_lock lock{s->mutex};
      if (s->ended && s->outstanding == 0) {
        if (s->source_error) std::rethrow_exception(std::exchange(s->source_error, nullptr));
        co_return std::nullopt;
      }
    }
    co_await wait_for(s, &stream_state::reader, &stream_state::news);
  }
}

}  // namespace

}  // namespace ephemint::inline v0::detail

namespace ephemint::inline v0 {

using namespace detail;

mint_stream::mint_stream(std::shared_ptr<stream_state> s) : state_{std::move(s)} {}
mint_stream::mint_stream(mint_stream&&) noexcept = default;

mint_stream& mint_stream::operator=(mint_stream&& other) noexcept {
  const mint_stream leaving{std::move(*this)};
  state_ = std::move(other.state_);
  return *this;
}

mint_stream::~mint_stream() {
  if (state_) state_->abandon();
}

asio::awaitable<std::optional<account_result>> mint_stream::next() {
  return next_of(state_, state_->feeder_runs ? account_source::coroutine{} : state_->source.coroutine_);
}

mint_stream client::mint_many(account_source accounts, many_options options) {
  if (options.in_flight > 100'000)
    throw std::invalid_argument{"many_options.in_flight: 1 to 100000, or 0 for twice max_connections"};
  if (auto wrong = check(mint_request{"se-1", options.urgency, options.deadline}); !wrong.empty())
    throw std::invalid_argument{"many_options." + wrong};
  return mint_stream{std::make_shared<stream_state>(impl_, std::move(accounts), options)};
}

}  // namespace ephemint::inline v0
