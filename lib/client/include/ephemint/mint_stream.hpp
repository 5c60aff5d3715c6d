#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

namespace ephemint::inline v0 {

namespace asio = boost::asio;

namespace detail {
struct stream_state;
}

/// Where `client::mint_many` gets its accounts: a function that gives the next one, or nothing at the end.
///
/// It is called on the stream's executor, one call at a time, and only when one more mint can be started.
/// Either plain (`std::optional<account_id>()`) or a coroutine
/// (`asio::awaitable<std::optional<account_id>>()`), for accounts that come from a socket or a database. A
/// range of accounts converts too; it is moved in.
class account_source {
 public:
  using plain = std::function<std::optional<account_id>()>;
  using coroutine = std::function<asio::awaitable<std::optional<account_id>>()>;

  account_source(plain next) : plain_{std::move(next)} {}
  account_source(coroutine next) : coroutine_{std::move(next)} {}

  template <std::invocable F>
  requires std::convertible_to<std::invoke_result_t<F&>, std::optional<account_id>> account_source(F next)
      : plain_{std::move(next)} {}
  template <std::invocable F>
  requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<std::optional<account_id>>> account_source(
      F next)
      : coroutine_{std::move(next)} {}

  template <std::ranges::input_range R>
  requires std::constructible_from<account_id, std::ranges::range_reference_t<R>> account_source(R range)
      : plain_{[all = std::make_shared<walk<R>>(std::move(range))] { return all->next(); }} {}

 private:
  /// Goes through a range once, as a single-pass one must be.
  template <class R>
  struct walk {
    explicit walk(R r) : range{std::move(r)} {}

    std::optional<account_id> next() {
      if (ended) return std::nullopt;
      if (at)
        ++*at;
      else
        at.emplace(std::ranges::begin(range));
      ended = *at == std::ranges::end(range);
      return ended ? std::nullopt : std::optional<account_id>{account_id{**at}};
    }

    R range;
    std::optional<std::ranges::iterator_t<R>> at = {};
    bool ended = false;
  };

  friend struct detail::stream_state;
  friend class mint_stream;
  plain plain_;
  coroutine coroutine_;
};

/// How `client::mint_many` goes about it.
struct many_options {
  /// Mints under way at once, results that wait to be taken included, 1 to 100,000. 0: twice
  /// `max_connections`.
  std::size_t in_flight = 0;
  /// As in `mint_request`.
  priority urgency = priority::background;
  /// As in `mint_request`; by default none: a batch waits for the quota.
  std::chrono::milliseconds deadline = no_deadline;
};

/// One account's outcome.
struct account_result {
  account_id account;
  mint_result result;
  /// From the account's reading to its result.
  clock::duration latency{};
  /// Requests that were made for it, connection attempts that failed included where those ended it.
  int attempts = 0;
};

/// The results of many mints, as they come. One result for each account of the source, in order of
/// completion.
///
/// At most `in_flight` mints are ahead of the reader, and fewer if it is slow: a token that had to wait for
/// `next()` longer than `min_remaining` allows is minted again, and the window shrinks until that no longer
/// happens. Destroying the stream cancels what is under way. Not thread-safe: use it from one coroutine;
/// results come on that coroutine's executor.
class EPHEMINT_EXPORT mint_stream {
 public:
  mint_stream(mint_stream&&) noexcept;
  mint_stream& operator=(mint_stream&&) noexcept;
  ~mint_stream();

  /// The next result, or nothing when the source has ended and every result was taken. What the source throws
  /// comes out here, after the results of the mints that were under way. Cancelling the wait loses nothing:
  /// call again.
  asio::awaitable<std::optional<account_result>> next();

 private:
  friend class client;
  explicit mint_stream(std::shared_ptr<detail::stream_state>);
  std::shared_ptr<detail::stream_state> state_;
};

}  // namespace ephemint::inline v0
