#include <ephemint/client.hpp>
#include <ephemint/gateway/server.hpp>
#include <ephemint/redis/shared_quota.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <utility>

// A user's first program: mints one token from the sandbox, and serves others.
int main() {
  const ephemint::sandbox::server api;
  boost::asio::thread_pool pool{1};
  ephemint::client_options options;
  options.base_url = api.base_url();
  options.api_key = ephemint::secret{api.api_key()};
  options.system_authorities = false;
  options.authority_pem = api.ca_pem();
  // There is no store: it goes on with its share.
  ephemint::shared_quota_options shared;
  shared.url = "redis://127.0.0.1:1";
  const auto governor = ephemint::make_shared_rate_governor(pool.get_executor(), options.api_key,
                                                            options.base_url, std::move(shared));
  options.governor = governor;
  ephemint::gateway::server_options serving;
  serving.client = options;
  serving.backend.at = "127.0.0.1:0";
  serving.bearers = ephemint::gateway::parse_bearers(
      "shop 0000000000000000000000000000000000000000000000000000000000000000 se-*");
  const ephemint::gateway::server logins{std::move(serving)};
  ephemint::client minter{pool.get_executor(), std::move(options)};
  const auto minted = minter.async_mint({.account = "se-1"}, boost::asio::use_future).get();
  if (!minted) {
    std::cerr << minted.error() << '\n';
    return 1;
  }
  std::cout << "ok\n";
}
