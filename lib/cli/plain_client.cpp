#include "plain_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/system/system_error.hpp>
#include <openssl/ssl.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace ephemint::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;

constexpr std::chrono::seconds longest_exchange{30};  // as in Beast's examples
constexpr const char* host = "localhost";

std::optional<plain_client::token> token_in(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element reply;
  std::string_view value, redirect_url;
  if (parser.parse(body).get(reply) != simdjson::SUCCESS || reply["token"].get(value) != simdjson::SUCCESS ||
      reply["redirect_url"].get(redirect_url) != simdjson::SUCCESS)
    return std::nullopt;
  return plain_client::token{std::string{value}, std::string{redirect_url}};
}

std::chrono::seconds seconds_of(beast::string_view text) {
  std::chrono::seconds::rep seconds = 1;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds{seconds};
}

}  // namespace

struct plain_client::connection {
  connection(asio::io_context& context, asio::ssl::context& tls) : stream{context, tls} {}

  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
};

struct plain_client::batch {
  std::vector<std::string> accounts;
  std::function<void(tokens)> done;
  tokens minted{};
  std::size_t next = 0;
  std::size_t working = 0;
};

struct plain_client::reply {
  unsigned status = 0;  // 0: the connection was lost
  std::optional<token> minted{};
  std::chrono::milliseconds retry_after{};
  clock::time_point sent_at{};

  bool is_worth_another() const noexcept { return status == 0 || status == 429 || status >= 500; }
};

plain_client::plain_client(asio::io_context& context, const sandbox::server& api, lane& seen)
    : context_{context},
      port_{std::to_string(api.port())},
      authority_{std::string{host} + ':' + port_},
      api_key_{api.api_key()},
      seen_{seen} {
  const std::string& ca_pem = api.ca_pem();
  tls_.add_certificate_authority(asio::buffer(ca_pem));
  tls_.set_verify_mode(asio::ssl::verify_peer);
  tls_.set_verify_callback(asio::ssl::host_name_verification(host));
}

plain_client::~plain_client() = default;

void plain_client::mint_all(std::vector<std::string> accounts, std::function<void(tokens)> done) {
  const auto all = std::make_shared<batch>(batch{std::move(accounts), std::move(done)});
  all->minted.resize(all->accounts.size());
  all->working = std::min(workers, all->accounts.size());
  for (std::size_t i = all->working; i > 0; --i) asio::co_spawn(context_, work(all), asio::detached);
}

asio::awaitable<void> plain_client::work(std::shared_ptr<batch> all) {
  while (all->next < all->accounts.size()) {
    const std::size_t mine = all->next++;
    std::string account = all->accounts[mine];
    std::optional<token> one = co_await mint_one(std::move(account));
    all->minted[mine] = std::move(one);
  }
  if (--all->working == 0) all->done(std::move(all->minted));
}

asio::awaitable<std::optional<plain_client::token>> plain_client::mint_one(std::string account) {
  const clock::time_point begun = clock::now();
  std::chrono::milliseconds backoff = first_backoff;
  for (int attempts_left = attempts_allowed; true; ++retries_) {
    reply got = co_await attempt(account);
    if (got.minted) {
      seen_.held.push_back({begun, got.sent_at + token_lifetime});
      co_return std::move(got.minted);
    }
    if (--attempts_left == 0 || !got.is_worth_another()) {
      ++seen_.failed;
      co_return std::nullopt;
    }
    asio::steady_timer timer{context_, got.status == 429 ? got.retry_after : with_jitter(backoff)};
    co_await timer.async_wait(use_awaitable);
    backoff *= 2;
  }
}

asio::awaitable<plain_client::reply> plain_client::attempt(std::string account) {
  reply got;
  try {
    got = co_await exchange(account);
  } catch (const boost::system::system_error&) {
  }
  if (got.status == 429)
    ++seen_.rate_limited;
  else if (got.status != 0)
    charged_.push_back(got.sent_at);
  co_return got;
}

/// Uses an idle connection, or a new one.
asio::awaitable<plain_client::reply> plain_client::exchange(std::string account) {
  connection_pointer on;
  if (idle_.empty()) {
    on = co_await connect();
  } else {
    on = std::move(idle_.back());
    idle_.pop_back();
  }
  http::request<http::empty_body> request{http::verb::post,
                                          "/v1/tokens/ephemeral?redirect=shipengine-dashboard", 11};
  request.set(http::field::host, authority_);
  request.set(http::field::accept, "application/json");
  request.set(http::field::content_type, "application/json");
  request.set("API-Key", api_key_);
  request.set("On-Behalf-Of", account);
  request.prepare_payload();
  beast::get_lowest_layer(on->stream).expires_after(longest_exchange);
  ++requests_;
  reply got;
  got.sent_at = clock::now();
  co_await http::async_write(on->stream, request, use_awaitable);
  http::response<http::string_body> response;
  co_await http::async_read(on->stream, on->buffer, response, use_awaitable);
  beast::get_lowest_layer(on->stream).expires_never();
  if (response.keep_alive()) idle_.push_back(std::move(on));
  got.status = response.result_int();
  if (got.status == 200) got.minted = token_in(response.body());
  if (got.status == 429) got.retry_after = seconds_of(response["Retry-After"]);
  co_return got;
}

asio::awaitable<plain_client::connection_pointer> plain_client::connect() {
  auto made = std::make_unique<connection>(context_, tls_);
  auto& lowest = beast::get_lowest_layer(made->stream);
  asio::ip::tcp::resolver resolver{context_};
  const auto addresses = co_await resolver.async_resolve(host, port_, use_awaitable);
  lowest.expires_after(longest_exchange);
  co_await lowest.async_connect(addresses, use_awaitable);
  lowest.socket().set_option(asio::ip::tcp::no_delay{true});
  SSL_set_tlsext_host_name(made->stream.native_handle(), host);
  co_await made->stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
  ++handshakes_;
  co_return made;
}

/// A random time from half of `most` to all of it.
std::chrono::milliseconds plain_client::with_jitter(std::chrono::milliseconds most) {
  std::uniform_int_distribution<std::chrono::milliseconds::rep> any{most.count() / 2, most.count()};
  return std::chrono::milliseconds{any(chance_)};
}

std::uint64_t plain_client::quota_used(clock::time_point now, clock::duration window) {
  while (!charged_.empty() && charged_.front() <= now - window) charged_.pop_front();
  return charged_.size();
}

}  // namespace ephemint::cli
