// The reports to an observer about the quota and the key.
#include "shell/quota_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace ephemint::detail {
namespace {

using namespace std::chrono_literals;
using event = quota_report::event;
using events = std::vector<event>;

constexpr core::time_point start{1000s};
const quota_state calm{.in_force = production_quota};

quota_state paused(core::duration d, bool probing = false) {
  return {.in_force = production_quota, .pause = d, .probing = probing};
}

/// The results of two checks.
struct watched {
  events look(core::time_point now, const quota_state& q, bool key_refused = false) {
    const auto found = watch.look(now, q, key_refused);
    return {found.begin(), found.end()};
  }
  quota_watch watch{start, production_quota};
};

TEST(quota_watch, calm_is_no_news) {
  watched w;
  EXPECT_EQ(w.look(start + 1s, calm), events{});
}

TEST(quota_watch, pause_is_told_when_it_begins_grows_is_probed_and_ends) {
  watched w;
  EXPECT_EQ(w.look(start, paused(2s)), events{event::paused});
  EXPECT_EQ(w.look(start + 1s, paused(1s)), events{});
  EXPECT_EQ(w.look(start + 1s, paused(5s)), events{event::paused});
  EXPECT_EQ(w.look(start + 6s, paused(0s, true)), events{event::probing});
  EXPECT_EQ(w.look(start + 7s, paused(0s, true)), events{});
  EXPECT_EQ(w.look(start + 8s, calm), events{event::resumed});
  EXPECT_EQ(w.look(start + 9s, calm), events{});
}

TEST(quota_watch, probe_that_is_refused_is_another_pause) {
  watched w;
  w.look(start, paused(1s));
  w.look(start + 1s, paused(0s, true));
  EXPECT_EQ(w.look(start + 2s, paused(4s)), events{event::paused});
}

TEST(quota_watch, other_quota_is_told_once) {
  watched w;
  const quota_state learnt{.in_force = quota::declared(50, 60s)};
  EXPECT_EQ(w.look(start, learnt), events{event::quota_changed});
  EXPECT_EQ(w.look(start, learnt), events{});
}

TEST(quota_watch, key_is_told_when_it_is_refused_and_when_it_is_good_again) {
  watched w;
  EXPECT_EQ(w.look(start, calm, true), events{event::key_refused});
  EXPECT_EQ(w.look(start, calm, true), events{});
  EXPECT_EQ(w.look(start, calm, false), events{event::key_accepted});
}

TEST(quota_watch, looks_only_where_there_may_be_news) {
  watched w;
  EXPECT_FALSE(w.watch.due(start + 99ms, false));
  EXPECT_TRUE(w.watch.due(start + 100ms, false)) << "others may have changed it";
  EXPECT_TRUE(w.watch.due(start, true));
  w.watch.expect();
  EXPECT_TRUE(w.watch.due(start, false));
  w.look(start, calm);
  EXPECT_FALSE(w.watch.due(start, false));
  w.look(start, paused(1s));
  EXPECT_TRUE(w.watch.due(start, false)) << "it may be over";
}

}  // namespace
}  // namespace ephemint::detail
