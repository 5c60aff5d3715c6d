#include "example.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// region: share
/// The governor of this process, to be used for each of its clients.
std::shared_ptr<ephemint::shared_rate_governor> share_quota(asio::any_io_executor executor,
                                                            const ephemint::client_options& client,
                                                            ephemint::secret password) {
  ephemint::shared_quota_options store;
  store.url = "redis://127.0.0.1:6379";                      // rediss:// beyond a private network
  store.password = std::move(password);                      // of the store; empty if it needs none
  store.rate = ephemint::quota::declared(200, 60s);          // of the key, for all processes together
  store.share_if_lost = ephemint::quota::declared(50, 60s);  // a quarter, as there are four processes
  return ephemint::make_shared_rate_governor(executor, client.api_key, client.base_url, std::move(store));
}
// endregion

// region: watch
/// For the log: a line whenever the store is lost or found again.
void watch(ephemint::shared_rate_governor& governor) {
  governor.on_change([](const ephemint::shared_quota_stats& now) {
    if (now.connected)
      std::cout << "quota store " << now.store << " is back\n";
    else
      std::cout << "quota store " << now.store << " is away: going on with " << now.share << " a window\n";
  });
}
// endregion

asio::awaitable<void> log_in(const ephemint::sandbox::server& api) {
  auto executor = co_await asio::this_coro::executor;
  ephemint::client_options options = example::options_for(api);
  auto governor = share_quota(executor, options, {});
  watch(*governor);
  options.governor = governor;
  {
    ephemint::client minter{executor, std::move(options)};
    std::cout << (co_await minter.mint({.account = "se-1"})).value() << '\n';
    co_await minter.close();
  }
  governor->on_change({});
  governor->leave_store();
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  asio::io_context context;
  example::run(log_in(api), context);
}
