#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <utility>

// What any user would write first: mints one token from the sandbox.
int main() {
  const ephemint::sandbox::server api;
  boost::asio::thread_pool pool{1};
  ephemint::client_options options;
  options.base_url = api.base_url();
  options.api_key = ephemint::secret{api.api_key()};
  options.system_authorities = false;
  options.authority_pem = api.ca_pem();
  ephemint::client minter{pool.get_executor(), std::move(options)};
  const auto minted = minter.async_mint({.account = "se-1"}, boost::asio::use_future).get();
  if (!minted) {
    std::cerr << minted.error() << '\n';
    return 1;
  }
  std::cout << "ok\n";
}
