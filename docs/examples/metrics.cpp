#include "example.hpp"

#include <ephemint/metrics.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

// region: observer
/// One for all clients of a program: they add to the same series.
std::shared_ptr<ephemint::metrics> count(ephemint::client_options& options) {
  auto seen = std::make_shared<ephemint::metrics>();
  options.observer = seen;
  return seen;
}
// endregion

// region: handler
/// Answers one request of Prometheus: GET /metrics.
asio::awaitable<void> answer(tcp::socket socket, std::shared_ptr<const ephemint::metrics> seen) {
  beast::flat_buffer buffer;
  http::request<http::empty_body> asked;
  co_await http::async_read(socket, buffer, asked, asio::use_awaitable);
  http::response<http::string_body> reply{http::status::not_found, asked.version()};
  if (asked.method() == http::verb::get && asked.target() == "/metrics") {
    reply.result(http::status::ok);
    reply.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    reply.body() = seen->prometheus_text();
  }
  reply.keep_alive(false);
  reply.prepare_payload();
  co_await http::async_write(socket, reply, asio::use_awaitable);
}
// endregion

/// Does what Prometheus does every few seconds.
asio::awaitable<std::string> scrape(tcp::endpoint server) {
  tcp::socket socket{co_await asio::this_coro::executor};
  co_await socket.async_connect(server, asio::use_awaitable);
  http::request<http::empty_body> asking{http::verb::get, "/metrics", 11};
  co_await http::async_write(socket, asking, asio::use_awaitable);
  beast::flat_buffer buffer;
  http::response<http::string_body> reply;
  co_await http::async_read(socket, buffer, reply, asio::use_awaitable);
  co_return reply.body();
}

asio::awaitable<void> serve_once(tcp::acceptor& listener, std::shared_ptr<const ephemint::metrics> seen) {
  tcp::socket socket = co_await listener.async_accept(asio::use_awaitable);
  co_await answer(std::move(socket), std::move(seen));
}

asio::awaitable<void> mint_and_scrape(ephemint::sandbox::server& api) {
  const auto executor = co_await asio::this_coro::executor;
  ephemint::client_options options = example::options_for(api);
  const auto seen = count(options);
  ephemint::client minter{executor, std::move(options)};
  for (const char* account : {"se-1", "se-2", "two words"}) co_await minter.mint({.account = account});

  tcp::acceptor listener{executor, {asio::ip::address_v4::loopback(), 0}};
  asio::co_spawn(executor, serve_once(listener, seen), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  std::istringstream lines{co_await scrape(listener.local_endpoint())};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("ephemint_mints_total") && !line.ends_with(" 0")) std::cout << line << '\n';
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  asio::io_context context;
  example::run(mint_and_scrape(api), context);
}
