#include "hub.hpp"

#include "listening.hpp"
#include "session.hpp"
#include "tls_context.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <system_error>
#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

using asio::ip::tcp;

tcp::acceptor listen(const asio::any_io_executor& executor, const tcp::endpoint& where, error_code& error) {
  tcp::acceptor acceptor{executor};
  open_acceptor(acceptor, where.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error && where.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only{true}, error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  return acceptor;
}

[[noreturn]] void cannot_listen(const error_code& error, std::uint16_t port) {
  throw std::system_error{error.value(), std::system_category(),
                          "the sandbox can't listen on port " + std::to_string(port) + " of loopback"};
}

/// Listens on the same port of both loopback addresses. If a free IPv4 port is taken on IPv6, another one is
/// tried.
std::vector<tcp::acceptor> listen_on_loopback(const asio::any_io_executor& executor, std::uint16_t port,
                                              bool ipv6) {
  for (int attempts_left = 16;; --attempts_left) {
    std::vector<tcp::acceptor> acceptors;
    error_code error;
    acceptors.push_back(listen(executor, {asio::ip::address_v4::loopback(), port}, error));
    if (error) cannot_listen(error, port);
    if (!ipv6) return acceptors;
    const std::uint16_t chosen = acceptors.front().local_endpoint().port();
    tcp::acceptor second = listen(executor, {asio::ip::address_v6::loopback(), chosen}, error);
    if (!error) acceptors.push_back(std::move(second));
    if (error != asio::error::address_in_use) return acceptors;  // any other error: no IPv6 here
    if (port != 0 || attempts_left == 0) cannot_listen(error, chosen);
  }
}

}  // namespace

hub::hub(asio::any_io_executor executor, const server_options& options)
    : hub{std::move(executor), options, make_server_identity(options.certificate)} {}

hub::hub(asio::any_io_executor executor, const server_options& options, server_identity identity)
    : executor_{std::move(executor)},
      bare_{options.plain_http},
      http2_only_{options.http2 == http2_use::only},
      ca_pem_{std::move(identity.ca_pem)},
      tls_{make_tls_context(options, identity.leaf)},
      acceptors_{listen_on_loopback(executor_, options.port, options.ipv6)},
      port_{acceptors_.front().local_endpoint().port()},
      base_url_{"https://localhost:" + std::to_string(port_)},
      api_{std::make_unique<api>(options, port_)} {}

void hub::start() {
  for (std::size_t i = 0; i < acceptors_.size(); ++i)
    asio::co_spawn(executor_, accept(shared_from_this(), i), asio::detached);
}

asio::awaitable<void> hub::accept(std::shared_ptr<hub> self, std::size_t which) {
  tcp::acceptor& acceptor = self->acceptors_[which];
  asio::steady_timer timer{self->executor_};
  while (acceptor.is_open()) {
    error_code error;
    tcp::socket socket = co_await next_connection(acceptor, error);
    if (!error) {
      auto accepted = std::make_shared<session>(self, std::move(socket));
      asio::co_spawn(self->executor_, session::run(std::move(accepted)), asio::detached);
    } else if (acceptor.is_open()) {  // probably out of descriptors: tried again later
      timer.expires_after(std::chrono::milliseconds{20});
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void hub::leave(session& s) {
  sessions_.erase(&s);
  api_->on_connection_end();
}

std::vector<std::shared_ptr<session>> hub::living() {
  std::vector<std::shared_ptr<session>> living;
  living.reserve(sessions_.size());
  for (session* s : sessions_)
    if (auto alive = s->weak_from_this().lock()) living.push_back(std::move(alive));
  return living;
}

void hub::cut_all() {
  for (const auto& s : living()) s->cut();
}

void hub::reset_all() {
  for (const auto& s : living()) s->reset();
}

void hub::set_max_streams(std::uint32_t most) {
  for (const auto& s : living()) s->set_max_streams(most);
}

void hub::push_idle(std::string_view bytes, bool then_close) {
  const auto shared = std::make_shared<const std::string>(bytes);
  for (const auto& s : living()) s->push(shared, then_close);
}

void hub::close() {
  error_code ignored;
  for (tcp::acceptor& acceptor : acceptors_) acceptor.close(ignored);
  cut_all();
}

}  // namespace ephemint::inline v0::sandbox
