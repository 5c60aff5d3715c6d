// The leasing governor, as its clients and its driver see it.
#include "support/lease_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using core::time_point;
using verdict = admission::verdict;

constexpr quota forty = quota::declared(40, 4s);

redis::leasing_governor::settings settings(quota_scope scope = quota_scope::per_api_key) {
  redis::leasing_governor::settings s;
  s.rate = forty;
  s.scope = scope;
  s.key = "k";
  s.key_of_account = [](std::string_view account) { return "k:" + std::string{account}; };
  return s;
}

struct ear final : quota_listener {
  void quota_changed() noexcept override { ++heard; }
  int heard = 0;
};
struct bell final : redis::lease_driver {
  void calls_due() noexcept override { ++rung; }
  int rung = 0;
};

redis::store_answer granting(std::uint64_t logins) {
  return {.epoch = "e", .revision = 1, .members = 1, .limit = 40, .free = 40, .logins = logins};
}

TEST(leasing_governor, driver_is_called_once_until_it_looks) {
  redis::leasing_governor g{settings()};
  const auto b = std::make_shared<bell>();
  g.set_driver(b);
  const auto client = g.join();
  EXPECT_EQ(b->rung, 1) << "a spare is there before the first login";
  const time_point now{1000s};
  g.try_acquire(now, {priority::interactive, "a", client});
  EXPECT_EQ(b->rung, 1);
  ASSERT_TRUE(g.next_call(now));
  EXPECT_FALSE(g.next_call(now)) << "one a key";
  EXPECT_EQ(g.wake_at(), core::never);
}

TEST(leasing_governor, client_that_waits_is_woken_when_permits_come) {
  redis::leasing_governor g{settings()};
  const auto e = std::make_shared<ear>();
  const auto client = g.join(e);
  const time_point now{1000s};
  ASSERT_EQ(g.try_acquire(now, {priority::interactive, "a", client}).what, verdict::later);
  const auto call = g.next_call(now);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->call.want_logins, 1u);
  g.on_answer(now + 1ms, call->number, granting(1));
  EXPECT_EQ(e->heard, 1);
  EXPECT_EQ(g.try_acquire(now + 1ms, {priority::interactive, "a", client}).what, verdict::granted);
}

TEST(leasing_governor, answer_to_no_command_is_nothing) {
  redis::leasing_governor g{settings()};
  g.on_answer(time_point{1000s}, 77, granting(9));
  g.on_failure(time_point{1000s}, 77, "why");
  EXPECT_EQ(g.figures(time_point{1000s}).held, 0u);
  EXPECT_EQ(g.figures(time_point{1000s}).lost, 0u);
}

TEST(leasing_governor, nobody_is_told_to_come_within_a_millisecond) {
  redis::leasing_governor g{settings()};
  const auto client = g.join();
  time_point now{1000s};
  for (int i = 0; i < 2000; ++i) {
    const admission a = g.try_acquire(now, {priority::interactive, "a", client});
    if (a.what == verdict::later) {
      ASSERT_GE(a.not_before, now + 1ms);
      now = std::min(a.not_before, now + 50ms);
    } else {
      g.on_reply(now += 1ms, a.granted_permit, {permit_use::admitted, "a", now - 1ms, {}});
    }
    while (const auto call = g.next_call(now)) g.on_failure(now += 1ms, call->number, "away");
  }
  EXPECT_TRUE(g.figures(now).away);
  EXPECT_EQ(g.figures(now).share, 4);
  EXPECT_EQ(g.figures(now).last_error, "away");
}

TEST(leasing_governor, permit_comes_back_once) {
  redis::leasing_governor g{settings()};
  const auto client = g.join();
  const time_point now{1000s};
  const auto call = g.next_call(now);
  g.on_answer(now, call->number, granting(2));
  const admission a = g.try_acquire(now, {priority::interactive, "a", client});
  ASSERT_EQ(a.what, verdict::granted);
  g.give_back(now, a.granted_permit);
  g.give_back(now, a.granted_permit);
  EXPECT_EQ(g.figures(now).held, 2u);
}

TEST(leasing_governor, estimate_follows_lease_and_fallback) {
  redis::leasing_governor g{settings()};
  const auto client = g.join();
  time_point now{1000s};
  const permit_request login{priority::interactive, "a", client};
  const auto call = g.next_call(now);
  redis::store_answer a = granting(2);
  a.free = 0;
  g.on_answer(now, call->number, a);
  EXPECT_EQ(g.estimate(now, login, 0), now);
  EXPECT_EQ(g.estimate(now, login, 1), now);
  EXPECT_GT(g.estimate(now, login, 2), now);
  EXPECT_GE(g.estimate(now, login, 42), now + 3900ms) << "a window's";
  EXPECT_LE(g.estimate(now, login, 42), now + 9s);
}

TEST(leasing_governor, each_account_has_a_count_of_its_own) {
  redis::leasing_governor g{settings(quota_scope::per_account)};
  const auto client = g.join();
  const time_point now{1000s};
  for (const char* account : {"a", "b", "c"})
    EXPECT_EQ(g.try_acquire(now, {priority::interactive, account, client}).what, verdict::later);
  std::vector<redis::leasing_governor::outgoing> calls;
  while (auto call = g.next_call(now)) calls.push_back(*std::move(call));
  ASSERT_EQ(calls.size(), 3u);
  redis::store_answer paused = granting(0);
  paused.now = redis::store_answer::mode::pause;
  paused.pause_left = 2s;
  for (const auto& call : calls) g.on_answer(now, call.number, call.key == "k:b" ? paused : granting(1));
  EXPECT_EQ(g.try_acquire(now, {priority::interactive, "a", client}).what, verdict::granted);
  EXPECT_EQ(g.try_acquire(now, {priority::interactive, "b", client}).what, verdict::later);
  EXPECT_EQ(g.try_acquire(now, {priority::interactive, "c", client}).what, verdict::granted);
}

TEST(leasing_governor, no_more_than_64_commands_are_out) {
  redis::leasing_governor g{settings(quota_scope::per_account)};
  const auto client = g.join();
  const time_point now{1000s};
  for (int i = 0; i < 100; ++i) g.try_acquire(now, {priority::interactive, std::to_string(i), client});
  std::vector<std::uint64_t> out;
  while (const auto call = g.next_call(now)) out.push_back(call->number);
  EXPECT_EQ(out.size(), 64u);
  EXPECT_EQ(g.wake_at(), core::never) << "no spin";
  g.on_answer(now, out[0], granting(1));
  EXPECT_TRUE(g.next_call(now));
}

TEST(leasing_governor, accounts_that_stay_away_are_forgotten) {
  redis::leasing_governor g{settings(quota_scope::per_account)};
  const auto client = g.join();
  time_point now{1000s};
  std::size_t commands = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += 10ms;
    const std::string account = "account " + std::to_string(i);
    g.try_acquire(now, {priority::interactive, account, client});
    while (const auto call = g.next_call(now)) {
      ++commands;
      g.on_answer(now, call->number, granting(call->call.want_logins));
    }
    const admission a = g.try_acquire(now, {priority::interactive, account, client});
    ASSERT_EQ(a.what, verdict::granted);
    g.on_reply(now + 5ms, a.granted_permit, {permit_use::admitted, account, now, {}});
  }
  EXPECT_LE(commands, 60'000u) << "one to be given it, one to tell of it";
}

TEST(leasing_governor, pause_of_one_machine_is_every_machines) {
  lease_world world{forty, 3};
  for (int i = 0; i < 4; ++i) {
    lease_machine& m = world.add(world.usual());
    m.batch = 10'000;
    m.go(world.now());
  }
  world.run_for(8s);
  world.api_refuses_until = world.now() + 3s;
  world.run_for(1s);
  const std::size_t begun = world.sent();
  world.run_for(1900ms);
  EXPECT_EQ(world.sent(), begun) << "all are silent";
  world.run_for(12s);
  EXPECT_GE(world.sent() - begun, 60u);
  std::size_t refused = 0;
  for (const auto& m : world.machines) refused += m->refused;
  EXPECT_LE(refused, 12u) << "what was on its way, and a probe";
  EXPECT_LE(world.most_in_any_window(), forty.requests());
}

TEST(leasing_governor, login_beside_a_batch_elsewhere_waits_for_a_round_trip_at_most) {
  lease_world world{quota::declared(400, 4s), 5};
  world.add(world.usual()).batch = 10'000;
  lease_machine& logins = world.add(world.usual());
  world.run_for(1s);
  int soon = 0;
  for (int i = 0; i < 20; ++i) {
    ++logins.logins;
    logins.go(world.now());
    world.run_for(6ms);
    soon += logins.logins == 0;
    world.run_for(400ms);
  }
  EXPECT_GE(soon, 19);
}

TEST(leasing_governor, login_waits_for_no_command_while_there_is_quota) {
  lease_world world{quota::declared(400, 4s), 5};
  lease_machine& logins = world.add(world.usual());
  world.add(world.usual());
  world.run_for(1s);
  for (int i = 0; i < 20; ++i) {
    ++logins.logins;
    logins.go(world.now());
    EXPECT_EQ(logins.logins, 0u) << i;
    world.run_for(400ms);
  }
}

// behaviours: L10
TEST(leasing_governor, quota_stands_as_the_store_says_and_as_we_have_used_it_since) {
  redis::leasing_governor g{settings()};
  const auto client = g.join();
  time_point now{1000s};
  EXPECT_EQ(g.state(now), (quota_state{.in_force = forty})) << "nobody has said anything else";
  const auto call = g.next_call(now);
  auto answer = granting(2);
  answer.counted = 17;
  answer.limit = 36.5;
  g.on_answer(now, call->number, answer);
  const quota in_force = quota::declared(36, 4s);
  EXPECT_EQ(g.state(now), (quota_state{.in_force = in_force, .used = 17}));
  const admission a = g.try_acquire(now, {priority::interactive, "a", client});
  ASSERT_EQ(a.what, verdict::granted);
  EXPECT_EQ(g.state(now).used, 18u) << "in flight";
  now += 80ms;
  g.on_reply(now, a.granted_permit, {permit_use::admitted, "a", now - 80ms, {}});
  EXPECT_EQ(g.state(now).used, 18u) << "charged, and not told yet";
  EXPECT_EQ(g.state(now + 4s).used, 1u) << "what the store said is too old to count, our own use isn't yet";
  EXPECT_EQ(g.state(now + 5s).used, 0u);
}

TEST(leasing_governor, pause_of_another_member_is_a_pause) {
  redis::leasing_governor g{settings()};
  g.join();
  const time_point now{1000s};
  const auto call = g.next_call(now);
  auto answer = granting(0);
  answer.now = redis::store_answer::mode::pause;
  answer.pause_left = 3s;
  g.on_answer(now, call->number, answer);
  EXPECT_GE(g.state(now).pause, 3s);
  EXPECT_LE(g.state(now).pause, 3250ms);
  EXPECT_FALSE(g.state(now).probing) << "another one probes, when it is time";
}

// behaviours: L10
TEST(leasing_governor, without_the_store_the_quota_is_our_share_of_it) {
  for (const bool stops : {false, true}) {
    auto s = settings();
    s.stop_if_lost = stops;
    redis::leasing_governor g{s};
    g.join();
    time_point now{1000s};
    while (!g.figures(now).away) {
      now += 100ms;
      while (const auto call = g.next_call(now)) g.on_failure(now, call->number, "away");
    }
    const std::optional<quota> in_force = stops ? std::nullopt : std::optional{quota::declared(4, 4s)};
    EXPECT_EQ(g.state(now), (quota_state{.in_force = in_force})) << "a tenth; or nothing, and so none";
  }
}

TEST(leasing_governor, quota_of_each_account_is_told_as_it_was_given) {
  redis::leasing_governor g{settings(quota_scope::per_account)};
  const auto client = g.join();
  const time_point now{1000s};
  g.try_acquire(now, {priority::interactive, "a", client});
  const auto call = g.next_call(now);
  auto answer = granting(1);
  answer.counted = 17;
  g.on_answer(now, call->number, answer);
  EXPECT_EQ(g.state(now), (quota_state{.in_force = forty}));
}

}  // namespace
}  // namespace ephemint::test
