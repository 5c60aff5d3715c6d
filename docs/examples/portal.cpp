// region: program
#include <ephemint/client.hpp>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <set>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

using request = http::request<http::empty_body>;
using answer = http::response<http::string_body>;

/// `GET /portal` sends the customer who is logged in to the carrier portal. All of it runs on one thread.
class portal {
 public:
  /// Whose portal it is, as your own sessions know it: never as the URL says, which anybody can make up.
  using account_of = std::function<std::optional<ephemint::account_id>(const request&)>;

  portal(asio::io_context& context, tcp::endpoint at, ephemint::client_options options, account_of whose)
      : context_{context}, acceptor_{context, at}, minter_{context, std::move(options)}, whose_{whose} {
    asio::co_spawn(context, accept(), asio::detached);
    asio::co_spawn(context, drain_on_signal(), asio::detached);
  }
  tcp::endpoint address() const { return acceptor_.local_endpoint(); }

 private:
  struct connection {
    beast::tcp_stream stream;
    asio::cancellation_signal gone{};  // emits when the browser goes away
  };
  using connection_ptr = std::shared_ptr<connection>;

  asio::awaitable<void> accept() {
    asio::steady_timer pause{context_};
    while (acceptor_.is_open()) {
      beast::error_code error;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) {  // out of descriptors, say: some will be free soon
        pause.expires_after(100ms);
        co_await pause.async_wait(asio::use_awaitable);
        continue;
      }
      auto browser = std::make_shared<connection>(beast::tcp_stream{std::move(socket)});
      asio::co_spawn(context_, serve(std::move(browser)), asio::detached);
    }
  }

  asio::awaitable<void> serve(connection_ptr browser) {
    beast::flat_buffer buffer{8192};
    beast::error_code error;
    auto into_error = asio::redirect_error(asio::use_awaitable, error);
    for (bool more = true; more && !draining_;) {
      http::request_parser<http::empty_body> parser;
      browser->stream.expires_after(10s);  // for the whole request: nobody holds a connection by dripping
      idle_.insert(browser);
      co_await http::async_read(browser->stream, buffer, parser, into_error);
      idle_.erase(browser);
      if (error) break;
      browser->stream.expires_never();  // a mint has a deadline of its own
      answer reply = co_await log_in(browser, parser.get());
      more = parser.get().keep_alive() && !draining_;
      reply.keep_alive(more);
      reply.set(http::field::cache_control, "no-store");  // its URL opens the portal for whoever has it
      reply.prepare_payload();
      browser->stream.expires_after(10s);
      co_await http::async_write(browser->stream, reply, into_error);
      if (error) break;
    }
    browser->stream.socket().shutdown(tcp::socket::shutdown_send, error);
  }

  asio::awaitable<answer> log_in(connection_ptr browser, const request& asked) {
    if (asked.target() != "/portal") co_return answer{http::status::not_found, asked.version()};
    if (asked.method() != http::verb::get)
      co_return answer{http::status::method_not_allowed, asked.version()};
    const auto account = whose_(asked);
    if (!account || asked["Sec-Purpose"].starts_with("prefetch"))  // a prefetch: nobody has clicked yet
      co_return answer{http::status::forbidden, asked.version()};
    watch(browser);
    const ephemint::mint_request wanted{.account = *account};
    auto unless_gone = asio::bind_cancellation_slot(browser->gone.slot(), asio::use_awaitable);
    const ephemint::mint_result minted = co_await minter_.async_mint(wanted, unless_gone);
    browser->stream.socket().cancel();  // the watch
    if (!minted) co_return refusal(asked.version(), minted.error());
    answer redirect{http::status::found, asked.version()};
    redirect.set(http::field::location, minted->redirect_url());
    co_return redirect;
  }

  /// A browser that went away follows no login: its mint ends, and leaves its permit to others.
  static void watch(connection_ptr browser) {
    tcp::socket& socket = browser->stream.socket();
    socket.async_wait(tcp::socket::wait_read, [browser](beast::error_code error) {
      if (!error && browser->stream.socket().available(error) == 0)  // an end, and no further request
        browser->gone.emit(asio::cancellation_type::terminal);
    });
  }

  static answer refusal(unsigned version, const ephemint::mint_error& error) {
    std::clog << error << '\n';  // no error holds a key or a token
    const bool later = error.code() == ephemint::mint_condition::retry_later;
    answer page{later ? http::status::service_unavailable : http::status::bad_gateway, version};
    page.set(http::field::content_type, "text/plain");
    page.body() = later ? "Please try again in a moment.\n" : "The portal can't be opened.\n";
    const auto wait = error.retry_after_seconds().value_or(5s);
    if (later) page.set(http::field::retry_after, std::to_string(wait.count()));
    return page;
  }

  /// After a signal nobody is let in, whoever waits gets an answer, and `run()` then has nothing left to do.
  asio::awaitable<void> drain_on_signal() {
    asio::signal_set signals{context_, SIGTERM, SIGINT};
    co_await signals.async_wait(asio::use_awaitable);
    signals.clear();  // a second one ends the program at once
    draining_ = true;
    acceptor_.close();
    for (const auto& browser : idle_) browser->stream.cancel();
    co_await minter_.close();
  }

  asio::io_context& context_;
  tcp::acceptor acceptor_;
  ephemint::client minter_;
  account_of whose_;
  std::set<connection_ptr> idle_{};  // those that wait for a request
  bool draining_ = false;
};
// endregion

#include <ephemint/sandbox/server.hpp>

#include <future>
#include <sstream>
#include <string_view>
#include <thread>

// What follows tries the program: browsers on one thread, it on another.
namespace {

std::optional<ephemint::account_id> known_session(const request& asked) {
  if (!asked[http::field::cookie].starts_with("session=se-")) return std::nullopt;
  return ephemint::account_id{std::string_view{asked[http::field::cookie]}.substr(8)};
}

class browser {
 public:
  explicit browser(tcp::endpoint server) { socket_.connect(server); }
  browser& ask(std::string_view target, std::string_view cookie, std::string_view purpose = "") {
    request asking{http::verb::get, beast::string_view{target.data(), target.size()}, 11};
    asking.set(http::field::cookie, beast::string_view{cookie.data(), cookie.size()});
    if (!purpose.empty()) asking.set("Sec-Purpose", beast::string_view{purpose.data(), purpose.size()});
    http::write(socket_, asking);
    return *this;
  }
  answer hears() {
    answer reply;
    http::read(socket_, buffer_, reply);
    return reply;
  }
  bool hears_the_end() {
    beast::error_code error;
    answer reply;
    http::read(socket_, buffer_, reply, error);
    return error == http::error::end_of_stream;
  }
  bool waits() const { return socket_.available() == 0; }
  void goes() { socket_.close(); }

 private:
  asio::io_context context_{};
  tcp::socket socket_{context_};
  beast::flat_buffer buffer_{};
};

bool passed = true;
void check(bool right, const char* what) {
  if (!right) std::cout << "failed: " << what << '\n';
  passed = passed && right;
}

template <class Predicate>
void await_that(Predicate holds) {
  while (!holds()) std::this_thread::yield();
}

ephemint::client_options portal_options(const ephemint::sandbox::server& api) {
  ephemint::client_options options;
  options.base_url = api.base_url();
  options.api_key = ephemint::secret{api.api_key()};
  options.authority_pem = api.ca_pem();
  options.rate = ephemint::quota::declared(5, 60s);
  options.max_attempts = 1;
  return options;
}

void check_answers(ephemint::sandbox::server& api, tcp::endpoint at) {
  browser customer{at};
  const answer login = customer.ask("/portal", "session=se-1").hears();
  check(login.result() == http::status::found, "a login is a redirect");
  check(login[http::field::location].starts_with(api.base_url()), "to the portal");
  check(login[http::field::cache_control] == "no-store", "that nobody keeps");
  check(customer.ask("/portal", "session=none").hears().result() == http::status::forbidden, "strangers");
  check(customer.ask("/portal", "session=se-1", "prefetch;prerender").hears().result() ==
            http::status::forbidden,
        "a prefetch");
  check(customer.ask("/other", "session=se-1").hears().result() == http::status::not_found, "another page");
  check(api.stats().minted == 1, "one click, one token");

  api.add_fault({.count = 1, .status = 503});
  const answer busy = customer.ask("/portal", "session=se-1").hears();
  check(busy.result() == http::status::service_unavailable && busy[http::field::retry_after] == "5", "a 503");
  api.add_fault({.count = 1, .status = 404});
  check(customer.ask("/portal", "session=se-1").hears().result() == http::status::bad_gateway, "a 404");
}

/// Whoever goes away is waited for no longer, as the log tells in the end.
void go_away(ephemint::sandbox::server& api, tcp::endpoint at) {
  api.add_fault({.count = 1, .delay = 1s});
  browser hasty{at};
  hasty.ask("/portal", "session=se-1");
  await_that([&] { return api.stats().requests == 4; });
  hasty.goes();
}

void check_end(ephemint::sandbox::server& api, tcp::endpoint at, std::future<void>& ended) {
  browser silent{at}, last{at};
  api.add_fault({.count = 1, .delay = 1s});
  last.ask("/portal", "session=se-1");
  await_that([&] { return api.stats().requests == 5; });
  std::raise(SIGTERM);
  check(silent.hears_the_end() && last.waits(), "a signal ends what is idle");
  check(last.hears().result() == http::status::found, "and not what is under way");
  check(last.hears_the_end(), "which ends afterwards");
  ended.get();
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  asio::io_context context{1};
  portal logins{context, {asio::ip::address_v4::loopback(), 0}, portal_options(api), known_session};
  const tcp::endpoint at = logins.address();
  std::ostringstream log;
  std::streambuf* const screen = std::clog.rdbuf(log.rdbuf());
  std::future<void> ended = std::async(std::launch::async, [&] { context.run(); });
  check_answers(api, at);
  go_away(api, at);
  check_end(api, at, ended);
  std::clog.rdbuf(screen);
  check(log.str().find("cancelled") != std::string::npos, "a browser that goes away ends its mint");
  check(log.str().find("token=") == std::string::npos, "no token in the log");
  std::cout << (passed ? "passed" : "failed") << '\n';
  return passed ? 0 : 1;
}
