#include "core/quota/pause_gate.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

constexpr bool probe = true;
constexpr bool other = false;

// behaviours: R1, R4
TEST(pause_gate, retry_after_is_a_floor_and_jitter_only_adds) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    splitmix random{seed};
    pause_gate gate;
    gate.on_rate_limited(at{10s}, at{9s}, other, 2s, random);
    EXPECT_TRUE(gate.paused());
    EXPECT_GE(gate.until(), at{12s});
    EXPECT_LE(gate.until(), at{12250ms});
  }
}

TEST(pause_gate, absurd_floor_is_clamped_to_five_minutes) {
  splitmix random{1};
  for (const auto absurd : {clock::duration{999'999'999s}, clock::duration::max()}) {
    pause_gate gate;
    gate.on_rate_limited(at{10s}, at{9s}, other, absurd, random);
    EXPECT_LE(gate.until(), at{10s} + 5min + 250ms);
    EXPECT_GE(gate.until(), at{10s} + 5min);
  }
}

TEST(pause_gate, without_a_header_it_doubles_from_2_s_to_15_s_then_to_60_s) {
  splitmix random{1};
  pause_gate gate;
  at now{10s};
  gate.on_rate_limited(now, now - 1s, other, std::nullopt, random);
  for (const auto least : {2s, 4s, 8s, 15s, 15s, 15s, 60s, 60s, 60s}) {
    const auto wait = gate.until() - now;
    EXPECT_GE(wait, least);
    EXPECT_LE(wait, least * 1.25);
    now = gate.until();
    ASSERT_TRUE(gate.on_send());
    now += 80ms;
    gate.on_rate_limited(now, now - 80ms, probe, std::nullopt, random);
  }
}

TEST(pause_gate, zero_is_no_header) {
  splitmix random{1};
  pause_gate gate;
  gate.on_rate_limited(at{10s}, at{9s}, other, 0s, random);
  EXPECT_GE(gate.until(), at{12s});
}

TEST(pause_gate, header_that_keeps_being_wrong_thins_the_probes_out) {
  splitmix random{1};
  pause_gate gate;
  at now{10s};
  int probes = 0;
  gate.on_rate_limited(now, now - 1s, other, 1s, random);
  for (; now < at{1h}; ++probes) {
    now = gate.until();
    ASSERT_TRUE(gate.on_send());
    gate.on_rate_limited(now + 80ms, now, probe, 1s, random);
  }
  EXPECT_LE(probes, 70) << "an hour of 429: one probe a minute once it has lasted";
}

TEST(pause_gate, header_of_5_s_is_taken_at_its_word_for_a_minute_however_often_it_is_wrong) {
  splitmix random{1};
  pause_gate gate;
  at now{10s};
  gate.on_rate_limited(now, now - 1s, other, 5s, random);
  while (now < at{65s}) {
    EXPECT_GE(gate.until() - now, 5s);
    EXPECT_LE(gate.until() - now, 5250ms);
    now = gate.until();
    ASSERT_TRUE(gate.on_send());
    now += 80ms;
    gate.on_rate_limited(now, now - 80ms, probe, 5s, random);
  }
  now = gate.until();
  ASSERT_TRUE(gate.on_send());
  gate.on_rate_limited(now, now, probe, 5s, random);
  EXPECT_GE(gate.until() - now, 60s);
}

TEST(pause_gate, server_misleads_that_refuses_three_times_who_comes_when_told) {
  splitmix random{1};
  for (const auto& told : {std::optional<clock::duration>{1s}, std::optional<clock::duration>{}}) {
    pause_gate gate;
    gate.on_rate_limited(at{10s}, at{9s}, other, told, random);
    for (int failed = 0; failed < 4; ++failed) {
      EXPECT_EQ(gate.misled(), told && failed >= 3);
      gate.on_send();
      gate.on_rate_limited(gate.until(), gate.until(), probe, told, random);
    }
  }
}

// behaviours: R5
TEST(pause_gate, echoes_lengthen_but_dont_deepen) {
  splitmix random{1};
  pause_gate gate;
  gate.on_rate_limited(at{10s}, at{9s}, other, 2s, random);
  const at first = gate.until();
  for (int i = 0; i < 50; ++i) gate.on_rate_limited(at{10s} + i * 1ms, at{9s}, other, std::nullopt, random);
  EXPECT_EQ(gate.until(), first);
  EXPECT_EQ(gate.failed_probes(), 0u);
  gate.on_rate_limited(at{11s}, at{9s}, other, 5s, random);
  EXPECT_EQ(gate.until(), at{16s}) << "a later floor is a floor too";
}

TEST(pause_gate, one_probe_then_two_then_one_more_a_success) {
  splitmix random{1};
  pause_gate gate;
  EXPECT_GT(gate.in_flight_allowed(), 1000u);
  gate.on_rate_limited(at{10s}, at{9s}, other, 2s, random);
  EXPECT_EQ(gate.in_flight_allowed(), 1u);
  EXPECT_TRUE(gate.on_send());
  EXPECT_TRUE(gate.probing());
  EXPECT_FALSE(gate.on_send()) << "there is one probe";
  gate.on_admitted(at{13s}, other);
  EXPECT_TRUE(gate.probing()) << "only the probe's own reply ends the pause";
  gate.on_admitted(at{13s}, probe);
  EXPECT_TRUE(gate.ramping());
  EXPECT_EQ(gate.in_flight_allowed(), 2u);
  gate.on_admitted(at{13s}, other);
  EXPECT_EQ(gate.in_flight_allowed(), 3u);
  gate.end_ramp();
  EXPECT_TRUE(gate.open());
}

TEST(pause_gate, lost_probe_is_sent_again) {
  splitmix random{1};
  pause_gate gate;
  gate.on_rate_limited(at{10s}, at{9s}, other, 2s, random);
  gate.on_send();
  gate.probe_undone();
  EXPECT_TRUE(gate.paused());
  EXPECT_TRUE(gate.on_send());
}

}  // namespace
}  // namespace ephemint::core
