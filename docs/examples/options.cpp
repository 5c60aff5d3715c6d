#include "example.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// region: options
ephemint::client_options portal_options(ephemint::secret api_key) {
  ephemint::client_options options;
  options.api_key = std::move(api_key);
  options.base_url = "https://api.eu.shipengine.com";
  options.rate = ephemint::quota::declared(1000, 60s);  // raised on request
  options.deadline = 5s;                                // a login that takes longer fails
  options.max_connections = 4;
  return options;
}
// endregion

// region: redirect_hosts
/// A test system that has its own API and its own portal.
ephemint::client_options staging_options(ephemint::secret api_key) {
  ephemint::client_options options;
  options.api_key = std::move(api_key);
  options.base_url = "https://api.staging.example.com";
  options.authority_file = "/etc/staging/ca.pem";           // trusted beside the system's
  options.redirect_hosts = {"portal.staging.example.com"};  // exact names; this list replaces the default
  return options;
}
// endregion

// region: proxy
ephemint::client_options proxied_options(ephemint::secret api_key, ephemint::secret user_and_password) {
  ephemint::client_options options;
  options.api_key = std::move(api_key);
  options.proxy = "http://proxy.example.com:3128";
  options.proxy_credentials = std::make_shared<const ephemint::secret>(std::move(user_and_password));
  return options;
}
// endregion

// region: warm_up
/// Connects before the first customer comes, and fails at once if the API can't be reached or trusted.
asio::awaitable<void> start(ephemint::client& minter) { (co_await minter.warm_up(2)).value(); }
// endregion

asio::awaitable<void> start_in_sandbox(const ephemint::sandbox::server& api) {
  ephemint::client minter{co_await asio::this_coro::executor, example::options_for(api)};
  co_await start(minter);
  std::cout << "ready after a warm-up: " << (minter.stats().connections > 0 ? "yes" : "no") << '\n';
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  asio::io_context context;
  example::run(start_in_sandbox(api), context);

  ephemint::client_options options = portal_options(ephemint::secret{"TEST_key"});
  options.max_attempts = 0;
  try {
    const ephemint::client minter{context.get_executor(), std::move(options)};
  } catch (const std::invalid_argument& wrong) {
    std::cout << wrong.what() << '\n';
  }
  try {
    const ephemint::client minter{context.get_executor(), staging_options(ephemint::secret{"TEST_key"})};
  } catch (const std::invalid_argument& wrong) {
    std::cout << wrong.what() << '\n';
  }
  ephemint::client_options proxied =
      proxied_options(ephemint::secret{"TEST_key"}, ephemint::secret{"user:password"});
  proxied.proxy = "http://proxy.example.com";
  try {
    const ephemint::client minter{context.get_executor(), std::move(proxied)};
  } catch (const std::invalid_argument& wrong) {
    std::cout << wrong.what() << '\n';
  }
}
