// The client's estimate of a mint's wait, compared with the real wait.
#include "support/client_run.hpp"

#include <cstddef>
#include <optional>

namespace ephemint {
namespace {

using namespace test;

constexpr auto window = 400ms;
constexpr std::uint64_t permits = 20;
constexpr int batch_size = 100;  // five windows' worth

/// A client with a quota, during a batch for other accounts that has used it up.
template <class Body>
void beside_a_batch(Body body) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.rate = quota::declared(permits, window);
    client c{co_await asio::this_coro::executor, std::move(options)};
    int left = batch_size;
    std::optional<clock::time_point> batch_over;
    for (int i = 0; i < batch_size; ++i) {
      const std::string account = "se-" + std::to_string(i);
      c.async_mint({account_id{account}, priority::background, no_deadline}, [&](mint_result r) {
        EXPECT_TRUE(r);
        if (--left == 0) batch_over = clock::now();
      });
    }
    co_await pause_for(100ms);
    EXPECT_GT(left, batch_size / 2);
    co_await body(c);
    while (left > 0) co_await pause_for(20ms);
  });
}

TEST(Estimate, login_beside_a_batch_hardly_waits_and_is_told_so) {
  beside_a_batch([](client& c) -> asio::awaitable<void> {
    const auto told = c.estimate(priority::interactive);
    EXPECT_LT(told, window + 100ms) << "as if the batch went before it";
    const auto asked = clock::now();
    const auto minted = co_await c.mint({.account = "se-login"});
    const auto took = clock::now() - asked;
    EXPECT_TRUE(minted);
    EXPECT_LT(took, told + 300ms);
  });
}

TEST(Estimate, one_more_mint_of_a_batch_is_told_how_long_the_batch_takes) {
  beside_a_batch([](client& c) -> asio::awaitable<void> {
    const auto told = c.estimate(priority::background);
    const mint_request last{"se-last", priority::background, no_deadline};
    const auto asked = clock::now();
    const auto minted = co_await c.mint(last);
    const auto took = clock::now() - asked;
    EXPECT_TRUE(minted);
    EXPECT_GT(told, 2 * window);
    EXPECT_LT(took, told + window);
    EXPECT_GT(took, told - window);
  });
}

TEST(Estimate, idle_client_says_nothing) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.rate = quota::declared(permits, window);
    client c{co_await asio::this_coro::executor, std::move(options)};
    EXPECT_EQ(c.estimate(priority::interactive), 0s);
    EXPECT_EQ(c.estimate(priority::background), 0s);
  });
}

TEST(Estimate, those_who_stand_before_it_go_first) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.rate = quota::declared(permits, window);
    auto by_account = options;
    by_account.scope = quota_scope::per_account;
    client c{co_await asio::this_coro::executor, std::move(options)};
    client alone{co_await asio::this_coro::executor, std::move(by_account)};
    EXPECT_GE(c.estimate(priority::interactive, permits), window - 100ms);
    EXPECT_GE(c.estimate(priority::interactive, 5 * permits), 4 * window);
    EXPECT_GE(c.estimate(priority::background, ~std::size_t{0}), 24h);
    EXPECT_EQ(c.estimate(priority::interactive), 0s) << "nobody has asked";
    EXPECT_EQ(alone.estimate(priority::interactive, 5 * permits), 0s) << "each account has its own";
  });
}

}  // namespace
}  // namespace ephemint
