// The state of a quota, as its governor reports it.
#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <vector>

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using verdict = admission::verdict;

/// One client of one governor, and the time.
struct asker {
  explicit asker(quota q, quota_scope scope = quota_scope::per_api_key)
      : governor{make_rate_governor(q, scope, 1)}, client{governor->join()} {}

  admission ask(std::string_view account = "a") {
    return governor->try_acquire(now, {priority::interactive, account, client});
  }
  /// Asks until it is granted, moving the time to what the answer says.
  permit take(std::string_view account = "a") {
    for (;;) {
      const admission a = ask(account);
      if (a.what == verdict::granted) return a.granted_permit;
      now = a.not_before;
    }
  }
  void reply(permit p, permit_use use = permit_use::admitted,
             std::optional<clock::duration> retry_after = {}) {
    governor->on_reply(now, p, {use, "a", now - 80ms, retry_after});
  }
  /// One whole request of 80 ms.
  void mint(permit_use use = permit_use::admitted, std::optional<clock::duration> retry_after = {},
            std::string_view account = "a") {
    const permit p = take(account);
    now += 80ms;
    reply(p, use, retry_after);
  }
  quota_state state() const { return governor->state(now); }

  std::shared_ptr<rate_governor> governor;
  std::uint32_t client;
  clock::time_point now{100s};
};

TEST(quota_state, new_governor_says_what_it_was_given) {
  for (const quota q : {production_quota, quota::automatic(), quota::unlimited()})
    for (const auto scope : {quota_scope::per_api_key, quota_scope::per_account})
      EXPECT_EQ((asker{q, scope}.state()), (quota_state{.in_force = q}));
}

// behaviours: R18
TEST(quota_state, used_is_what_the_window_holds_and_what_is_in_flight) {
  asker a{quota::declared(5, 60s)};
  const permit first = a.take(), second = a.take(), third = a.take();
  EXPECT_EQ(a.state().used, 3u);
  a.governor->give_back(a.now, third);
  a.now += 80ms;
  a.reply(first);
  EXPECT_EQ(a.state().used, 2u);
  a.now += 60s;
  EXPECT_EQ(a.state().used, 2u) << "a use is dated a little behind its reply";
  a.now += 10ms;
  EXPECT_EQ(a.state().used, 1u) << "one is still in flight";
  a.reply(second);
  EXPECT_EQ(a.state().used, 1u);
  EXPECT_EQ(a.state().in_force, quota::declared(5, 60s));
}

TEST(quota_state, without_a_limit_nothing_counts) {
  asker a{quota::unlimited()};
  for (int i = 0; i < 9; ++i) a.mint();
  EXPECT_EQ(a.state(), (quota_state{.in_force = quota::unlimited()}));
}

// behaviours: R1, R18
TEST(quota_state, pause_is_told_to_its_end_then_the_probe_then_nothing_any_more) {
  for (const quota q : {production_quota, quota::automatic(), quota::unlimited()}) {
    asker a{q};
    a.mint(permit_use::rate_limited, 2s);
    const auto pause = a.state().pause;
    EXPECT_GE(pause, 2s);
    EXPECT_LE(pause, 2250ms);
    a.now += 1500ms;
    EXPECT_EQ(a.state().pause, pause - 1500ms);
    EXPECT_FALSE(a.state().probing);
    a.now += 1s;
    EXPECT_EQ(a.state().pause, 0s);
    const permit undone = a.take();
    EXPECT_TRUE(a.state().probing);
    a.governor->give_back(a.now, undone);
    EXPECT_FALSE(a.state().probing) << "another one is to look";
    const permit probe = a.take();
    EXPECT_TRUE(a.state().probing);
    a.now += 80ms;
    a.reply(probe);
    EXPECT_FALSE(a.state().probing);
    EXPECT_EQ(a.state().pause, 0s);
  }
}

TEST(quota_state, refused_probe_is_the_next_pause) {
  asker a{production_quota};
  a.mint(permit_use::rate_limited, 2s);
  a.now += 3s;
  a.mint(permit_use::rate_limited, 30s);
  EXPECT_GE(a.state().pause, 30s);
  EXPECT_FALSE(a.state().probing);
}

// behaviours: R18
TEST(quota_state, declared_quota_is_the_learnt_one_where_the_server_admits_less) {
  asker a{production_quota};
  for (int i = 0; i < 150; ++i, a.now += 300ms) a.mint();
  a.mint(permit_use::rate_limited, 2s);
  const auto known = a.state().in_force;
  ASSERT_TRUE(known);
  EXPECT_EQ(known->how(), quota::mode::declared);
  EXPECT_EQ(known->window(), 60s);
  EXPECT_LT(known->requests(), 200u);
  EXPECT_GT(known->requests(), 100u);
}

TEST(quota_state, quota_that_is_found_out_is_the_one_found) {
  asker a{quota::automatic()};
  for (const auto end = a.now + 10min; a.now < end;) a.mint();
  const auto grown = a.state().in_force;
  ASSERT_TRUE(grown);
  EXPECT_EQ(grown->how(), quota::mode::automatic);
  EXPECT_GT(grown->requests(), 200u);
  a.mint(permit_use::rate_limited, 2s);
  EXPECT_LT(a.state().in_force->requests(), grown->requests());
}

TEST(quota_state, of_accounts_counts_only_what_holds_for_all_is_told) {
  for (const quota q : {production_quota, quota::automatic()}) {
    asker a{q, quota_scope::per_account};
    for (int i = 0; i < 9; ++i) a.mint();
    a.mint(permit_use::rate_limited, 30s);
    EXPECT_EQ(a.state(), (quota_state{.in_force = q}));
  }
}

// behaviours: R18
TEST(quota_state, looking_changes_nothing) {
  asker looked_at{quota::automatic()}, left_alone{quota::automatic()};
  for (int i = 0; i < 3000; ++i) {
    const bool refused = i % 700 == 699;
    for (asker* a : {&looked_at, &left_alone})
      a->mint(refused ? permit_use::rate_limited : permit_use::admitted);
    for (auto later = 0s; later < 120s; later += 7s) looked_at.governor->state(looked_at.now + later);
    ASSERT_EQ(looked_at.now, left_alone.now) << i;
  }
}

}  // namespace
}  // namespace ephemint
