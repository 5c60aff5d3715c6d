#include "support/quota_cases.hpp"

#include <gtest/gtest.h>

#include <string>

// The figures of docs/guide/rate-limits.md, with fewer and fixed seeds: every run gives the same numbers, so
// the bounds are exact. A change of a rule that makes a figure worse fails here.
//
// The workloads (`all_cases`): W1 are logins that arrive at random, at a share of the quota; W2 bursts of
// logins; W3 a batch; W4 a batch with logins beside it; W5 a client that was told a wrong quota; W6 a client
// that was told none, while the server's changes; K=3 a client beside three others with the same key; W8
// processes that join one after the other. The figures: `success` is the share of the logins that were served
// in time, `goodput` tokens minted / requests that the server would have admitted, `waste` refused / sent
// requests, and `jain` Jain's index of the processes' shares, which is 1 if all are equal.
namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;

means ours(std::string_view name) {
  const quota_case c = case_named(name);
  const means m = run_everywhere(c, engine_driven(c.told), 2);
  if (c.told.how() == ephemint::quota::mode::declared) {
    EXPECT_LE(m.most_in_a_window, c.told.requests()) << "above the declared quota, " << name;
  }
  EXPECT_LE(m.most_after_a_pause, 8u) << "a herd after a pause, " << name;
  return m;
}

TEST(quota_world, logins_below_the_quota_are_all_served) { EXPECT_GE(ours("W1 0.5x").success, 0.9999); }

TEST(quota_world, logins_near_the_quota) { EXPECT_GE(ours("W1 0.9x").success, 0.985); }

TEST(quota_world, logins_at_the_quota) {
  const means m = ours("W1 1.0x");
  EXPECT_GE(m.success, 0.94);
  EXPECT_LE(m.waste, 0.002);
}

TEST(quota_world, logins_in_bursts) {
  const means m = ours("W2");
  EXPECT_GE(m.success, 0.72);
  EXPECT_LE(m.waste, 0.01);
}

TEST(quota_world, batch_alone) {
  const means m = ours("W3");
  EXPECT_GE(m.goodput, 0.98);
  EXPECT_GE(m.worst_server, 0.94);
  EXPECT_LE(m.waste, 0.001);
}

TEST(quota_world, urgent_batch_alone) {
  const means m = ours("W3 urgent");
  EXPECT_GE(m.goodput, 0.98);
  EXPECT_LE(m.waste, 0.001);
}

TEST(quota_world, batch_doesnt_starve_logins) {
  const means m = ours("W4");
  EXPECT_GE(m.success, 0.997);
  EXPECT_GE(m.goodput, 0.985);
  EXPECT_LE(m.waste, 0.001);
}

TEST(quota_world, told_twice_too_much) {
  const means m = ours("W5");
  EXPECT_GE(m.goodput, 0.92);
  EXPECT_LE(m.waste, 0.003);
}

TEST(quota_world, told_nothing_and_the_quota_changes) {
  const means m = ours("W6");
  // If a server answers each 429 with a pause of a minute, each attempt to find a grown quota costs that
  // minute.
  EXPECT_GE(m.goodput, 0.905);
  EXPECT_LE(m.waste, 0.02);
}

TEST(quota_world, several_processes_share_fairly) {
  const means m = ours("K=3");
  EXPECT_GE(m.goodput, 0.88);
  EXPECT_LE(m.waste, 0.01);
  EXPECT_GE(m.jain, 0.97);
}

TEST(quota_world, several_processes_that_are_each_told_their_part) {
  const means m = ours("K=3 N/4");
  EXPECT_GE(m.goodput, 0.98);
  EXPECT_LE(m.waste, 0.0005);  // from servers that admit 198 or count more strictly; others give none
  EXPECT_GE(m.jain, 0.99);
}

TEST(quota_world, server_that_counts_as_documented_never_refuses) {
  for (const auto how :
       {algorithm::fixed_window, algorithm::from_first, algorithm::sliding_log, algorithm::bucket_whole})
    for (std::string_view name : {"W1 1.0x", "W2", "W3", "W3 urgent", "W4", "K=3 N/4"}) {
      quota_case c = case_named(name);
      c.world.rules.how = how;
      for (c.world.seed = 1; c.world.seed <= 5; ++c.world.seed) {
        const figures f = run(c.world, engine_driven(c.told));
        EXPECT_EQ(f.refused, 0u) << name << " on " << name_of(how) << ", seed " << c.world.seed;
      }
    }
}

TEST(quota_world, freed_quota_is_taken_up) {
  quota_case c = case_named("K=3");
  c.world.length = 50min;
  c.world.leave_at = 30min;
  double share = 0;
  int runs = 0;
  for (const server_rules& rules : all_servers()) {
    if (rules.header != retry_header::exact) continue;
    c.world.rules = rules;
    const figures f = run(c.world, engine_driven(c.told));
    double minted = 0;
    for (std::size_t second = 45 * 60; second < 50 * 60 && second < f.trace.size(); ++second)
      minted += f.trace[second].admitted;
    share += minted / 1000.0;
    ++runs;
  }
  EXPECT_GE(share / runs, 0.92) << "a quarter of an hour after three of four left";
}

// The world itself.

TEST(quota_world, run_repeats_for_its_seed) {
  quota_case c = case_named("W4");
  c.world.rules = {algorithm::sub_windows, false, retry_header::missing};
  const figures a = run(c.world, engine_driven(c.told));
  const figures b = run(c.world, engine_driven(c.told));
  EXPECT_EQ(a.sent, b.sent);
  EXPECT_EQ(a.latencies, b.latencies);
  c.world.seed = 2;
  EXPECT_NE(run(c.world, engine_driven(c.told)).latencies, a.latencies);
}

TEST(quota_world, oracle_wastes_nothing_alone) {
  const means m = run_everywhere(case_named("W3"), oracle(), 1);
  EXPECT_GE(m.goodput, 0.999);
  EXPECT_LE(m.waste, 0.0001);
}

TEST(quota_server, admits_its_quota_and_says_when_to_come_back) {
  struct row {
    algorithm how;
    int at_once;        // admitted by a new server, within a millisecond
    std::int64_t wait;  // `Retry-After` then, in seconds
  };
  for (const row& r : {row{algorithm::fixed_window, 200, 60}, row{algorithm::from_first, 200, 60},
                       row{algorithm::sliding_log, 200, 60}, row{algorithm::bucket_whole, 200, 1},
                       row{algorithm::bucket_quarter, 50, 1}, row{algorithm::bucket_twentieth, 10, 1},
                       row{algorithm::sub_windows, 33, 10}}) {
    quota_server server{{r.how, false, retry_header::exact}, 200, 60s, 0.0};
    const time_point now{600s};
    int admitted = 0;
    verdict last;
    do {
      last = server.on_request(now);
      admitted += last.admitted ? 1 : 0;
    } while (last.admitted);
    EXPECT_EQ(admitted, r.at_once) << name_of(r.how);
    EXPECT_EQ(last.retry_after, std::chrono::seconds{r.wait}) << name_of(r.how);
    EXPECT_TRUE(server.on_request(now + *last.retry_after).admitted) << name_of(r.how);
  }
}

TEST(quota_server, sliding_counter_weighs_the_last_window) {
  quota_server server{{algorithm::sliding_counter, false, retry_header::exact}, 200, 60s, 0.0};
  const time_point start{600s};
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(server.on_request(start + 30s).admitted);
  EXPECT_FALSE(server.on_request(start + 60s).admitted);
  EXPECT_TRUE(server.on_request(start + 61s).admitted);
}

TEST(quota_server, refusals_count_where_they_do) {
  quota_server server{{algorithm::sliding_log, true, retry_header::missing}, 10, 60s, 0.0};
  const time_point start{600s};
  for (int i = 0; i < 15; ++i) server.on_request(start + i * 5s);
  EXPECT_FALSE(server.on_request(start + 75s).admitted) << "the refusals keep the window full";
  EXPECT_EQ(server.on_request(start + 76s).retry_after, std::nullopt);
}

}  // namespace
}  // namespace ephemint::quota_world
