#include "browser/app_site.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <mutex>
#include <thread>
#include <utility>

namespace ephemint::test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

std::string page_of(std::string_view body) {
  return fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><title>The app</title><link rel=icon href=data:,>"
      "<body>{}</body></html>",
      body);
}

}  // namespace

class app_site::impl {
 public:
  impl() {
    asio::co_spawn(context, accept(), asio::detached);
    thread = std::thread{[this] { context.run(); }};
  }
  ~impl() {
    context.stop();
    thread.join();
  }

  asio::awaitable<void> accept() {
    while (true) {
      tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
      asio::co_spawn(context, serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    while (true) {
      http::request<http::string_body> asked;
      co_await http::async_read(socket, buffer, asked, asio::use_awaitable);
      http::response<http::string_body> answer = answer_to(std::string{asked.target()});
      co_await http::async_write(socket, answer, asio::use_awaitable);
    }
  }

  http::response<http::string_body> answer_to(const std::string& path) {
    const std::lock_guard lock{mutex};
    const auto found = pages.find(path);
    http::response<http::string_body> answer{
        found == pages.end() ? http::status::not_found : http::status::ok, 11};
    answer.set(http::field::content_type, "text/html");
    answer.set(http::field::cache_control, "no-cache");
    if (found != pages.end()) answer.body() = page_of(found->second);
    answer.prepare_payload();
    return answer;
  }

  asio::io_context context{1};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::mutex mutex;
  std::map<std::string, std::string> pages;
  std::thread thread;
};

app_site::app_site() : impl_{std::make_unique<impl>()} {}
app_site::~app_site() = default;

void app_site::show(const std::string& path, std::string body) {
  const std::lock_guard lock{impl_->mutex};
  impl_->pages[path] = std::move(body);
}

std::string app_site::at(std::string_view host) const {
  return fmt::format("http://{}:{}", host, impl_->acceptor.local_endpoint().port());
}

}  // namespace ephemint::test
