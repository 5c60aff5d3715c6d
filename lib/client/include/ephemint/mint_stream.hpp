#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace ephemint::inline v0 {

namespace asio = boost::asio;

namespace detail {

struct client_impl;
struct stream_state;

/// A function without parameters. It need not be copyable.
template <class Result>
class source_function {
 public:
  source_function() noexcept = default;
  template <class F>
  explicit source_function(F function) : held_{std::make_unique<holder<F>>(std::move(function))} {}

  explicit operator bool() const noexcept { return held_ != nullptr; }
  Result operator()() { return held_->call(); }

 private:
  struct base {
    virtual ~base() = default;
    virtual Result call() = 0;
  };
  template <class F>
  struct holder final : base {
    explicit holder(F f) : function{std::move(f)} {}
    Result call() override { return function(); }
    F function;
  };

  std::unique_ptr<base> held_;
};

}  // namespace detail

/// Where `client::mint_many` gets its accounts: a function that gives the next one, or nothing at the end.
///
/// It is called from `mint_stream::next` (from `async_next`, or on its handler's executor), one call at a
/// time, and only when one more mint can be started. It is a plain function (`std::optional<account_id>()`),
/// or a coroutine (`asio::awaitable<std::optional<account_id>>()`) for accounts that come from a socket or a
/// database; the coroutine is cancelled when the stream is destroyed. A range of accounts converts too, and
/// is moved in. None of them need be copyable.
///
/// If it throws, the source ends, and `next` throws that exception. Move-only. Its constructors throw
/// `std::bad_alloc`, and whatever moving the function or the range throws.
///
///     auto accounts = [file = std::ifstream{"accounts"}]() mutable -> std::optional<ephemint::account_id> {
///       std::string line;
///       if (!std::getline(file, line)) return std::nullopt;
///       return ephemint::account_id{line};
///     };
class account_source {
 public:
  /// A plain function.
  template <std::invocable F>
  requires std::convertible_to<std::invoke_result_t<F&>, std::optional<account_id>> account_source(F next)
      : plain_{std::move(next)} {}
  /// A coroutine.
  template <std::invocable F>
  requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<std::optional<account_id>>> account_source(
      F next)
      : coroutine_{std::move(next)} {}
  /// A range whose elements make an `account_id`.
  template <class R>
  requires(!std::invocable<R&> &&
           requires(R & range) {
             std::end(range);
             account_id{*std::begin(range)};
           }) account_source(R range)
      : plain_{[all = std::make_unique<walk<R>>(std::move(range))] { return all->next(); }} {}

 private:
  /// Reads the range once, so that single-pass ranges work.
  template <class R>
  struct walk {
    explicit walk(R r) : range{std::move(r)} {}

    std::optional<account_id> next() {
      if (ended) return std::nullopt;
      if (at)
        ++*at;
      else
        at.emplace(std::begin(range));
      ended = *at == std::end(range);
      return ended ? std::nullopt : std::optional<account_id>{account_id{**at}};
    }

    R range;
    std::optional<decltype(std::begin(std::declval<R&>()))> at = {};
    bool ended = false;
  };

  friend struct detail::stream_state;
  detail::source_function<std::optional<account_id>> plain_;
  detail::source_function<asio::awaitable<std::optional<account_id>>> coroutine_;
};

/// The options of `client::mint_many`, which throws `std::invalid_argument` if a member is out of range.
struct many_options {
  /// Mints under way at once, including results that wait to be taken, 1 to 100,000. 0: twice
  /// `max_connections`.
  std::size_t in_flight = 0;
  /// As in `mint_request`.
  priority urgency = priority::background;
  /// As in `mint_request`; by default none: a batch waits for the quota.
  std::chrono::milliseconds deadline = no_deadline;
  /// As in `mint_request`.
  bool token_only = false;
  /// As in `mint_request`: how long the batch waits through an outage of the API.
  std::chrono::milliseconds outage_patience = std::chrono::minutes{5};
};

/// One account's outcome.
struct account_result {
  account_id account;  ///< as the source gave it
  mint_result result;  ///< its token, or why there is none, as `client::async_mint` gives it
  /// From reading the account to its result.
  clock::duration latency{};
  /// Requests that were made for it; if a failed connection attempt ended it, that counts too.
  int attempts = 0;
};

/// The results of many mints: one for each account of the source, in order of completion.
///
/// At most `in_flight` mints are ahead of the reader, and fewer if the reader is slow: a token that waits for
/// `next()` until it has less than `min_remaining` left is minted again, and the window shrinks until that no
/// longer happens.
///
///     auto results = logins.mint_many(accounts);
///     while (auto each = co_await results.next())
///       if (each->result) use(each->account, *each->result);
///
/// \par Threads
/// Not thread-safe: one `next` at a time, and no other member may be called while one is being started. The
/// client that it came from may be used meanwhile.
///
/// \par Completion
/// As the client's: a handler is called once, on its associated executor (the client's, if it has none),
/// never from inside the initiating function. A coroutine source runs on the executor of the coroutine
/// that first awaits `next`; with `async_next` on the client's.
///
/// \par Cancellation
/// Every cancellation type ends the wait at once, with a `mint_exception` of `mint_errc::cancelled`. No
/// result is lost: call `next` again.
///
/// \par Exceptions
/// An initiating function throws `std::bad_alloc` if there is no memory to start the operation; then nothing
/// has started, and no account is lost. The destructor, moving and `get_executor` throw nothing.
///
/// \par Lifetime
/// Destroying the stream cancels its mints under way, and its source. The stream may outlive the client; its
/// mints then end with `closed`. It may also outlive the context, and may then only be destroyed; as its
/// source is destroyed with it, the source must not hold anything that belongs to the context. A moved-from
/// stream may be destroyed, assigned to, and asked `valid()`; nothing else.
///
/// \par Fork
/// As the client's. In the child `next` throws a `mint_exception` of `mint_errc::closed`, and asks the source
/// for nothing more.
class EPHEMINT_EXPORT mint_stream {
 public:
  /// The type of `get_executor()`.
  using executor_type = asio::any_io_executor;

  /// Afterwards `other` isn't valid.
  mint_stream(mint_stream&& other) noexcept;
  /// The stream that this object held ends as in its destructor.
  mint_stream& operator=(mint_stream&& other) noexcept;
  ~mint_stream();

  /// False if it was moved from.
  bool valid() const noexcept { return state_ != nullptr; }

  /// The next result, or nothing when the source has ended and every result was taken. Throws what the source
  /// threw, once the results of the mints under way were taken; `mint_exception` if it was cancelled, or in
  /// the child of a `fork`; and `std::bad_alloc`, after which it may be called again: no account is lost.
  asio::awaitable<std::optional<account_result>> next();

  /// The same for any completion token. Signature: `void(std::exception_ptr, std::optional<account_result>)`;
  /// the handler is called on its associated executor (the client's, if it has none). The stream must live
  /// until the handler is called.
  template <
      asio::completion_token_for<void(std::exception_ptr, std::optional<account_result>)> CompletionToken>
  auto async_next(CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(std::exception_ptr, std::optional<account_result>)>(
        initiate_next{state_}, token);
  }

  /// The client's executor.
  executor_type get_executor() const noexcept;

 private:
  friend class client;
  class EPHEMINT_EXPORT initiate_next {
   public:
    using executor_type = mint_stream::executor_type;
    explicit initiate_next(std::shared_ptr<detail::stream_state> state) noexcept : state_{std::move(state)} {}
    executor_type get_executor() const noexcept;
    template <class Handler>
    void operator()(Handler&& handler) {
      start_next(state_, std::forward<Handler>(handler));
    }

   private:
    std::shared_ptr<detail::stream_state> state_;
  };
  static void start_next(
      const std::shared_ptr<detail::stream_state>&,
      asio::any_completion_handler<void(std::exception_ptr, std::optional<account_result>)>);

  explicit mint_stream(std::shared_ptr<detail::stream_state>);
  std::shared_ptr<detail::stream_state> state_;
};

}  // namespace ephemint::inline v0
