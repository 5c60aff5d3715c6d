// Beast as its published examples use it (example/http/client/awaitable-ssl): the pieces that a C++
// programmer finds first, as a connection for each call and with the pool that one writes next.

#include "kept_token.hpp"
#include "minter.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
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

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using asio::use_awaitable;

constexpr std::chrono::seconds patience{30};  // as in the example

/// A connection with what belongs to it.
struct tls_stream {
  tls_stream(asio::io_context& context, ssl::context& tls) : stream{context, tls} {}

  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
};
using stream_pointer = std::unique_ptr<tls_stream>;

http::request<http::empty_body> request_for(const std::string& host) {
  http::request<http::empty_body> request{http::verb::post, std::string{target::path}, 11};
  request.set(http::field::host, host);
  request.set(http::field::user_agent, target::user_agent);
  request.set(http::field::accept, "application/json");
  request.set(http::field::content_type, "application/json");
  request.set("API-Key", target::api_key);
  request.prepare_payload();
  return request;
}

class beast_minter : public minter {
 public:
  explicit beast_minter(const target& where) : workers_{where.connections} {
    const auto authority = where.base_url.substr(where.base_url.find("//") + 2);
    const auto colon = authority.rfind(':');
    host_ = authority.substr(0, colon);
    port_ = authority.substr(colon + 1);
    prototype_ = request_for(authority);
    tls_.load_verify_file(where.ca_file);
    tls_.set_verify_mode(ssl::verify_peer);
    tls_.set_verify_callback(ssl::host_name_verification(host_));
  }

  void run(workload& load) final {
    for (std::size_t i = 0; i < workers_; ++i) asio::co_spawn(context_, work(load), asio::detached);
    context_.restart();
    context_.run();
  }
  std::uint64_t dials() const final { return dials_; }

 protected:
  virtual asio::awaitable<std::string> mint(std::string account) = 0;

  asio::awaitable<stream_pointer> connect() {
    auto made = std::make_unique<tls_stream>(context_, tls_);
    auto& lowest = beast::get_lowest_layer(made->stream);
    tcp::resolver resolver{context_};
    const auto addresses = co_await resolver.async_resolve(host_, port_, use_awaitable);
    lowest.expires_after(patience);
    co_await lowest.async_connect(addresses, use_awaitable);
    lowest.socket().set_option(tcp::no_delay{true});
    co_await made->stream.async_handshake(ssl::stream_base::client, use_awaitable);
    ++dials_;
    co_return made;
  }

  /// One request and its reply. Gives what is wrong with the reply, or nothing.
  asio::awaitable<std::string> exchange(tls_stream& on, std::string account) {
    http::request<http::empty_body> request = prototype_;
    request.set("On-Behalf-Of", account);
    beast::get_lowest_layer(on.stream).expires_after(patience);
    co_await http::async_write(on.stream, request, use_awaitable);
    http::response<http::string_body> response;
    response.body().reserve(reply_capacity);
    co_await http::async_read(on.stream, on.buffer, response, use_awaitable);
    const char* const fault = keeper_.keep(response.result_int(), response.body());
    co_return fault ? fault : "";
  }

  asio::io_context context_{1};

 private:
  asio::awaitable<void> work(workload& load) {
    asio::steady_timer timer{context_};
    while (const auto next = load.next()) {
      if (next->due > clock::now()) {
        timer.expires_at(next->due);
        co_await timer.async_wait(use_awaitable);
      }
      std::string fault;
      try {
        fault = co_await mint(account_of(*next));
      } catch (const std::exception& e) {
        fault = e.what();
      }
      if (fault.empty())
        load.minted(*next);
      else
        load.failed(*next, fault);
    }
  }

  std::size_t workers_;
  std::string host_;
  std::string port_;
  http::request<http::empty_body> prototype_;
  ssl::context tls_{ssl::context::tls_client};
  token_keeper keeper_;
  std::uint64_t dials_ = 0;
};

class beast_call_minter : public beast_minter {
 public:
  using beast_minter::beast_minter;

 private:
  asio::awaitable<std::string> mint(std::string account) override {
    stream_pointer on = co_await connect();
    std::string fault = co_await exchange(*on, std::move(account));
    boost::system::error_code error;
    co_await on->stream.async_shutdown(asio::redirect_error(use_awaitable, error));
    // The example accepts that the server doesn't say goodbye.
    if (error && error != asio::error::eof && error != ssl::error::stream_truncated) fault = error.message();
    co_return fault;
  }
};

class beast_pool_minter : public beast_minter {
 public:
  using beast_minter::beast_minter;

 private:
  asio::awaitable<std::string> mint(std::string account) override {
    stream_pointer on;
    if (idle_.empty()) {
      on = co_await connect();
    } else {
      on = std::move(idle_.back());
      idle_.pop_back();
    }
    std::string fault = co_await exchange(*on, std::move(account));
    beast::get_lowest_layer(on->stream).expires_never();
    idle_.push_back(std::move(on));
    co_return fault;
  }

  std::vector<stream_pointer> idle_;
};

}  // namespace

std::unique_ptr<minter> make_beast_call(const target& where) {
  return std::make_unique<beast_call_minter>(where);
}
std::unique_ptr<minter> make_beast_pool(const target& where) {
  return std::make_unique<beast_pool_minter>(where);
}

}  // namespace ephemint::bench
