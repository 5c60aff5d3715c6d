#pragma once

#include "api.hpp"
#include "certificates.hpp"

#include <ephemint/sandbox/server_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace ephemint::inline v0::sandbox {

namespace asio = boost::asio;
class session;

/// Listens, and keeps track of all sessions. Its executor runs one handler at a time. Call everything there
/// but the constructor, `start()`, `answers()` and the constant properties.
class hub : public std::enable_shared_from_this<hub> {
 public:
  hub(asio::any_io_executor, const server_options&);

  void start();

  api& answers() noexcept { return *api_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  asio::ssl::context& tls() noexcept { return tls_; }
  bool bare() const noexcept { return bare_; }
  /// Whether only HTTP/2 is accepted.
  bool http2_only() const noexcept { return http2_only_; }
  std::uint16_t port() const noexcept { return port_; }
  const std::string& base_url() const noexcept { return base_url_; }
  const std::string& ca_pem() const noexcept { return ca_pem_; }

  void enter(session& s) { sessions_.insert(&s); }
  void leave(session& s);
  void cut_all();
  void reset_all();
  void set_max_streams(std::uint32_t);
  void push_idle(std::string_view bytes, bool then_close);
  /// Stops listening, and cuts all connections.
  void close();

 private:
  hub(asio::any_io_executor, const server_options&, server_identity);

  static asio::awaitable<void> accept(std::shared_ptr<hub>, std::size_t which);
  std::vector<std::shared_ptr<session>> living();

  const asio::any_io_executor executor_;
  const bool bare_;
  const bool http2_only_;
  const std::string ca_pem_;
  asio::ssl::context tls_;
  std::vector<asio::ip::tcp::acceptor> acceptors_;
  const std::uint16_t port_;
  const std::string base_url_;
  const std::unique_ptr<api> api_;
  std::unordered_set<session*> sessions_;
};

}  // namespace ephemint::inline v0::sandbox
