// A place in a line: its estimate, and when the governor then grants the permit.
#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using moment = clock::time_point;

/// Logins that ask one after the other, many of them on the wire at once, and the time.
struct line_world {
  explicit line_world(quota q) : governor{make_rate_governor(q, quota_scope::per_api_key, 1)} {}

  moment estimate(std::size_t ahead) const {
    return governor->estimate(now, {priority::interactive, "a", client}, ahead);
  }

  /// Waits for the next one's permit; replies come meanwhile.
  moment next_permit() {
    for (;;) {
      const admission a = governor->try_acquire(now, {priority::interactive, "a", client});
      if (a.what == admission::verdict::granted) {
        on_the_wire.emplace_back(now + 80ms, a.granted_permit);
        return now;
      }
      pass(a.not_before);
    }
  }

  /// Runs up to the next reply, or until that time.
  void pass(moment then) {
    if (on_the_wire.empty() || on_the_wire.front().first > then) {
      now = std::max(now, then);
      return;
    }
    const auto [when, p] = on_the_wire.front();
    on_the_wire.pop_front();
    now = std::max(now, when);
    governor->on_reply(now, p, {permit_use::admitted, "a", now - 80ms, {}});
  }

  std::shared_ptr<rate_governor> governor;
  std::uint32_t client = governor->join();
  moment now{100s};
  std::deque<std::pair<moment, permit>> on_the_wire;
};

// behaviours: C5
TEST(rate_governor_line, place_is_told_when_it_is_granted) {
  constexpr std::size_t customers = 500;
  for (const int before : {0, 1, 60, 150, 190, 200}) {
    line_world world{quota::declared(200, 60s)};
    for (int i = 0; i < before; ++i) {
      world.next_permit();
      world.pass(world.now + 25ms);
    }
    std::vector<moment> told;
    for (std::size_t place = 0; place < customers; ++place) told.push_back(world.estimate(place));
    for (std::size_t place = 0; place < customers; ++place) {
      const std::chrono::duration<double> late = world.next_permit() - told[place];
      ASSERT_NEAR(late.count(), 0, 1.0) << "place " << place << " behind " << before;
    }
  }
}

// behaviours: C5
TEST(rate_governor_line, later_place_is_never_told_sooner) {
  std::mt19937_64 random{7};
  for (const quota q : {quota::declared(200, 60s), quota::declared(3, 1s), quota::automatic(20, 6s),
                        quota::declared(1, 10s), quota::unlimited()})
    for (int round = 0; round < 40; ++round) {
      line_world world{q};
      for (auto before = random() % 250; before > 0; --before) {
        const moment asked = world.next_permit();
        if (random() % 4 == 0) {  // its fate is unknown, or it was refused
          const permit p = world.on_the_wire.back().second;
          world.on_the_wire.pop_back();
          const auto use = random() % 8 == 0 ? permit_use::rate_limited : permit_use::unknown;
          world.governor->on_reply(world.now, p, {use, "a", asked, {}});
        }
        world.pass(world.now + std::chrono::milliseconds{random() % 50});
      }
      moment last = world.now;
      for (std::size_t place = 0; place < 700; ++place) {
        const moment told = world.estimate(place);
        ASSERT_GE(told, last) << "place " << place << " of round " << round;
        last = told;
      }
    }
}

}  // namespace
}  // namespace ephemint
