#include <ephemint/client.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using answer = http::response<http::string_body>;
using namespace std::chrono_literals;

// region: answers
answer refusal(const ephemint::mint_error& error) {
  std::clog << error << '\n';  // no error holds a key or a token
  if (error.code() != ephemint::mint_condition::retry_later) return {http::status::bad_gateway, 11};
  answer later{http::status::service_unavailable, 11, "Please try again in a moment.\n"};
  later.set(http::field::retry_after, std::to_string(error.retry_after_seconds().value_or(5s).count()));
  return later;
}

asio::awaitable<answer> answer_to(ephemint::client& minter, const http::request<http::empty_body>& asked) {
  if (asked.target() != "/portal") co_return answer{http::status::not_found, 11};
  if (asked["Sec-Purpose"].starts_with("prefetch")) co_return answer{http::status::forbidden, 11};
  const ephemint::mint_result minted = co_await minter.mint({.account = "se-1"});  // from your session
  if (!minted) co_return refusal(minted.error());
  answer redirect{http::status::found, 11};
  redirect.set(http::field::location, minted->redirect_url());
  co_return redirect;
}
// endregion

asio::awaitable<void> serve(ephemint::client& minter, asio::ip::tcp::socket socket) {
  boost::beast::tcp_stream browser{std::move(socket)};
  boost::beast::flat_buffer buffer{8192};
  http::request<http::empty_body> asked;
  browser.expires_after(20s);  // from the first byte of the request to the last one of the answer
  co_await http::async_read(browser, buffer, asked, asio::use_awaitable);
  answer reply = co_await answer_to(minter, asked);
  reply.keep_alive(false);
  reply.set(http::field::cache_control, "no-store");  // its URL opens the portal for anybody who has it
  reply.prepare_payload();
  co_await http::async_write(browser, reply, asio::use_awaitable);
}

asio::awaitable<void> accept(ephemint::client& minter, asio::ip::tcp::acceptor& acceptor) {
  while (true) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve(minter, std::move(socket)), asio::detached);
  }
}

int main() {
  const auto variable = [](auto name) { return std::string{std::getenv(name) ? std::getenv(name) : ""}; };
  ephemint::client_options options{.api_key = ephemint::secret{variable("EPHEMINT_API_KEY")}};
  options.base_url = variable("EPHEMINT_BASE_URL");
  options.authority_file = variable("EPHEMINT_CA_FILE");
  asio::io_context context{1};
  ephemint::client minter{context, std::move(options)};
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::cout << "http://" << acceptor.local_endpoint() << "/portal" << std::endl;
  asio::co_spawn(context, accept(minter, acceptor), asio::detached);
  context.run();
}
