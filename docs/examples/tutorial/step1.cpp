// region: program
#include <ephemint/client.hpp>

#include <boost/asio.hpp>

#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;

asio::awaitable<void> log_in(ephemint::client& minter) {
  const ephemint::mint_result minted = co_await minter.mint({.account = "se-1"});
  if (minted)
    std::cout << minted->redirect_url() << '\n';
  else
    std::cout << minted.error() << '\n';
  co_await minter.close();
}

int main() {
  const auto variable = [](auto name) { return std::string{std::getenv(name) ? std::getenv(name) : ""}; };
  ephemint::client_options options{.api_key = ephemint::secret{variable("EPHEMINT_API_KEY")}};
  options.base_url = variable("EPHEMINT_BASE_URL");
  options.authority_file = variable("EPHEMINT_CA_FILE");
  asio::io_context context{1};
  ephemint::client minter{context, std::move(options)};
  asio::co_spawn(context, log_in(minter), asio::detached);
  context.run();
}
// endregion
