#include "naive_minter.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ephemint::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr int attempts_allowed = 10;
constexpr std::size_t batch_workers = 16;

struct token {
  std::string value;
  std::string redirect_url;
  clock::time_point sent_at;  // the client makes nothing of it; the measurement does
};

struct refused {
  std::chrono::seconds retry_after;
};

struct connection {
  connection(asio::io_context& context, asio::ssl::context& tls) : stream{context, tls} {}

  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
};

/// `https://host:port`, as the sandbox and our own options give it.
struct host_and_port {
  explicit host_and_port(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    url.remove_prefix(std::min(url.size(), scheme.size()));
    const std::size_t colon = url.rfind(':');
    host = url.substr(0, colon);
    port = colon == url.npos ? "443" : url.substr(colon + 1);
  }

  std::string host;
  std::string port;
};

class naive_minter final : public minter {
 public:
  naive_minter(asio::io_context& context, const server_address& server)
      : context_{context}, server_{server.base_url}, api_key_{server.api_key} {
    tls_.set_verify_mode(asio::ssl::verify_peer);
    if (server.authority_pem.empty())
      tls_.set_default_verify_paths();
    else
      tls_.add_certificate_authority(asio::buffer(server.authority_pem));
  }

  std::string_view name() const override { return "naive"; }

  void mint(const account_id& account, std::uint32_t call, caller& to) override {
    asio::co_spawn(context_, serve(*this, account, call, to), asio::detached);
  }

  void mint_batch(std::span<const account_id> accounts, caller& to) override {
    asio::co_spawn(context_, serve_batch(*this, accounts, to), asio::detached);
  }

  minter_counts counts() const override { return counts_; }

 private:
  static asio::awaitable<void> serve(naive_minter& self, account_id account, std::uint32_t call, caller& to) {
    handed_over outcome{};
    try {
      const token minted = co_await self.mint_one(account);
      outcome.age = clock::now() - minted.sent_at;
    } catch (const refused&) {
      outcome.failure = "rate_limited";
    } catch (const std::exception&) {
      outcome.failure = "failed";
    }
    outcome.at = clock::now();
    to.on_result(call, outcome);
  }

  /// `vector<token> mint_all(accounts)`, by so many workers.
  static asio::awaitable<void> serve_batch(naive_minter& self, std::span<const account_id> accounts,
                                           caller& to) {
    std::vector<token> tokens(accounts.size());
    std::size_t next = 0;
    std::size_t working = std::min(batch_workers, accounts.size());
    asio::steady_timer all_done{self.context_, asio::steady_timer::time_point::max()};
    for (std::size_t i = working; i > 0; --i) {
      asio::co_spawn(self.context_, fill(self, accounts, tokens, next), [&](const std::exception_ptr&) {
        if (--working == 0) all_done.cancel();
      });
    }
    try {
      co_await all_done.async_wait(asio::use_awaitable);
    } catch (const std::exception&) {  // the cancel: all are there
    }
    for (std::uint32_t i = 0; i < tokens.size(); ++i) {
      const auto now = clock::now();
      if (tokens[i].value.empty())
        to.on_result(i, {now, "failed"});
      else
        to.on_result(i, {now, {}, now - tokens[i].sent_at});
    }
  }

  static asio::awaitable<void> fill(naive_minter& self, std::span<const account_id> accounts,
                                    std::vector<token>& tokens, std::size_t& next) {
    while (next < accounts.size()) {
      const std::size_t mine = next++;
      try {
        tokens[mine] = co_await self.mint_one(accounts[mine]);
      } catch (const std::exception&) {  // no token for this one
      } catch (const refused&) {
      }
    }
  }

  asio::awaitable<token> mint_one(account_id account) {
    for (int attempts_left = attempts_allowed; true;) {
      std::chrono::seconds wait{0};
      try {
        co_return co_await attempt(account);
      } catch (const refused& r) {
        if (--attempts_left == 0) throw;
        wait = r.retry_after;
      } catch (const beast::system_error&) {
        if (--attempts_left == 0) throw;
      }
      ++counts_.retries;
      if (wait == 0s) continue;
      asio::steady_timer timer{context_, wait};
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  asio::awaitable<token> attempt(account_id account) {
    std::unique_ptr<connection> c = co_await take_connection();
    http::request<http::empty_body> request{http::verb::post,
                                            "/v1/tokens/ephemeral?redirect=shipengine-dashboard", 11};
    request.set(http::field::host, server_.host + ':' + server_.port);
    request.set("API-Key", api_key_);
    request.set("On-Behalf-Of", beast::string_view{account.str().data(), account.str().size()});
    request.prepare_payload();

    ++counts_.requests;
    beast::get_lowest_layer(c->stream).expires_after(30s);
    const auto sent_at = clock::now();
    co_await http::async_write(c->stream, request, asio::use_awaitable);
    http::response<http::string_body> response;
    co_await http::async_read(c->stream, c->buffer, response, asio::use_awaitable);
    if (response.keep_alive()) idle_.push_back(std::move(c));
    co_return read_token(response, sent_at);
  }

  token read_token(const http::response<http::string_body>& response, clock::time_point sent_at) {
    if (response.result() == http::status::too_many_requests) {
      ++counts_.rate_limited;
      throw refused{retry_after(response["Retry-After"])};
    }
    if (response.result() != http::status::ok) throw std::runtime_error{"no token"};
    const simdjson::dom::element body = parser_.parse(response.body());
    return {std::string{body["token"].get_string().value()},
            std::string{body["redirect_url"].get_string().value()}, sent_at};
  }

  static std::chrono::seconds retry_after(beast::string_view text) {
    std::chrono::seconds::rep seconds = 1;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::chrono::seconds{seconds};
  }

  asio::awaitable<std::unique_ptr<connection>> take_connection() {
    if (!idle_.empty()) {
      std::unique_ptr<connection> c = std::move(idle_.back());
      idle_.pop_back();
      co_return c;
    }
    auto c = std::make_unique<connection>(context_, tls_);
    ++counts_.connections;
    auto& lowest = beast::get_lowest_layer(c->stream);
    lowest.expires_after(30s);
    tcp::resolver resolver{context_};
    const auto addresses = co_await resolver.async_resolve(server_.host, server_.port, asio::use_awaitable);
    co_await lowest.async_connect(addresses, asio::use_awaitable);
    lowest.socket().set_option(tcp::no_delay{true});
    SSL_set_tlsext_host_name(c->stream.native_handle(), server_.host.c_str());
    c->stream.set_verify_callback(asio::ssl::host_name_verification{server_.host});
    co_await c->stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    ++counts_.full_handshakes;
    co_return c;
  }

  asio::io_context& context_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  const host_and_port server_;
  const std::string api_key_;
  std::vector<std::unique_ptr<connection>> idle_;
  simdjson::dom::parser parser_;
  minter_counts counts_;
};

}  // namespace

std::unique_ptr<minter> make_naive_minter(asio::io_context& context, const server_address& server) {
  return std::make_unique<naive_minter>(context, server);
}

}  // namespace ephemint::bench
