#include "core/key/key_gate.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;
using state = key_gate::state;

constexpr bool probe = true;
constexpr bool other = false;

// behaviours: R8
TEST(key_gate, first_refusal_lets_one_probe_go_at_once) {
  key_gate gate;
  EXPECT_EQ(gate.at(at{1s}), state::open);
  gate.on_refused(at{1s}, other);
  EXPECT_EQ(gate.at(at{1s}), state::probe_due);
  gate.probe_left();
  EXPECT_EQ(gate.at(at{1s}), state::waiting);
  EXPECT_EQ(gate.not_before(at{1s}, 80ms), at{1080ms});
  gate.on_admitted(probe);
  EXPECT_EQ(gate.at(at{1s}), state::open) << "it was one account's refusal";
}

TEST(key_gate, refused_probes_shut_it_for_1_2_5_5_seconds) {
  key_gate gate;
  at now{1s};
  gate.on_refused(now, other);
  for (const auto shut : {1s, 2s, 5s, 5s}) {
    ASSERT_EQ(gate.at(now), state::probe_due);
    gate.probe_left();
    gate.on_refused(now, probe);
    EXPECT_NE(gate.at(now + shut - 1ns), state::probe_due);
    EXPECT_EQ(gate.not_before(now, 80ms), now + shut);
    now += shut;
  }
}

TEST(key_gate, third_refused_probe_makes_callers_fail) {
  key_gate gate;
  at now{1s};
  gate.on_refused(now, other);
  for (int refused_probes = 1; refused_probes <= 4; ++refused_probes, now += 5s) {
    gate.probe_left();
    EXPECT_EQ(gate.at(now), refused_probes > 3 ? state::failing : state::waiting);
    gate.on_refused(now, probe);
    EXPECT_EQ(gate.at(now), refused_probes >= 3 ? state::failing : state::waiting);
  }
}

TEST(key_gate, echoes_of_the_first_refusal_change_nothing) {
  key_gate gate;
  gate.on_refused(at{1s}, other);
  for (int i = 0; i < 8; ++i) gate.on_refused(at{1s}, other);
  EXPECT_EQ(gate.at(at{1s}), state::probe_due);
  gate.probe_left();
  gate.on_refused(at{1s}, other);
  EXPECT_EQ(gate.at(at{1s}), state::waiting) << "the probe is still out";
}

TEST(key_gate, success_sent_before_the_refusal_says_nothing) {
  key_gate gate;
  gate.on_refused(at{1s}, other);
  gate.on_admitted(other);
  EXPECT_FALSE(gate.open());
}

TEST(key_gate, lost_probe_may_be_sent_again) {
  key_gate gate;
  gate.on_refused(at{1s}, other);
  gate.probe_left();
  gate.probe_undone();
  EXPECT_EQ(gate.at(at{1s}), state::probe_due);
}

}  // namespace
}  // namespace ephemint::core
