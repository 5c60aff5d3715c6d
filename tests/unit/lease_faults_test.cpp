// What a member of a shared quota does when its store fails: at a single command, for good, or by wrong
// answers.
#include "support/lease_world.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using core::never;
using core::time_point;
using status = redis::store_answer::status;
using verdict = admission::verdict;

constexpr quota forty = quota::declared(40, 4s);

// --- one command fails

struct ending {
  std::uint64_t commands = 0;
  std::size_t refused = 0;
};

/// Logins on one machine, a batch on another; in the middle the API refuses all requests for a second.
ending day_with_fault(std::uint64_t lost, std::uint64_t unheard) {
  const std::string which = "lost " + std::to_string(lost) + ", unheard " + std::to_string(unheard);
  lease_world world{forty, 17};
  world.lost_command = lost;
  world.unheard_command = unheard;
  lease_machine& logins = world.add(world.usual());
  lease_machine& batch = world.add(world.usual());
  batch.batch = 50;
  batch.go(world.now());
  for (int i = 0; i < 10; ++i)
    world.after(i * 150ms, [&](time_point at) {
      ++logins.logins;
      logins.go(at);
    });
  world.after(2500ms, [&](time_point at) {
    world.api_refuses_until = at + 1s;
    ++logins.logins;  // which hears it
    logins.go(at);
  });
  world.run_for(40s);
  EXPECT_EQ(batch.batch + logins.logins, 0u) << which << ": it goes on";
  EXPECT_EQ(batch.in_flight + logins.in_flight, 0u) << which;
  EXPECT_LE(world.most_in_any_window(), forty.requests()) << which;
  std::size_t held = 0;
  for (const auto& m : world.machines) {
    EXPECT_FALSE(m->governor().figures(world.now()).away) << which;
    held += m->governor().figures(world.now()).held;
  }
  EXPECT_EQ(static_cast<std::size_t>(world.state()->held()), held) << which << ": every permit comes back";
  return {world.commands, logins.refused + batch.refused};
}

TEST(lease_faults, command_that_fails_loses_no_permit_whichever_it_is) {
  const ending usual = day_with_fault(0, 0);
  ASSERT_GT(usual.commands, 20u);
  ASSERT_GE(usual.refused, 1u) << "or no 429 and no probe was among them";
  for (std::uint64_t n = 1; n <= usual.commands; n += test::one_seed_in()) {
    day_with_fault(n, 0);
    day_with_fault(0, n);
  }
}

// --- nothing is sent without the store

class member_that_shares : public testing::Test {
 protected:
  explicit member_that_shares(bool stops = false)
      : g{[&] {
          redis::leasing_governor::settings s;
          s.rate = forty;
          s.key = "k";
          s.stop_if_lost = stops;
          return s;
        }()} {}

  static redis::store_answer granting(std::uint64_t logins) {
    return {.epoch = "e", .revision = 1, .members = 1, .limit = 40, .free = 40, .logins = logins};
  }
  void fail_for(core::duration span, const std::string& why = "connection refused") {
    for (const time_point end = now + span; now < end; now += 10ms)
      while (const auto call = g.next_call(now)) g.on_failure(now, call->number, why);
  }
  void answer(const redis::store_answer& a) {
    for (int i = 0; i < 10'000; ++i, now += 1ms)
      if (const auto call = g.next_call(now)) return g.on_answer(now, call->number, a);
    ADD_FAILURE() << "no command";
  }
  time_point told() {
    const admission a = g.try_acquire(now, login);
    if (a.what != verdict::granted) return a.not_before;
    g.give_back(now, a.granted_permit);
    return now;
  }

  redis::leasing_governor g;
  const std::uint32_t client = g.join();
  const permit_request login{priority::interactive, "a", client};
  time_point now{1000s};
};

class member_that_stops : public member_that_shares {
 protected:
  member_that_stops() : member_that_shares{true} {}
};

TEST_F(member_that_stops, says_never_while_the_store_was_not_reached_once) {
  EXPECT_EQ(g.trouble(), "quota store unreachable: it hasn't answered yet");
  fail_for(200ms);
  EXPECT_EQ(told(), never);
  EXPECT_EQ(g.estimate(now, login, 0), never);
  EXPECT_EQ(g.trouble(), "quota store unreachable: connection refused");
  fail_for(10min);
  EXPECT_EQ(told(), never);
}

TEST_F(member_that_stops, waits_five_minutes_for_a_store_that_it_has_known) {
  answer(granting(1));
  EXPECT_EQ(told(), now);
  EXPECT_EQ(g.trouble(), "");
  const time_point lost = now;
  now += 5s;  // its lease is over
  fail_for(3s);
  const time_point until = told();
  EXPECT_GE(until, lost + 5min);
  EXPECT_LE(until, now + 5min);
  EXPECT_EQ(g.estimate(now, login, 3), until);
  EXPECT_EQ(g.trouble(), "quota store unreachable: connection refused");
  fail_for(until - now - 1s);
  EXPECT_EQ(told(), until) << "it is the same to its end";
  fail_for(2s);
  EXPECT_EQ(told(), never);
}

TEST_F(member_that_stops, goes_on_when_the_store_is_back) {
  answer(granting(1));
  fail_for(10s);
  ASSERT_GT(told(), now + 1min);
  answer(granting(1));
  answer(granting(1));
  EXPECT_EQ(told(), now);
  EXPECT_EQ(g.trouble(), "");
  EXPECT_FALSE(g.lost());
}

// --- answers that can't be used

TEST_F(member_that_shares, answer_of_no_use_counts_as_lost_and_says_why) {
  struct row {
    status what;
    std::uint64_t theirs;
    const char* words;
  };
  for (const row& r : {row{status::version, 2, "its state is of version 2, this build speaks 1"},
                       row{status::window, 60000, "it counts windows of 60000 ms, this is one of 4000 ms"},
                       row{status::full, 0, "it keeps no more members"}}) {
    answer(granting(0));
    EXPECT_FALSE(g.lost()) << r.words;
    EXPECT_TRUE(g.figures(now).answered) << r.words;
    redis::store_answer a;
    a.what = r.what;
    a.theirs = r.theirs;
    answer(a);
    EXPECT_TRUE(g.lost());
    EXPECT_FALSE(g.figures(now).answered);
    EXPECT_EQ(g.figures(now).last_error, r.words);
    EXPECT_EQ(told(), now) << "it has a share";
  }
  answer(granting(0));
  EXPECT_FALSE(g.lost());
}

TEST_F(member_that_stops, tells_those_who_wait_what_is_wrong_with_the_answer) {
  redis::store_answer a;
  a.what = status::version;
  a.theirs = 2;
  answer(a);
  EXPECT_EQ(told(), never);
  EXPECT_EQ(g.trouble(), "quota store unreachable: its state is of version 2, this build speaks 1");
}

TEST_F(member_that_shares, state_that_becomes_whole_is_not_lost) {
  redis::store_answer a = granting(0);
  a.now = redis::store_answer::mode::recover;
  a.ask_again = 200ms;
  answer(a);
  EXPECT_TRUE(g.figures(now).away);
  EXPECT_FALSE(g.lost()) << "a server that has just started is no loss";
  answer(granting(0));
  EXPECT_FALSE(g.lost());
}

TEST_F(member_that_shares, store_is_lost_until_its_state_is_whole) {
  answer(granting(0));
  fail_for(3s);
  EXPECT_TRUE(g.lost());
  redis::store_answer a = granting(0);
  a.now = redis::store_answer::mode::recover;
  a.ask_again = 200ms;
  answer(a);
  EXPECT_TRUE(g.lost());
  answer(granting(0));
  EXPECT_FALSE(g.lost());
}

TEST(lease_faults, loss_is_told_of_accounts_that_are_remembered) {
  redis::leasing_governor::settings s;
  s.rate = forty;
  s.scope = quota_scope::per_account;
  s.key_of_account = [](std::string_view account) { return std::string{account}; };
  redis::leasing_governor g{s};
  const std::uint32_t client = g.join();
  time_point now{1000s};
  g.try_acquire(now, {priority::interactive, "a", client});
  const auto call = g.next_call(now);
  ASSERT_TRUE(call);
  redis::store_answer a;
  a.what = status::version;
  a.theirs = 2;
  g.on_answer(now, call->number, a);
  EXPECT_TRUE(g.lost());
  for (int i = 0; i < 20'000 && g.lost(); ++i) {  // others come, and the store forgets it
    const admission one = g.try_acquire(now += 10ms, {priority::interactive, std::to_string(i), client});
    if (one.what == verdict::granted) g.give_back(now, one.granted_permit);
    while (const auto next = g.next_call(now))
      g.on_answer(now, next->number,
                  {.epoch = "e",
                   .revision = 1,
                   .members = 1,
                   .limit = 40,
                   .free = 40,
                   .logins = next->call.want_logins});
  }
  EXPECT_FALSE(g.lost());
}

}  // namespace
}  // namespace ephemint::test
