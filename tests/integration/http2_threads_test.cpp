// Run under ThreadSanitizer: one client over HTTP/2, whose connections are shared by everybody, on several
// threads.
#include "support/http2_trial.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ephemint::test {
namespace {

std::size_t pool_size() {
  const char* const asked = std::getenv("EPHEMINT_TEST_THREADS");
  return asked ? static_cast<std::size_t>(std::max(1, std::atoi(asked))) : 4;
}

class Http2Threads : public testing::Test {
 protected:
  frame_server api{[](frame_peer& p) {
    if (p.open({{h2::setting::max_concurrent_streams, 20}})) p.serve();
  }};
  asio::thread_pool pool{pool_size()};
};

TEST_F(Http2Threads, one_client_serves_coroutines_of_a_whole_pool) {
  std::atomic<int> own_tokens{0};
  {
    client c{pool.get_executor(), options_for(api)};
    const auto user = [&](std::string account) -> asio::awaitable<void> {
      for (int i = 0; i < 20; ++i) {
        const auto minted = co_await c.mint({.account = account});
        own_tokens += minted && account_in(minted->value()) == account;
      }
    };
    std::vector<std::future<void>> users;
    for (const auto& account : accounts(32))
      users.push_back(asio::co_spawn(pool, user(account), asio::use_future));
    for (auto& each : users) each.get();
    EXPECT_EQ(c.stats().minted, 640u);
    EXPECT_GE(c.stats().http2_connections, 1u);
  }
  pool.join();
  EXPECT_EQ(own_tokens, 640);
}

TEST_F(Http2Threads, cancels_and_replies_may_cross) {
  std::atomic<int> ended{0};
  {
    client c{pool.get_executor(), options_for(api)};
    for (int i = 0; i < 200; ++i) {
      auto strand = asio::make_strand(pool.get_executor());
      auto signal = std::make_shared<asio::cancellation_signal>();
      asio::post(strand, [&c, &ended, strand, signal] {
        auto handler =
            asio::bind_cancellation_slot(signal->slot(), [&ended, signal](mint_result) { ++ended; });
        c.async_mint({.account = "se-1"}, asio::bind_executor(strand, std::move(handler)));
      });
      if (i % 3 == 0) asio::post(strand, [signal] { signal->emit(asio::cancellation_type::terminal); });
    }
    while (ended < 200) std::this_thread::yield();
    // No place on a connection was lost with a cancelled mint.
    std::vector<std::future<mint_result>> after;
    for (const auto& account : accounts(40))
      after.push_back(c.async_mint({.account = account}, asio::use_future));
    for (auto& each : after) EXPECT_EQ(name_of(each.get()), "minted");
  }
  pool.join();
}

TEST_F(Http2Threads, client_may_be_destroyed_amid_its_streams) {
  std::atomic<int> ended{0};
  {
    client c{pool.get_executor(), options_for(api)};
    for (int i = 0; i < 100; ++i) c.async_mint({.account = "se-1"}, [&](mint_result) { ++ended; });
    while (api.requests() < 5) std::this_thread::yield();
  }
  pool.join();
  EXPECT_EQ(ended, 100);
}

}  // namespace
}  // namespace ephemint::test
