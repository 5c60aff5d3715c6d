// Run under ThreadSanitizer, on EPHEMINT_TEST_THREADS threads (4 unless set).
#include "support/client_run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace ephemint {
namespace {

using namespace test;

// behaviours: H4
TEST(Threads, one_client_serves_coroutines_of_a_whole_pool) {
  sandbox::server api;
  asio::thread_pool pool{thread_count()};
  std::atomic<int> minted{0};
  {
    client c{pool.get_executor(), options_for(api)};
    const auto user = [&](int n) -> asio::awaitable<void> {
      for (int i = 0; i < 10; ++i) {
        const std::string name = "se-" + std::to_string(n);
        auto r = co_await c.mint({.account = name});
        if (r) ++minted;
      }
    };
    std::vector<std::future<void>> users;
    for (int n = 0; n < 16; ++n) users.push_back(asio::co_spawn(pool, user(n), asio::use_future));
    for (auto& u : users) u.get();
    EXPECT_EQ(c.stats().minted, 160u);
  }
  pool.join();
  EXPECT_EQ(minted.load(), 160);
}

// behaviours: H4
TEST(Threads, a_handler_runs_on_its_own_executor) {
  sandbox::server api;
  asio::thread_pool home{thread_count()};
  asio::io_context foreign;
  std::thread::id ran_on;
  client c{home.get_executor(), options_for(api)};
  c.async_mint({.account = "se-1"}, asio::bind_executor(foreign.get_executor(), [&](mint_result) {
                 ran_on = std::this_thread::get_id();
               }));
  foreign.run();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Threads, cancels_and_completions_may_cross) {
  sandbox::server api;
  asio::thread_pool pool{thread_count()};
  std::atomic<int> ended{0};
  {
    client c{pool.get_executor(), options_for(api)};
    std::vector<std::shared_ptr<asio::cancellation_signal>> signals;
    for (int i = 0; i < 100; ++i) {
      auto strand = asio::make_strand(pool.get_executor());
      auto signal = std::make_shared<asio::cancellation_signal>();
      asio::post(strand, [&c, &ended, strand, signal] {
        auto handler =
            asio::bind_cancellation_slot(signal->slot(), [&ended, signal](mint_result) { ++ended; });
        c.async_mint({.account = "se-1"}, asio::bind_executor(strand, std::move(handler)));
      });
      if (i % 3 == 0) asio::post(strand, [signal] { signal->emit(asio::cancellation_type::terminal); });
    }
    while (ended.load() < 100) std::this_thread::yield();
  }
  pool.join();
  EXPECT_EQ(ended.load(), 100);
}

TEST(Threads, clients_on_threads_of_their_own_share_one_governor_and_one_quota) {
  sandbox::server_options so;
  so.limit = {.kind = sandbox::limiter_kind::sliding_window, .requests = 30, .window = 1s};
  sandbox::server api{so};
  const auto governor = make_rate_governor(quota::declared(30, 1s));
  std::vector<std::uint64_t> minted(thread_count());
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < minted.size(); ++n) {
    threads.emplace_back([&, n] {
      run([&]() -> asio::awaitable<void> {
        auto options = options_for(api);
        options.rate.reset();
        options.governor = governor;
        options.single_threaded = true;
        client c{co_await asio::this_coro::executor, std::move(options)};
        auto results = c.mint_many(std::vector<std::string>(20, "se-1"));
        while (auto next = co_await results.next()) minted[n] += next->result.has_value();
      });
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(minted, std::vector<std::uint64_t>(minted.size(), 20));
}

TEST(Threads, a_client_may_be_destroyed_from_another_thread) {
  sandbox::server api{faulty({"stall"})};
  asio::thread_pool pool{thread_count()};
  std::atomic<int> closed{0};
  {
    client c{pool.get_executor(), options_for(api)};
    for (int i = 0; i < 20; ++i)
      c.async_mint({.account = "se-1"}, [&](mint_result r) { closed += name_of(r) == "closed"; });
  }
  pool.join();
  EXPECT_EQ(closed.load(), 20);
}

}  // namespace
}  // namespace ephemint
