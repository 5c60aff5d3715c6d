// region: program
#include <ephemint/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdlib>
#include <iostream>
#include <utility>

namespace asio = boost::asio;

asio::awaitable<void> log_in() {
  const char* key = std::getenv("EPHEMINT_API_KEY");
  ephemint::client_options options{.api_key = ephemint::secret{key ? key : ""}};
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};
  auto minted = co_await minter.mint({.account = "se-1234"});
  if (minted)
    std::cout << minted->redirect_url() << '\n';  // send the customer there within 10 s
  else
    std::cout << minted.error() << '\n';  // what went wrong, and what to do about it
}

int main() {
  asio::io_context context;
  auto done = asio::co_spawn(context, log_in(), asio::use_future);
  context.run();
  done.get();
}
// endregion
