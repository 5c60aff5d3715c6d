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

/// The addresses of a server: `unix:/path` or `http://127.0.0.1:40123`. Empty: that face is off.
struct server_addresses {
  std::string backend;  ///< the sidecar
  std::string login;    ///< login links
  std::string admin;    ///< health, readiness, metrics
};

/// Logins for programs in any language: an HTTP server with one client, which owns the key and its quota. The
/// guide's page "gateway" lists its routes and statuses.
///
/// It serves as soon as it is constructed. A call of `set_…` takes effect with the next request.
///
///     ephemint::gateway::server logins{io.get_executor(), std::move(options)};
///     …
///     logins.drain();              // readiness says no; it still serves
///     co_await logins.close();     // what is under way ends, nothing new begins
///
/// \par Threads
/// All members may be called from any thread. The server's own work runs one step at a time, on the given
/// executor, or on a thread of its own. That thread takes no signals. If the executor runs one handler at a
/// time anyway, set `client.single_threaded` in the options: then no strand is made, and running out of
/// memory ends connections, but never the process.
///
/// \par Lifetime
/// A given executor's context must outlive the server. Destruction closes all connections at once, and ends
/// the logins under way.
class EPHEMINT_GATEWAY_EXPORT server {
 public:
  /// The type of `get_executor()`.
  using executor_type = boost::asio::any_io_executor;

  /// Serves on a thread of its own. Throws `std::invalid_argument`, naming the wrong option, and
  /// `std::system_error` if it can't listen.
  explicit server(server_options);
  /// Serves on the caller's executor. Throws the same.
  server(executor_type, server_options);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server();

  /// Where it listens. If port 0 was given, with the port that was chosen.
  const server_addresses& addresses() const noexcept;

  /// From now on `/readyz` says not ready. The server goes on serving, but closes each connection after its
  /// next answer.
  void drain();

  /// Drains, accepts only peers that have connected already, finishes the requests that were sent (logins end
  /// by their deadlines), and closes the client. Signature: `void(result<void>)`; cancelling it ends only the
  /// wait.
  template <boost::asio::completion_token_for<void(result<void>)> CompletionToken>
  auto async_close(CompletionToken&& token) {
    return boost::asio::async_initiate<CompletionToken, void(result<void>)>(initiate_close{this}, token);
  }
  /// The same as an awaitable.
  boost::asio::awaitable<result<void>> close();

  /// Replaces the API key, as `client::set_api_key` does. Throws the same.
  void set_api_key(secret);
  /// Replaces the keys with which links may be signed. Throws `std::invalid_argument` if there is none.
  void set_link_keys(std::vector<link_key>);
  /// Replaces the bearers. Throws `std::invalid_argument` if there is none but one is needed.
  void set_bearers(std::vector<bearer>);

  /// The text of `/metrics`, as of the last answer. Throws `std::bad_alloc`, and what `more_metrics` throws.
  std::string metrics_text() const;
  /// What its client has done: `client::stats`.
  client_stats stats() const noexcept;
  /// The given executor, or that of its own thread.
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
