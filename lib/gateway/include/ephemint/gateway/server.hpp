#pragma once

#include <ephemint/client_stats.hpp>
#include <ephemint/error.hpp>
#include <ephemint/gateway/export.hpp>
#include <ephemint/gateway/server_options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {

/// Where a server can be reached: `unix:/path` or `http://127.0.0.1:40123`. Empty: that face is off.
struct server_addresses {
  std::string backend;  ///< the sidecar
  std::string login;    ///< login links
  std::string admin;    ///< health, readiness, metrics
};

/// Logins for programs in any language: one client behind HTTP, that owns the key and its quota. The guide's
/// page "gateway" has its routes and statuses.
///
/// It serves from construction on. What it is asked meanwhile by `set_…` holds from the next request on.
///
///     ephemint::gateway::server logins{io.get_executor(), std::move(options)};
///     …
///     logins.drain();              // readiness says no; it still serves
///     co_await logins.close();     // what is under way ends, nothing new begins
///
/// \par Threads
/// All members may be called from any thread. What it does itself is done one thing at a time, on the
/// executor given, or on a thread of its own. That thread takes no signals.
///
/// \par Lifetime
/// An executor's context must outlive the server. Destruction closes all connections at once, and ends the
/// logins that are under way.
class EPHEMINT_GATEWAY_EXPORT server {
 public:
  /// The type of `get_executor()`.
  using executor_type = boost::asio::any_io_executor;

  /// Serves on a thread of its own. Throws `std::invalid_argument` that names the bad option, and
  /// `std::system_error` if it can't listen.
  explicit server(server_options);
  /// Serves on the caller's executor. Throws the same.
  server(executor_type, server_options);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server();

  /// Where it listens: with the port that was found, where 0 was asked for.
  const server_addresses& addresses() const noexcept;

  /// Says on `/readyz` that nobody new should come, and goes on serving; each answer is the last of its
  /// connection.
  void drain();

  /// Drains, takes no more connections than have been made, lets the requests that were sent end, logins by
  /// their deadlines at the latest, and closes the client. Signature: `void(result<void>)`; cancelling it
  /// ends the wait alone.
  template <boost::asio::completion_token_for<void(result<void>)> CompletionToken>
  auto async_close(CompletionToken&& token) {
    return boost::asio::async_initiate<CompletionToken, void(result<void>)>(initiate_close{this}, token);
  }
  /// The same as an awaitable.
  boost::asio::awaitable<result<void>> close();

  /// The API key from now on: `client::set_api_key`. Throws as that does.
  void set_api_key(secret);
  /// The keys that links may be signed by, from now on. Throws `std::invalid_argument` if there is none.
  void set_link_keys(std::vector<link_key>);
  /// The bearers from now on. Throws `std::invalid_argument` if there is none where one is needed.
  void set_bearers(std::vector<bearer>);

  /// What `/metrics` says, as of the last answer. Throws `std::bad_alloc`, and what `more_metrics` throws.
  std::string metrics_text() const;
  /// What its client has done: `client::stats`.
  client_stats stats() const noexcept;
  /// The executor that it was given, or its own thread's.
  executor_type get_executor() const noexcept;

 private:
  class impl;
  struct initiate_close {
    using executor_type = server::executor_type;
    server* self;
    executor_type get_executor() const noexcept { return self->get_executor(); }
    template <class Handler>
    void operator()(Handler&& handler) {
      self->start_close(std::forward<Handler>(handler));
    }
  };
  void start_close(boost::asio::any_completion_handler<void(result<void>)>);

  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::inline v0::gateway
