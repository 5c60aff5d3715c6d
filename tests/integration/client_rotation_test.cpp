// The key is replaced while requests are under way.
#include "shell/credential_access.hpp"
#include "support/client_run.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
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

/// A client over each protocol.
class RotationOver : public testing::TestWithParam<http2_use> {
 protected:
  void SetUp() override {
    if (GetParam() == http2_use::only && !sandbox::server{}.speaks_http2())
      GTEST_SKIP() << "this build is without nghttp2";
  }
  static client_options options_for(const sandbox::server& api) {
    client_options options = test::options_for(api);
    options.http2 = GetParam();
    options.max_attempts = 1;  // what a refusal cost would be seen
    options.retry_budget = 0;
    options.deadline = no_deadline;
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(each_protocol, RotationOver, testing::Values(http2_use::never, http2_use::only),
                         [](const auto& tested) {
                           return tested.param == http2_use::only ? "http2" : "http1";
                         });

// behaviours: X6, K1
TEST_P(RotationOver, leaves_no_request_to_the_old_key_and_fails_no_mint) {
  sandbox::server_options so;
  so.jitter = 3ms;
  sandbox::server api{so};
  asio::io_context context;
  client c{context, options_for(api)};
  steady_load load{c, 2'000};
  std::vector<std::string> keys{api.api_key()};
  std::vector<std::uint64_t> sent_before{0};  // each of them
  load.on_token = [&](int minted) {
    if (minted % 100 != 0) return;
    keys.push_back("TEST_renewed-" + std::to_string(keys.size()));
    api.set_api_key(keys.back());  // requests under way are refused from here on
    c.set_api_key(secret{keys.back()});
    sent_before.push_back(c.stats().requests);
  };
  load.begin(32);
  context.run_for(30s);
  EXPECT_EQ(load.failures, std::vector<std::string>{});
  EXPECT_EQ(load.minted, 2'000);
  const auto seen = api.stats();
  EXPECT_GT(seen.requests, seen.minted) << "nothing was out when the key changed: nothing was shown";
  EXPECT_EQ(seen.requests, c.stats().requests);
  EXPECT_EQ(c.stats().retries, seen.requests - seen.minted);
  ASSERT_EQ(keys.size(), 21u);
  sent_before.push_back(seen.requests);
  for (std::size_t i = 0; i < keys.size(); ++i)
    EXPECT_EQ(seen.requests_by_key.at(keys[i]), sent_before[i + 1] - sent_before[i])
        << "key " << i << ": of these, none left after it was replaced";
  EXPECT_EQ(seen.requests_by_other_keys, 0u);
}

// behaviours: X6, K1
TEST_P(RotationOver, from_another_thread_fails_no_mint) {
  sandbox::server api;
  asio::thread_pool pool{thread_count()};
  constexpr int all = 800, rotations = 20;
  std::atomic<int> minted{0}, ended{0};
  std::vector<std::string> keys{api.api_key()};
  std::vector<std::uint64_t> sent_by_then;
  {
    client c{pool.get_executor(), options_for(api)};
    const auto user = [&](std::string account) -> asio::awaitable<void> {
      for (int i = 0; i < all / 32; ++i) {
        const auto r = co_await c.mint({.account = account});
        minted += r.has_value();
        ++ended;
      }
    };
    std::vector<std::future<void>> users;
    for (const auto& account : accounts(32))
      users.push_back(asio::co_spawn(pool, user(account), asio::use_future));
    for (int i = 1; i <= rotations; ++i) {
      while (ended < i * all / (rotations + 1)) std::this_thread::yield();
      keys.push_back("TEST_renewed-" + std::to_string(i));
      api.add_api_key(keys.back());
      c.set_api_key(secret{keys.back()});
      api.set_api_key(keys.back());
      // After this one, everything that another thread was writing meanwhile has been sent.
      const auto r = c.async_mint({.account = "se-rotated"}, asio::use_future).get();
      EXPECT_EQ(name_of(r), "minted");
      sent_by_then.push_back(c.stats().requests);
    }
    for (auto& each : users) each.get();
    EXPECT_EQ(api.stats().requests, c.stats().requests);
  }
  pool.join();
  EXPECT_EQ(minted, all);
  const auto seen = api.stats();
  EXPECT_EQ(seen.minted, static_cast<std::uint64_t>(all + rotations));
  EXPECT_EQ(seen.requests_by_other_keys, 0u);
  std::uint64_t with_older = 0;
  for (std::size_t i = 0; i < sent_by_then.size(); ++i) {
    with_older += seen.requests_by_key.at(keys[i]);
    EXPECT_LE(with_older, sent_by_then[i]) << "key " << i << " was in use after it was replaced";
  }
}

// behaviours: X4, K1
TEST_P(RotationOver, old_key_is_gone_once_no_request_has_it) {
  sandbox::server api{faulty({"delay=100ms,nth=2"})};
  asio::io_context context;
  std::string outcome;
  {
    client c{context, options_for(api)};
    const auto begin = [&] {
      outcome.clear();
      c.async_mint({.account = "se-1"}, [&](mint_result r) { outcome = name_of(r); });
    };
    const auto finish = [&] {
      const auto until = clock::now() + 10s;
      while (outcome.empty() && clock::now() < until) context.run_one_for(10ms);
      EXPECT_EQ(outcome, "minted");
    };
    const auto rotate = [&](const char* key) {
      const std::weak_ptr old{detail::credential_access::state(c.options().api_key)->current().text};
      api.add_api_key(key);
      c.set_api_key(secret{key});
      context.poll();
      return old;
    };
    begin();
    finish();
    EXPECT_TRUE(rotate("TEST_second").expired()) << "nothing is out";
    begin();
    ASSERT_EQ(c.stats().in_flight, 1u);
    const auto second = rotate("TEST_third");
    EXPECT_FALSE(second.expired()) << "a request is out with it";
    finish();
    EXPECT_TRUE(second.expired());
  }
  context.restart();
  context.run_for(10s);
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

}  // namespace
}  // namespace ephemint
