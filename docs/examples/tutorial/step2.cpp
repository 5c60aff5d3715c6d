#include <ephemint/client.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <cstdlib>
#include <iostream>

// region: server
namespace asio = boost::asio;
namespace http = boost::beast::http;
using answer = http::response<http::string_body>;
using namespace std::chrono_literals;

asio::awaitable<answer> answer_to(ephemint::client& minter) {
  const ephemint::mint_result minted = co_await minter.mint({.account = "se-1"});
  if (!minted) co_return answer{http::status::bad_gateway, 11};
  answer redirect{http::status::found, 11};
  redirect.set(http::field::location, minted->redirect_url());
  co_return redirect;
}

asio::awaitable<void> serve(ephemint::client& minter, asio::ip::tcp::socket socket) {
  boost::beast::tcp_stream browser{std::move(socket)};
  boost::beast::flat_buffer buffer{8192};
  http::request<http::empty_body> asked;
  browser.expires_after(20s);  // from the first byte of the request to the last one of the answer
  co_await http::async_read(browser, buffer, asked, asio::use_awaitable);
  answer reply = co_await answer_to(minter);
  reply.keep_alive(false);
  reply.prepare_payload();
  co_await http::async_write(browser, reply, asio::use_awaitable);
}

asio::awaitable<void> accept(ephemint::client& minter, asio::ip::tcp::acceptor& acceptor) {
  while (true) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve(minter, std::move(socket)), asio::detached);
  }
}
// endregion

// region: main
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
// endregion
