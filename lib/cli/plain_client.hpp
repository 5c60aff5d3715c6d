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

/// A client as one writes it in an afternoon, for comparison with Ephemint in the demo: Beast's coroutines
/// over verified TLS, a vector of idle connections, and a function that returns a vector of tokens. Each call
/// retries on its own: after a 429 when its `Retry-After` says, after a 5xx or a lost connection with a
/// doubling back-off and jitter. It knows no quota, and ignores a token's age; the ages in `lane` are
/// measured by the demo.
///
/// Works on one thread, that of its context, which must end before this object does.
class plain_client {
 public:
  struct token {
    std::string value, redirect_url;
  };
  using tokens = std::vector<std::optional<token>>;  ///< none: that account failed

  /// `seen` records what it does. Both must outlive this object. Throws `boost::system::system_error` if the
  /// authority can't be read.
  plain_client(boost::asio::io_context&, const sandbox::server& api, lane& seen);
  ~plain_client();

  /// `vector<token> mint_all(accounts)`, with several workers: calls `done` with all tokens when the last one
  /// has come.
  void mint_all(std::vector<std::string> accounts, std::function<void(tokens)> done);

  /// The number of requests that were sent, and how many of these count in the `window` before `now`.
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
