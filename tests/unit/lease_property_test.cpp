// Machines that share a quota through a store that loses commands, answers and data, and whose clock is
// wrong.
#include "support/lease_world.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using core::time_point;

constexpr quota small = quota::declared(40, 4s);

/// Each machine gets logins, and some have a batch.
void feed(lease_world& world, double logins_a_second, core::duration span) {
  const core::time_point end = world.now() + span;
  for (const auto& m : world.machines) {
    auto come = std::make_shared<std::function<void(time_point)>>();
    *come = [&world, m, end, logins_a_second, weak = std::weak_ptr{come}](time_point now) {
      if (now >= end || !m->alive) return;
      ++m->logins;
      if (!m->frozen) m->go(now);
      const auto again = weak.lock();
      const double gap = -std::log(1.0 - world.random.unit()) / logins_a_second;
      world.at(now + core::whole(std::chrono::duration<double>(gap)),
               [again](time_point at) { (*again)(at); });
    };
    world.after(1ms, [come](time_point at) { (*come)(at); });
  }
}

struct case_of {
  std::string name;
  std::size_t machines;
  lease_weather weather;
};

void PrintTo(const case_of& c, std::ostream* out) { *out << c.name; }

class lease_property : public testing::TestWithParam<case_of> {};

/// No window holds more than the quota, whatever happens to commands; and the quota is used.
TEST_P(lease_property, never_more_than_the_quota_in_any_window) {
  for (std::uint64_t seed = 1; seed <= seeds_to_play(3); ++seed) {
    SCOPED_TRACE(seed);
    lease_world world{small, seed, GetParam().weather};
    for (std::size_t i = 0; i < GetParam().machines; ++i) {
      lease_machine& m = world.add(world.usual());
      if (i % 2 == 0) m.batch = 100'000;
      m.go(world.now());
    }
    feed(world, 2.0, 60s);
    world.run_for(60s);
    EXPECT_LE(world.most_in_any_window(), small.requests());
    EXPECT_GE(world.sent(), 60 / 4 * small.requests() * 8 / 10);
  }
}

INSTANTIATE_TEST_SUITE_P(weathers, lease_property,
                         testing::Values(case_of{"alone", 1, {}}, case_of{"four", 4, {}},
                                         case_of{"far", 4, {8ms, 0, 0, 0}},
                                         case_of{"lossy", 4, {500us, 0.05, 0.05, 0}},
                                         case_of{"twice", 4, {500us, 0, 0, 0.2}},
                                         case_of{"many", 12, {1ms, 0.02, 0.02, 0.05}}),
                         [](const auto& info) { return info.param.name; });

/// Held, charged and free slots make up the quota; and no member holds more than the store has recorded.
TEST(lease_conservation, held_charged_and_free_are_the_quota) {
  for (std::uint64_t seed = 1; seed <= seeds_to_play(5); ++seed) {
    SCOPED_TRACE(seed);
    lease_world world{small, seed, {500us, 0.03, 0.03, 0.05}};
    for (int i = 0; i < 4; ++i) world.add(world.usual()).batch = 1000;
    std::size_t looks = 0;
    world.looks_on = [&](time_point) {
      auto* const state = world.state();
      if (!state) return;
      ++looks;
      ASSERT_GE(state->counted(), 0);
      ASSERT_GE(state->held(), 0);
      ASSERT_LE(static_cast<std::uint64_t>(state->counted() + state->held()), small.requests());
    };
    feed(world, 1.0, 20s);
    world.run_for(20s);
    EXPECT_GT(looks, 100u);
  }
}

/// When nothing is under way, every permit is available again to any member.
TEST(lease_conservation, every_permit_comes_back) {
  for (std::uint64_t seed = 1; seed <= seeds_to_play(10); ++seed) {
    SCOPED_TRACE(seed);
    lease_world world{small, seed, {500us, 0.1, 0.1, 0.1}};
    for (int i = 0; i < 4; ++i) world.add(world.usual());
    feed(world, 3.0, 20s);
    // Long before the flush, as no member would report its last requests to the new state.
    world.after(3s, [&](time_point) { world.machines[1]->alive = false; });
    world.after(9s, [&](time_point) { world.store.flush(); });
    world.run_for(21s);
    for (const auto& m : world.machines) m->logins = 0;
    world.weather = {};
    world.run_for(30s);
    lease_machine& late = world.add(world.usual());
    late.logins = 1000;
    late.go(world.now());
    world.run_for(4s);
    const std::size_t before = world.sent();
    world.run_for(8s);
    // Except the others' spare permits.
    EXPECT_GE(world.sent() - before, 2 * (small.requests() - 4));
    EXPECT_LE(world.most_in_any_window(), small.requests());
  }
}

struct disaster {
  std::string name;
  std::function<void(lease_world&)> happens;
  /// Surplus requests, of members that were silent while the store rebuilt its state.
  std::size_t over = 0;
};

void PrintTo(const disaster& d, std::ostream* out) { *out << d.name; }

class lease_disasters : public testing::TestWithParam<disaster> {};

/// No window holds more than the quota, and afterwards the quota is used again.
TEST_P(lease_disasters, quota_holds_and_is_used_again) {
  for (std::uint64_t seed = 1; seed <= seeds_to_play(4); ++seed) {
    SCOPED_TRACE(seed);
    lease_world world{small, seed};
    for (int i = 0; i < 4; ++i) {
      lease_machine& m = world.add(world.usual());
      m.batch = i < 2 ? 100'000 : 0;
      m.go(world.now());
    }
    feed(world, 1.5, 60s);
    world.after(15s, [&](time_point) { GetParam().happens(world); });
    world.run_for(40s);
    const std::size_t before = world.sent();
    world.run_for(20s);
    EXPECT_GE(world.sent() - before, 20 / 4 * small.requests() * 85 / 100);
    EXPECT_LE(world.most_in_any_window(), small.requests() + GetParam().over);
  }
}

void away_for(lease_world& w, core::duration span) {
  w.store_up = false;
  w.after(span, [&w](time_point) { w.store_up = true; });
}

INSTANTIATE_TEST_SUITE_P(
    all, lease_disasters,
    testing::Values(disaster{"flushed", [](lease_world& w) { w.store.flush(); }},
                    disaster{"away_for_a_moment", [](lease_world& w) { away_for(w, 700ms); }},
                    disaster{"away", [](lease_world& w) { away_for(w, 6s); }},
                    disaster{"away_and_emptied",
                             [](lease_world& w) {
                               away_for(w, 6s);
                               w.store.flush();
                             }},
                    disaster{"older_replica",
                             [](lease_world& w) {
                               w.after(300ms, [&w, old = w.store](time_point) { w.store = old; });
                             },
                             4},
                    disaster{"one_dies", [](lease_world& w) { w.machines[0]->alive = false; }},
                    disaster{"one_is_frozen",
                             [](lease_world& w) {
                               w.machines[0]->frozen = true;
                               w.after(9s, [&w](time_point) { w.machines[0]->frozen = false; });
                             }},
                    disaster{"one_leaves",
                             [](lease_world& w) {
                               w.machines[0]->governor().leave_store(w.now());
                               w.machines[0]->batch = w.machines[0]->logins = 0;
                             }},
                    disaster{"clock_steps_back", [](lease_world& w) { w.store_clock_off -= 1s; }},
                    disaster{"clock_steps_far_back", [](lease_world& w) { w.store_clock_off -= 1h; }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ephemint::test
