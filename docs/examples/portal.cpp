// region: program
#include <ephemint/client.hpp>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <set>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::beast::error_code;
using namespace std::chrono_literals;

using request = http::request<http::empty_body>;
using answer = http::response<http::string_body>;

struct connection {
  boost::beast::tcp_stream stream;
  asio::cancellation_signal gone{};  // emits when the browser goes away
};
using connection_ptr = std::shared_ptr<connection>;

struct portal {
  ephemint::client minter;
  tcp::acceptor acceptor;
  std::set<connection_ptr> silent{};  // browsers that have sent no request yet
};

/// The account, from your own session: never from the URL, which anybody can make up.
std::optional<ephemint::account_id> account_of(const request& asked) {
  const std::string_view cookie{asked[http::field::cookie]};
  if (!cookie.starts_with("session=")) return std::nullopt;
  return ephemint::account_id{cookie.substr(8)};
}

/// A browser that has disconnected needs no login: its mint ends, and others get its permit.
void watch(connection_ptr browser) {
  tcp::socket& socket = browser->stream.socket();
  socket.async_wait(tcp::socket::wait_read, [browser](error_code error) {
    if (!error && browser->stream.socket().available(error) == 0)  // readable, but no bytes: its end
      browser->gone.emit(asio::cancellation_type::terminal);
  });
}

answer refusal(const ephemint::mint_error& error) {
  std::clog << error << '\n';  // no error holds a key or a token
  if (error.code() != ephemint::mint_condition::retry_later) return {http::status::bad_gateway, 11};
  answer later{http::status::service_unavailable, 11, "Please try again in a moment.\n"};
  const auto wait = error.retry_after_seconds().value_or(5s);
  later.set(http::field::retry_after, std::to_string(wait.count()));
  return later;
}

asio::awaitable<answer> log_in(portal& p, connection_ptr browser, const request& asked) {
  const auto account = account_of(asked);
  if (asked.method() != http::verb::get || asked.target() != "/portal" || !account)
    co_return answer{http::status::not_found, 11};
  if (asked["Sec-Purpose"].starts_with("prefetch"))  // the customer hasn't clicked yet
    co_return answer{http::status::forbidden, 11};
  watch(browser);
  const ephemint::mint_request wanted{.account = *account};
  auto unless_gone = asio::bind_cancellation_slot(browser->gone.slot(), asio::use_awaitable);
  const ephemint::mint_result minted = co_await p.minter.async_mint(wanted, unless_gone);
  browser->stream.socket().cancel();  // the watch
  if (!minted) co_return refusal(minted.error());
  answer redirect{http::status::found, 11};
  redirect.set(http::field::location, minted->redirect_url());
  co_return redirect;
}

asio::awaitable<void> serve(portal& p, connection_ptr browser) {
  boost::beast::flat_buffer buffer{8192};
  http::request_parser<http::empty_body> parser;
  error_code error;
  auto into_error = asio::redirect_error(asio::use_awaitable, error);
  browser->stream.expires_after(10s);  // for the whole request: sending it slowly gives no more time
  p.silent.insert(browser);
  co_await http::async_read(browser->stream, buffer, parser, into_error);
  p.silent.erase(browser);
  if (error) co_return;
  browser->stream.expires_never();  // a mint has its own deadline
  answer reply = co_await log_in(p, browser, parser.get());
  reply.keep_alive(false);
  reply.set(http::field::cache_control, "no-store");  // its URL opens the portal for anybody who has it
  reply.prepare_payload();
  browser->stream.expires_after(10s);
  co_await http::async_write(browser->stream, reply, into_error);
  browser->stream.socket().shutdown(tcp::socket::shutdown_send, error);
}

asio::awaitable<void> accept(portal& p) {
  while (p.acceptor.is_open()) {
    error_code error;
    tcp::socket socket = co_await p.acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) {  // for example no free descriptor: there will be one soon
      asio::steady_timer pause{p.acceptor.get_executor(), 100ms};
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    auto browser = std::make_shared<connection>(boost::beast::tcp_stream{std::move(socket)});
    asio::co_spawn(p.acceptor.get_executor(), serve(p, std::move(browser)), asio::detached);
  }
}

/// After a signal no connection is accepted, those who wait get their answers, and then `run()` returns.
asio::awaitable<void> drain_on_signal(portal& p) {
  asio::signal_set signals{p.acceptor.get_executor(), SIGTERM, SIGINT};
  co_await signals.async_wait(asio::use_awaitable);
  signals.clear();  // a second one ends the program at once
  p.acceptor.close();
  for (const auto& browser : p.silent) browser->stream.cancel();
  co_await p.minter.close();
}

int main() {
  const auto variable = [](const char* name) {
    return std::string{std::getenv(name) ? std::getenv(name) : ""};
  };
  ephemint::client_options options{.api_key = ephemint::secret{variable("EPHEMINT_API_KEY")}};
  if (const auto url = variable("EPHEMINT_BASE_URL"); !url.empty()) options.base_url = url;
  options.authority_file = variable("EPHEMINT_CA_FILE");
  asio::io_context context{1};
  portal p{{context, std::move(options)}, {context, {asio::ip::address_v4::loopback(), 0}}};
  std::cout << p.acceptor.local_endpoint() << std::endl;
  asio::co_spawn(context, accept(p), asio::detached);
  asio::co_spawn(context, drain_on_signal(p), asio::detached);
  context.run();
}
// endregion
