// The key is another one from now on, while requests are out.
#include "support/client_run.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <functional>
#include <thread>

namespace ephemint {
namespace {

using namespace test;

/// Callers that ask for one token after the other until `all` have come.
class steady_load {
 public:
  steady_load(client& c, int all) : client_{c}, left_{all} {}

  /// From the client's executor.
  void begin(int callers) {
    for (int i = 0; i < callers; ++i) ask();
  }
  std::function<void(int minted)> on_token = [](int) {};
  int minted = 0;
  std::vector<std::string> failures;

 private:
  void ask() {
    if (left_ == 0) return;
    --left_;
    client_.async_mint({.account = "se-1"}, [this](mint_result r) {
      if (!r) failures.push_back(name_of(r));
      if (r) on_token(++minted);
      ask();
      if (left_ == 0 && client_.stats().queued + client_.stats().in_flight == 0)
        client_.async_close([](const result<void>&) {});
    });
  }

  client& client_;
  int left_;
};

// behaviours: X6, K1
TEST(Rotation, under_load_costs_no_mint_and_each_refusal_of_an_old_key_is_tried_again_for_nothing) {
  sandbox::server_options so;
  so.jitter = 3ms;
  sandbox::server api{so};
  asio::io_context context;
  auto options = options_for(api);
  options.max_attempts = 1;  // what a refusal cost would be seen
  credential key = options.api_key;
  client c{context, std::move(options)};
  steady_load load{c, 2'000};
  int rotations = 0;
  load.on_token = [&, key](int minted) mutable {
    if (minted % 100 != 0) return;
    const std::string renewed = "TEST_renewed-" + std::to_string(++rotations);
    api.set_api_key(renewed);
    key.rotate(secret{renewed});
  };
  load.begin(32);
  context.run_for(30s);
  EXPECT_EQ(load.failures, std::vector<std::string>{});
  EXPECT_EQ(load.minted, 2'000);
  EXPECT_EQ(rotations, 20);
  const auto seen = api.stats();
  const std::uint64_t refused = seen.requests - seen.minted;
  EXPECT_GT(refused, 0u) << "nothing was out when the key changed: nothing was shown";
  EXPECT_LE(refused, 20u * 8u) << "more than was out on 8 connections";
}

// behaviours: X6, K1
TEST(Rotation, next_request_carries_the_new_key) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    credential key = options.api_key;
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "minted");
    key.rotate(secret{"TEST_not-the-key"});
    minted = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "unauthorized");
    EXPECT_EQ(api.stats().requests, 2u);
    key.rotate(secret{api.api_key()});
    minted = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "minted");
    EXPECT_EQ(api.stats().requests, 3u);
  });
}

// behaviours: X6, K1
TEST(Rotation, refusal_of_a_wrong_key_that_was_taken_back_meanwhile_is_tried_again) {
  sandbox::server api{faulty({"delay=100ms,count=1"})};
  auto options = options_for(api);
  options.max_attempts = 1;
  const std::string right{api.api_key()};
  credential key = options.api_key;
  key.rotate(secret{"TEST_not-the-key"});
  std::string outcome;
  asio::io_context context;
  {
    client c{context, std::move(options)};
    c.async_mint({.account = "se-1"}, [&](mint_result r) { outcome = name_of(r); });
    const auto until = clock::now() + 10s;
    while (api.stats().requests == 0 && clock::now() < until) context.run_one_for(5ms);
    key.rotate(secret{right});
    while (outcome.empty() && clock::now() < until) context.run_one_for(5ms);
  }
  context.restart();
  context.run_for(10s);
  EXPECT_EQ(outcome, "minted");
  EXPECT_EQ(api.stats().replies_by_status[401], 1u);
}

// behaviours: X6, K3
TEST(Rotation, gate_that_a_wrong_key_had_shut_opens_with_the_right_one) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    credential key = options.api_key;
    key.rotate(secret{"TEST_not-the-key"});
    client c{co_await asio::this_coro::executor, std::move(options)};
    for (const char* account : {"se-1", "se-2", "se-3", "se-4", "se-5", "se-6", "se-7", "se-8"}) {
      const auto refused = co_await c.mint({.account = account});
      EXPECT_EQ(name_of(refused), "unauthorized");
    }
    const auto before = api.stats().requests;
    EXPECT_LT(before, 8u) << "the gate never shut: nothing was shown";
    key.rotate(secret{api.api_key()});
    const auto minted = co_await c.mint({.account = "se-9"});
    EXPECT_EQ(name_of(minted), "minted");
    EXPECT_EQ(api.stats().requests, before + 1);
  });
}

// behaviours: X6, K1
TEST(Rotation, from_another_thread_under_load_costs_nothing) {
  sandbox::server api;
  asio::thread_pool pool{4};
  std::atomic<int> minted{0}, ended{0};
  constexpr int all = 400;
  {
    auto options = options_for(api);
    credential key = options.api_key;
    client c{pool.get_executor(), std::move(options)};
    for (int i = 0; i < all; ++i)
      asio::post(pool, [&] {
        c.async_mint({.account = "se-1"}, [&](const mint_result& r) {
          minted += r.has_value();
          ++ended;
        });
      });
    while (ended < all) {
      key.rotate(secret{api.api_key()});
      std::this_thread::yield();
    }
  }
  pool.join();
  EXPECT_EQ(minted.load(), all);
}

}  // namespace
}  // namespace ephemint
