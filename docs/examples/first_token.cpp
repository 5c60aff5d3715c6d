// region: program
#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <iostream>
#include <utility>

namespace asio = boost::asio;

asio::awaitable<void> log_in(ephemint::client_options options) {
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};
  auto token = (co_await minter.mint({.account = "se-1"})).value();  // throws if it failed, and says why
  std::cout << "redirect to " << token.login_url().value() << '\n';
  std::cout << token << " dies in " << token.remaining() / std::chrono::milliseconds{1} << " ms\n";
}

int main() {
  ephemint::sandbox::server api;  // stands in for the API: no account and no network needed
  ephemint::client_options options{.api_key = ephemint::secret{api.api_key()}, .base_url = api.base_url()};
  options.authority_pem = api.ca_pem();
  asio::io_context context;
  auto done = asio::co_spawn(context, log_in(std::move(options)), asio::use_future);
  context.run();
  done.get();
}
// endregion
