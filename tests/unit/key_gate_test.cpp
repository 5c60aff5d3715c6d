#include "core/key/key_gate.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;
using state = key_gate::state;

constexpr bool probe = true;
constexpr bool other = false;

/// Refuses so many different accounts, one each `step` from `from` on.
at refuse(key_gate& gate, std::uint64_t accounts, at from = at{100s}, duration step = 0s) {
  for (std::uint64_t account = 1; account <= accounts; ++account) {
    gate.on_refused(from, other, account);
    if (account < accounts) from += step;
  }
  return from;
}

key_gate one_that_minted() {
  key_gate gate;
  gate.on_minted();
  return gate;
}

/// Shuts the gate, and returns when.
at shut(key_gate& gate) { return refuse(gate, 64, at{100s}, 250ms); }

// behaviours: R8
TEST(key_gate, refusal_of_a_new_key_has_requests_go_singly) {
  key_gate gate;
  gate.on_refused(at{100s}, other, 1);
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(gate.at(at{100s}), state::probe_due) << "at once, and again";
    gate.probe_left();
    EXPECT_EQ(gate.at(at{100s}), state::waiting);
    EXPECT_EQ(gate.not_before(at{100s}, 80ms), at{100080ms});
    gate.on_refused(at{100s}, probe, 1);
  }
  gate.probe_left();
  gate.on_minted();
  EXPECT_EQ(gate.at(at{100s}), state::open);
}

// behaviours: R8
TEST(key_gate, three_accounts_shut_out_a_new_key_and_one_counts_once) {
  key_gate gate;
  for (int i = 0; i < 8; ++i) gate.on_refused(at{100s}, i > 0, 7);
  gate.on_refused(at{100s}, probe, 8);
  gate.on_refused(at{100s}, probe, 7);
  EXPECT_EQ(gate.at(at{100s}), state::probe_due);
  gate.on_refused(at{100s}, probe, 9);
  EXPECT_EQ(gate.at(at{101s} - 1ns), state::failing_logins);
  EXPECT_EQ(gate.at(at{101s}), state::probe_due);
}

// behaviours: R8
TEST(key_gate, new_key_that_refuses_thirteen_accounts_is_given_up) {
  key_gate gate;
  at now = refuse(gate, 3);
  for (std::uint64_t account = 4; account <= 20; ++account) {
    ASSERT_EQ(gate.at(now), state::probe_due);
    gate.probe_left();
    EXPECT_EQ(gate.at(now), account == 4   ? state::waiting  // it may have been the accounts
                            : account < 14 ? state::failing_logins
                                           : state::failing);
    gate.on_refused(now, probe, account);
    EXPECT_EQ(gate.at(now), account < 13 ? state::failing_logins : state::failing);
    EXPECT_EQ(gate.not_before(now, 80ms), now + (account < 13 ? 1s : 5s));
    now += account < 13 ? 1s : 5s;
  }
}

TEST(key_gate, many_that_were_out_together_need_three_probes_behind_them) {
  key_gate gate;
  at now = refuse(gate, 16);
  for (int probes = 1; probes <= 3; ++probes, now += 1s) {
    ASSERT_EQ(gate.at(now), state::probe_due);
    gate.probe_left();
    gate.on_refused(now, probe, 1);
    EXPECT_EQ(gate.at(now), probes < 3 ? state::failing_logins : state::failing);
  }
}

// behaviours: R8
TEST(key_gate, key_that_has_minted_needs_64_refused_accounts_in_ten_seconds) {
  struct row {
    std::uint64_t accounts;
    duration step;
    state then;
  };
  for (const row& r : {row{50, 1s, state::open}, row{63, 1h, state::open}, row{64, 0s, state::open},
                       row{1000, 1ms, state::open}, row{64, 158ms, state::open},
                       row{64, 159ms, state::probe_due}, row{64, 1h, state::probe_due}}) {
    key_gate gate = one_that_minted();
    const at last = refuse(gate, r.accounts, at{100s}, r.step);
    EXPECT_EQ(gate.at(last), r.then) << r.accounts << " accounts, one each " << r.step.count() << " ns";
  }
}

TEST(key_gate, run_that_was_quick_shuts_it_when_ten_seconds_are_over) {
  key_gate gate = one_that_minted();
  refuse(gate, 64);
  gate.on_refused(at{110s} - 1ns, other, 64);
  EXPECT_EQ(gate.at(at{110s}), state::open);
  gate.on_refused(at{110s}, other, 64);
  EXPECT_EQ(gate.at(at{110s}), state::probe_due);
}

TEST(key_gate, mint_between_them_ends_the_run) {
  key_gate gate = one_that_minted();
  for (int run = 0; run < 10; ++run) {
    refuse(gate, 63, at{100s}, 1s);
    EXPECT_FALSE(gate.at_ease());
    gate.on_minted();
    EXPECT_TRUE(gate.at_ease());
  }
  EXPECT_EQ(gate.at(at{200s}), state::open);
}

// behaviours: R8
TEST(key_gate, shut_gate_of_a_key_that_minted_fails_logins_and_has_a_batch_wait_for_a_minute) {
  key_gate gate = one_that_minted();
  const at begin = shut(gate);
  int probes = 0;
  for (at now = begin; now < begin + 1min; now += 1s, ++probes) {
    ASSERT_EQ(gate.at(now), state::probe_due);
    gate.probe_left();
    EXPECT_EQ(gate.at(now), probes == 0 ? state::waiting : state::failing_logins);
    gate.on_refused(now, probe, 1);
    EXPECT_EQ(gate.at(now), state::failing_logins);
    EXPECT_EQ(gate.not_before(now, 80ms), now + 1s);
  }
  EXPECT_EQ(probes, 60);
  gate.probe_left();
  EXPECT_EQ(gate.at(begin + 1min), state::failing_logins);
  gate.on_refused(begin + 1min, probe, 1);
  EXPECT_EQ(gate.at(begin + 1min), state::failing);
  EXPECT_EQ(gate.not_before(begin + 1min, 80ms), begin + 65s);
  gate.on_minted();
  EXPECT_EQ(gate.at(begin + 61s), state::open);
}

// behaviours: R8, S8
TEST(key_gate, minute_in_which_nobody_asked_gives_up_no_batch) {
  key_gate gate = one_that_minted();
  const at begin = shut(gate);
  gate.probe_left();
  gate.on_refused(begin, probe, 1);
  EXPECT_EQ(gate.at(begin + 10min), state::probe_due);
  gate.probe_left();
  EXPECT_EQ(gate.at(begin + 10min), state::failing_logins) << "a batch waits for that probe";
}

TEST(key_gate, echoes_of_what_shut_it_change_nothing) {
  key_gate gate;
  refuse(gate, 3);
  for (std::uint64_t i = 0; i < 8; ++i) gate.on_refused(at{100s}, other, 50 + i);
  EXPECT_EQ(gate.at(at{100s}), state::probe_due);
  gate.probe_left();
  gate.on_refused(at{100s}, other, 60);
  EXPECT_EQ(gate.at(at{100s}), state::waiting) << "the probe is still out";
}

TEST(key_gate, lost_probe_may_be_sent_again) {
  key_gate gate;
  refuse(gate, 3);
  gate.probe_left();
  gate.probe_undone();
  EXPECT_EQ(gate.at(at{100s}), state::probe_due);
}

}  // namespace
}  // namespace ephemint::core
