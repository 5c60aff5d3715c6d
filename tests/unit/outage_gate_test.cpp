#include "core/outage/outage_gate.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;
using state = outage_gate::state;

constexpr auto dial = outage_gate::a_dial;
constexpr outage_gate::probe_number no_probe = 0;

struct gate_test : testing::Test {
  outage_gate gate;
  splitmix random{1};

  void fails(at when, outage_gate::witness who, outage_gate::probe_number probe = no_probe) {
    gate.on_failure(when, when, who, probe, random);
  }
  void shut(at when) {
    gate.on_answer(when);
    for (const int account : {1, 2, 3}) fails(when, account);
  }
};

struct row {
  const char* what;
  std::vector<outage_gate::witness> failures;
  state then;
};

// behaviours: A4
TEST(outage_gate, evidence_and_what_it_shows) {
  const std::vector<row> table{
      {"nothing", {}, state::well},
      {"one failure", {1}, state::suspected},
      {"two accounts", {1, 2}, state::suspected},
      {"three accounts", {1, 2, 3}, state::away},
      {"one account whose mint never succeeds", {1, 1, 1, 1, 1, 1}, state::suspected},
      {"one such account beside another", {1, 2, 1, 2, 1}, state::suspected},
      {"two dials", {dial, dial}, state::suspected},
      {"three dials", {dial, dial, dial}, state::away},
      {"dials and an account", {dial, 1, dial}, state::away},
  };
  for (const row& r : table) {
    outage_gate gate;
    splitmix random{1};
    gate.on_answer(at{1s});
    for (const auto who : r.failures) gate.on_failure(at{1s}, at{1s}, who, no_probe, random);
    EXPECT_EQ(gate.now(), r.then) << r.what;
  }
}

// behaviours: A4
TEST_F(gate_test, answer_among_failures_begins_a_new_row) {
  gate.on_answer(at{1s});
  for (int i = 0; i < 10; ++i) {
    fails(at{1s}, 1);
    fails(at{1s}, 2);
    gate.on_answer(at{1s});
  }
  EXPECT_EQ(gate.now(), state::well);
}

// behaviours: A5
TEST_F(gate_test, api_that_never_answered_isnt_away_and_nobody_waits_for_it) {
  for (int i = 0; i < 10; ++i) fails(at{1s}, dial);
  EXPECT_FALSE(gate.away());
  EXPECT_FALSE(gate.borne(at{1s}, 5min));
  EXPECT_EQ(gate.take_probe(at{10s}), no_probe);
}

// behaviours: A4
TEST_F(gate_test, patience_counts_from_the_first_failure_of_the_row) {
  gate.on_answer(at{1s});
  EXPECT_FALSE(gate.borne(at{1s}, 5min)) << "all is well";
  fails(at{10s}, 1);
  EXPECT_TRUE(gate.borne(at{10s}, 5min));
  fails(at{20s}, 2);
  fails(at{30s}, 3);
  EXPECT_EQ(gate.since(), at{10s});
  EXPECT_TRUE(gate.borne(at{310s} - 1ns, 5min));
  EXPECT_FALSE(gate.borne(at{310s}, 5min));
  EXPECT_FALSE(gate.borne(at{10s}, 0s));
}

// behaviours: A4
TEST_F(gate_test, probes_go_singly_and_back_off_from_100_ms_to_2_s) {
  shut(at{1s});
  at now{1s};
  for (const auto whole : {100ms, 200ms, 400ms, 800ms, 1600ms, 2000ms, 2000ms}) {
    const duration wait = gate.probe_at() - now;
    EXPECT_GE(wait, whole / 2);
    EXPECT_LE(wait, whole);
    EXPECT_EQ(gate.take_probe(gate.probe_at() - 1ns), no_probe);
    now = gate.probe_at();
    const auto probe = gate.take_probe(now);
    ASSERT_NE(probe, no_probe);
    EXPECT_EQ(gate.take_probe(now), no_probe) << "one at a time";
    fails(now, dial, probe);
  }
}

// behaviours: A4
TEST_F(gate_test, back_off_counts_from_when_the_probe_left) {
  shut(at{1s});
  for (int i = 0; i < 6; ++i) fails(gate.probe_at(), 1, gate.take_probe(gate.probe_at()));
  const at left = gate.probe_at();
  const auto probe = gate.take_probe(left);
  fails(left + 2s, 1, probe);
  EXPECT_EQ(gate.probe_at(), left + 2s) << "a timeout took as long as the back-off: the next goes at once";
}

// behaviours: A4
TEST_F(gate_test, probe_that_hangs_holds_up_the_next_for_2_s_only) {
  shut(at{1s});
  const auto hanging = gate.take_probe(at{2s});
  EXPECT_EQ(gate.probe_at(), at{4s});
  const auto next = gate.take_probe(at{4s});
  EXPECT_NE(next, no_probe);
  fails(at{4100ms}, dial, hanging);
  EXPECT_EQ(gate.probe_at(), at{6s}) << "the older one's end is no news";
}

// behaviours: A4
TEST_F(gate_test, failures_of_others_leave_the_back_off_alone) {
  shut(at{1s});
  const at due = gate.probe_at();
  for (int i = 0; i < 100; ++i) fails(at{1s}, dial);
  EXPECT_EQ(gate.probe_at(), due);
}

TEST_F(gate_test, probe_that_told_nothing_is_followed_at_once) {
  shut(at{1s});
  const auto probe = gate.take_probe(at{2s});
  gate.probe_undone(probe + 1);
  EXPECT_EQ(gate.take_probe(at{2s}), no_probe);
  gate.probe_undone(probe);
  EXPECT_NE(gate.take_probe(at{2s}), no_probe);
}

// behaviours: A4
TEST_F(gate_test, any_answer_opens_it_at_once_and_the_next_outage_backs_off_anew) {
  shut(at{1s});
  for (int i = 0; i < 6; ++i) fails(gate.probe_at(), 1, gate.take_probe(gate.probe_at()));
  gate.on_answer(at{1s});
  EXPECT_EQ(gate.now(), state::well);
  EXPECT_EQ(gate.take_probe(at{1h}), no_probe);
  shut(at{2h});
  EXPECT_LE(gate.probe_at(), at{2h} + 100ms);
}

// behaviours: A4
TEST_F(gate_test, what_left_into_an_outage_that_has_ended_is_no_news) {
  shut(at{10s});
  gate.on_answer(at{20s});
  EXPECT_TRUE(gate.of_the_last(at{20s} - 1ns));
  EXPECT_FALSE(gate.of_the_last(at{20s}));
  for (const int account : {1, 2, 3})
    gate.on_failure(at{21s}, at{19s}, static_cast<outage_gate::witness>(account), no_probe, random);
  EXPECT_EQ(gate.now(), state::well);
  gate.on_answer(at{22s});
  EXPECT_FALSE(gate.of_the_last(at{20s})) << "an answer ends no outage when there is none";
}

TEST_F(gate_test, row_that_nobody_added_to_for_2_min_begins_anew) {
  shut(at{1s});
  fails(at{121s}, 1);
  EXPECT_EQ(gate.now(), state::away);
  fails(at{242s}, 1);
  EXPECT_EQ(gate.now(), state::suspected);
  EXPECT_EQ(gate.since(), at{242s});
}

}  // namespace
}  // namespace ephemint::core
