#pragma once

#include "demo_lane.hpp"

#include <ephemint/sandbox/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace ephemint::cli {

/// What one writes in an afternoon, to be seen beside Ephemint in the demo: Beast's coroutines over verified
/// TLS, a vector of idle connections, and a function that returns a vector of tokens. Every call is tried
/// again by itself: after a 429 when its `Retry-After` says, after a 5xx or a lost connection with a back-off
/// that doubles, and jitter. It is told of no quota, and a token's age is nothing to it: what `lane` is told
/// of ages is the demo's look at it.
///
/// On one thread, that of its context, which must end before this does.
class plain_client {
 public:
  struct token {
    std::string value, redirect_url;
  };
  using tokens = std::vector<std::optional<token>>;  ///< none: that account failed

  /// `seen` is told what it does. Both must outlive it. Throws `boost::system::system_error` if the
  /// authority can't be read.
  plain_client(boost::asio::io_context&, const sandbox::server& api, lane& seen);
  ~plain_client();

  /// `vector<token> mint_all(accounts)`, by so many workers: `done` is called with all tokens, when the last
  /// is there.
  void mint_all(std::vector<std::string> accounts, std::function<void(tokens)> done);

  /// Requests that were sent, and of these those that count within `window`.
  std::uint64_t requests() const noexcept { return requests_; }
  std::uint64_t quota_used(clock::time_point now, clock::duration window);
  std::uint64_t retries() const noexcept { return retries_; }
  std::uint64_t handshakes() const noexcept { return handshakes_; }

  static constexpr std::size_t workers = 16;
  static constexpr int attempts_allowed = 10;
  static constexpr std::chrono::milliseconds first_backoff{100};

 private:
  struct connection;
  struct batch;
  struct reply;
  using connection_pointer = std::unique_ptr<connection>;

  boost::asio::awaitable<void> work(std::shared_ptr<batch>);
  boost::asio::awaitable<std::optional<token>> mint_one(std::string account);
  boost::asio::awaitable<reply> attempt(std::string account);
  boost::asio::awaitable<reply> exchange(std::string account);
  boost::asio::awaitable<connection_pointer> connect();
  std::chrono::milliseconds with_jitter(std::chrono::milliseconds);

  boost::asio::io_context& context_;
  std::string port_, authority_, api_key_;
  lane& seen_;
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_client};
  std::vector<connection_pointer> idle_;
  std::minstd_rand chance_;
  std::deque<clock::time_point> charged_;  // requests that count against the quota
  std::uint64_t requests_ = 0;
  std::uint64_t retries_ = 0;
  std::uint64_t handshakes_ = 0;
};

}  // namespace ephemint::cli
