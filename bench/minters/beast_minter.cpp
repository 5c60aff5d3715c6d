// Beast as in its published examples (example/http/client/awaitable-ssl), which a C++ programmer finds first:
// with a connection for each call, with a simple pool, and as the client that one makes of it in an
// afternoon.

#include "harness/asio_minter.hpp"
#include "kept_token.hpp"
#include "minters.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace ephemint::bench {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using asio::use_awaitable;
using response_type = http::response<http::string_body>;

constexpr std::chrono::seconds patience{30};  // as in the example

/// A connection with what belongs to it.
struct tls_stream {
  tls_stream(asio::io_context& context, ssl::context& tls) : stream{context, tls} {}

  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
};
using stream_pointer = std::unique_ptr<tls_stream>;

http::request<http::empty_body> request_for(const std::string& host, std::string_view path,
                                            const std::string& api_key) {
  http::request<http::empty_body> request{http::verb::post, std::string{path}, 11};
  request.set(http::field::host, host);
  request.set(http::field::user_agent, user_agent);
  request.set(http::field::accept, "application/json");
  request.set(http::field::content_type, "application/json");
  request.set("API-Key", api_key);
  request.prepare_payload();
  return request;
}

class beast_minter : public coroutine_minter {
 public:
  explicit beast_minter(const minter_settings& s, std::string_view path = api_path) {
    const std::string& url = s.server.base_url;
    const auto authority = url.substr(url.find("//") + 2);
    const auto colon = authority.rfind(':');
    host_ = authority.substr(0, colon);
    port_ = colon == authority.npos ? "443" : authority.substr(colon + 1);
    prototype_ = request_for(authority, path, s.server.api_key);
    if (s.server.authority_pem.empty())
      tls_.set_default_verify_paths();
    else
      tls_.add_certificate_authority(asio::buffer(s.server.authority_pem));
    tls_.set_verify_mode(ssl::verify_peer);
    tls_.set_verify_callback(ssl::host_name_verification(host_));
  }

  minter_counts counts() const final { return counts_; }

 protected:
  asio::awaitable<stream_pointer> connect() {
    auto made = std::make_unique<tls_stream>(context(), tls_);
    auto& lowest = beast::get_lowest_layer(made->stream);
    tcp::resolver resolver{context()};
    const auto addresses = co_await resolver.async_resolve(host_, port_, use_awaitable);
    lowest.expires_after(patience);
    co_await lowest.async_connect(addresses, use_awaitable);
    lowest.socket().set_option(tcp::no_delay{true});
    SSL_set_tlsext_host_name(made->stream.native_handle(), host_.c_str());
    co_await made->stream.async_handshake(ssl::stream_base::client, use_awaitable);
    ++counts_.connections;
    ++counts_.full_handshakes;
    co_return made;
  }

  virtual asio::awaitable<handed_over> mint_one(const account_id&) = 0;

  /// One request and its reply. Returns when the request was sent.
  asio::awaitable<clock::time_point> exchange(tls_stream& on, const account_id& account,
                                              response_type& response) {
    http::request<http::empty_body> request = prototype_;
    request.set("On-Behalf-Of", beast::string_view{account.str().data(), account.str().size()});
    beast::get_lowest_layer(on.stream).expires_after(patience);
    ++counts_.requests;
    const auto sent_at = clock::now();
    co_await http::async_write(on.stream, request, use_awaitable);
    response.body().reserve(reply_capacity);
    co_await http::async_read(on.stream, on.buffer, response, use_awaitable);
    co_return sent_at;
  }

  handed_over keep(const response_type& response, clock::time_point sent_at, kept_token& into) {
    const char* const fault = reader_.read(response.result_int(), response.body(), into);
    const auto now = clock::now();
    return {now, fault ? fault : "", now - sent_at};
  }

  kept_token kept_;
  minter_counts counts_;

 private:
  asio::awaitable<void> work(asked first) final {
    for (std::optional<asked> now = first; now;) {
      handed_over what;
      try {
        what = co_await mint_one(*now->account);
      } catch (const std::exception& error) {
        what = {clock::now(), error.what()};
      }
      now = tell(*now, what);
    }
  }

  std::string host_;
  std::string port_;
  http::request<http::empty_body> prototype_;
  ssl::context tls_{ssl::context::tls_client};
  token_reader reader_;
};

class beast_call_minter final : public beast_minter {
 public:
  using beast_minter::beast_minter;

 private:
  asio::awaitable<handed_over> mint_one(const account_id& account) override {
    const stream_pointer on = co_await connect();
    response_type response;
    const auto sent_at = co_await exchange(*on, account, response);
    handed_over what = keep(response, sent_at, kept_);
    boost::system::error_code error;
    co_await on->stream.async_shutdown(asio::redirect_error(use_awaitable, error));
    // The example accepts a server that doesn't send close_notify.
    if (error && error != asio::error::eof && error != ssl::error::stream_truncated)
      what.failure = error.message();
    what.at = clock::now();
    co_return what;
  }
};

class beast_pool_minter : public beast_minter {
 public:
  using beast_minter::beast_minter;

 protected:
  /// Uses an idle stream, or a new one. After a 429 returns its `Retry-After`.
  asio::awaitable<handed_over> attempt(const account_id& account, kept_token& into,
                                       std::optional<std::chrono::seconds>& retry_after) {
    stream_pointer on;
    if (idle_.empty()) {
      on = co_await connect();
    } else {
      on = std::move(idle_.back());
      idle_.pop_back();
    }
    response_type response;
    const auto sent_at = co_await exchange(*on, account, response);
    beast::get_lowest_layer(on->stream).expires_never();
    if (response.keep_alive()) idle_.push_back(std::move(on));
    if (response.result() == http::status::too_many_requests)
      retry_after = seconds_of(response["Retry-After"]);
    co_return keep(response, sent_at, into);
  }

 private:
  asio::awaitable<handed_over> mint_one(const account_id& account) override {
    return attempt(account, kept_, ignored_);
  }

  static std::chrono::seconds seconds_of(beast::string_view text) {
    std::chrono::seconds::rep seconds = 1;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::chrono::seconds{seconds};
  }

  std::vector<stream_pointer> idle_;
  std::optional<std::chrono::seconds> ignored_;
};

class naive_minter final : public beast_pool_minter {
 public:
  explicit naive_minter(const minter_settings& s)
      : beast_pool_minter{s, "/v1/tokens/ephemeral?redirect=shipengine-dashboard"} {}

  /// `vector<token> mint_all(accounts)`, by so many workers.
  void mint_batch(std::span<const account_id> accounts, caller& to) override {
    const std::size_t workers = std::min<std::size_t>(16, accounts.size());
    const auto all = std::make_shared<batch>(accounts, to, workers);
    for (std::size_t i = 0; i < workers; ++i) asio::co_spawn(context(), fill(all), asio::detached);
  }

 private:
  static constexpr int attempts_allowed = 10;

  struct batch {
    batch(std::span<const account_id> a, caller& c, std::size_t workers)
        : accounts{a}, to{c}, working{workers}, tokens(a.size()), results(a.size()) {}

    std::span<const account_id> accounts;
    caller& to;
    std::size_t working;
    std::uint32_t next = 0;
    std::vector<kept_token> tokens;
    std::vector<handed_over> results;
  };

  asio::awaitable<void> fill(std::shared_ptr<batch> all) {
    while (all->next < all->accounts.size()) {
      const std::uint32_t mine = all->next++;
      all->results[mine] = co_await mint_into(all->tokens[mine], all->accounts[mine]);
    }
    if (--all->working == 0) hand_over(*all);
  }

  /// The client ignores a token's age; only the measurement needs it.
  static void hand_over(batch& all) {
    for (std::uint32_t i = 0; i < all.results.size(); ++i) {
      handed_over& what = all.results[i];
      const auto now = clock::now();
      what.age += now - std::exchange(what.at, now);
      all.to.on_result(i, what);
    }
  }

  asio::awaitable<handed_over> mint_one(const account_id& account) override {
    return mint_into(kept_, account);
  }

  asio::awaitable<handed_over> mint_into(kept_token& token, const account_id& account) {
    for (int attempts_left = attempts_allowed; true; ++counts_.retries) {
      std::optional<std::chrono::seconds> retry_after;
      handed_over what;
      try {
        what = co_await attempt(account, token, retry_after);
        if (!retry_after) co_return what;
        ++counts_.rate_limited;
        what.failure = "rate_limited";
      } catch (const beast::system_error& error) {
        what = {clock::now(), error.what()};
      }
      if (--attempts_left == 0) co_return what;
      asio::steady_timer timer{context(), retry_after.value_or(std::chrono::seconds{0})};
      co_await timer.async_wait(use_awaitable);
    }
  }
};

}  // namespace

minter_pointer make_beast_call(const minter_settings& s) { return std::make_unique<beast_call_minter>(s); }
minter_pointer make_beast_pool(const minter_settings& s) { return std::make_unique<beast_pool_minter>(s); }
minter_pointer make_naive(const minter_settings& s) { return std::make_unique<naive_minter>(s); }

}  // namespace ephemint::bench
