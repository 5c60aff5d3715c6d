#include "sidecar_minter.hpp"

#include "harness/asio_minter.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <simdjson.h>

#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ephemint::bench {
namespace {

namespace http = boost::beast::http;
using unix_socket = asio::local::stream_protocol::socket;

struct connection {
  explicit connection(asio::io_context& context) : socket{context} {}
  unix_socket socket;
  boost::beast::flat_buffer unread;
};

class sidecar_minter final : public coroutine_minter {
 public:
  explicit sidecar_minter(std::string path) : at_{path} {}

  minter_counts counts() const override { return {.requests = requests_, .connections = connections_}; }

 private:
  asio::awaitable<void> work(asked first) override {
    for (std::optional<asked> now = first; now;) {
      handed_over what;
      try {
        what = co_await log_in(*now->account);
      } catch (const std::exception& wrong) {
        what = {clock::now(), wrong.what()};
      }
      now = tell(*now, what);
    }
  }

  asio::awaitable<handed_over> log_in(account_id account) {
    http::request<http::string_body> asking{http::verb::post, "/v1/tokens", 11};
    asking.set(http::field::host, "localhost");
    asking.set(http::field::content_type, "application/json");
    asking.body() = fmt::format(R"({{"account":"{}"}})", account.str());
    asking.prepare_payload();
    ++requests_;
    std::unique_ptr<connection> by = co_await free_connection();
    co_await http::async_write(by->socket, asking, asio::use_awaitable);
    http::response<http::string_body> answer;
    co_await http::async_read(by->socket, by->unread, answer, asio::use_awaitable);
    const handed_over what = read(answer);
    if (answer.keep_alive()) idle_.push_back(std::move(by));
    co_return what;
  }

  asio::awaitable<std::unique_ptr<connection>> free_connection() {
    if (idle_.empty()) {
      auto made = std::make_unique<connection>(context());
      ++connections_;
      co_await made->socket.async_connect(at_, asio::use_awaitable);
      co_return made;
    }
    auto kept = std::move(idle_.back());
    idle_.pop_back();
    co_return kept;
  }

  handed_over read(const http::response<http::string_body>& answer) {
    const auto now = clock::now();
    std::int64_t left_ms = 0;
    std::string_view url;
    simdjson::dom::element facts;
    if (answer.result() != http::status::ok || parser_.parse(answer.body()).get(facts) != simdjson::SUCCESS ||
        facts["login_url"].get(url) != simdjson::SUCCESS ||
        facts["expires_in_ms"].get(left_ms) != simdjson::SUCCESS)
      return {now, fmt::format("status {}", answer.result_int())};
    kept_ = url;
    return {now, {}, token_lifetime - std::chrono::milliseconds{left_ms}};
  }

  const asio::local::stream_protocol::endpoint at_;
  std::vector<std::unique_ptr<connection>> idle_;
  simdjson::dom::parser parser_;
  std::string kept_;  // until the next one comes
  std::uint64_t requests_ = 0, connections_ = 0;
};

}  // namespace

minter_pointer make_sidecar_caller(std::string socket) {
  return std::make_unique<sidecar_minter>(std::move(socket));
}

}  // namespace ephemint::bench
