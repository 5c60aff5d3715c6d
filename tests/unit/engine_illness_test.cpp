// A server that refuses everything for an hour, with all kinds of `Retry-After`.
#include "codec/reply.hpp"
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ephemint::test {

using namespace detail;

namespace {

constexpr auto ill_for = 1h;

struct illness {
  const char* header;      ///< of each 429; null: none
  std::size_t most;        ///< requests in that hour: the probes, and 8 that were under way when it began
  core::duration resumes;  ///< at the latest this time after it
};

std::optional<core::duration> heard(const char* header) {
  if (!header) return std::nullopt;
  const auto wall = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
  return parse_retry_after(header, {}, wall);
}

class engine_illness : public testing::TestWithParam<illness> {};

// behaviours: R1, R4, R11, R14, C5, I1
TEST_P(engine_illness, hour_of_429_lets_only_probes_out_and_callers_know_in_time) {
  const illness& ill = GetParam();
  for (const quota told : {production_quota, quota::automatic(), quota::unlimited()}) {
    engine_run run{{}, make_rate_governor(told, quota_scope::per_api_key, 1)};
    const auto until = run.now() + ill_for;
    std::size_t refused = 0;
    run.requests = [&](const request& r) {
      if (r.sent_at >= until) return minted();
      ++refused;
      return answered(answer::rate_limited, heard(ill.header));
    };

    for (int i = 0; i < 100; ++i) run.submit_patient("batch-" + std::to_string(i), priority::background);
    while (run.now() < until) {
      run.submit("se-" + std::to_string(run.calls().size()), 5s);
      run.run_for(2s);
    }
    run.run_for(6s);
    EXPECT_LE(refused, ill.most);
    EXPECT_GE(refused, 3u) << "nobody asks any more";
    std::size_t at_once = 0;
    for (const call& c : run.calls()) {
      if (c.deadline == core::never) continue;
      ASSERT_TRUE(c.ended);
      EXPECT_LE(c.ended_at, c.deadline);
      if (!c.failed(mint_errc::rate_limited)) continue;
      EXPECT_GT(c.end.retry_at, c.ended_at) << "when to come again";
      at_once += c.ended_at == c.submitted ? 1 : 0;
    }
    EXPECT_GE(at_once, run.calls().size() / 2) << "no login waits for what it can't get";

    // A caller that tries again when told to is served, and soon all are.
    bool served = false;
    while (!served && run.now() < until + ill.resumes) {
      const int login = run.submit("again", 5s);
      run.run_for(5s);
      served = run.at(login).minted();
    }
    EXPECT_TRUE(served) << "stopped for good";
    run.run_for(1min);
    const int login = run.submit("later", 5s);
    run.run_for(1s);
    EXPECT_TRUE(run.at(login).minted());
    run.shut_down();
    run.run_to_rest();
  }
}

INSTANTIATE_TEST_SUITE_P(whatever_it_says, engine_illness,
                         testing::Values(illness{nullptr, 8 + 68, 80s},  //
                                         illness{"0", 8 + 68, 80s},      //
                                         illness{"1", 8 + 68, 80s},      //
                                         illness{"5", 8 + 72, 80s},      // 12 in the first minute
                                         illness{"86400", 8 + 12, 6min},
                                         illness{"1767225600", 8 + 68, 80s},  // a Unix time (R14)
                                         illness{"99999999999999999999999999", 8 + 68, 80s},
                                         illness{"Fri, 31 Dec 9999 23:59:59 GMT", 8 + 68, 80s},
                                         illness{"Thu, 01 Jan 1970 00:00:00 GMT", 8 + 68, 80s},
                                         illness{"soon", 8 + 68, 80s}),
                         [](const auto& row) { return "row_" + std::to_string(row.index); });

// 3 logins a second are nine tenths of the quota: none may be lost because the client believed these 429s.
TEST(engine_illness, limiter_that_was_ill_for_half_a_minute_leaves_no_trace) {
  for (const quota told : {production_quota, quota::automatic()}) {
    engine_run run{{}, make_rate_governor(told, quota_scope::per_api_key, 1)};
    const auto begins = run.now() + 5s;
    const auto ends = begins + 30s;
    run.requests = [&](const request& r) {
      return r.sent_at < begins || r.sent_at >= ends ? minted() : answered(answer::rate_limited, 5s);
    };
    std::vector<int> after;
    for (const auto until = ends + 1min; run.now() < until; run.run_for(333ms)) {
      const int login = run.submit("se-" + std::to_string(run.calls().size()), 8s);
      if (run.now() >= ends + 6s) after.push_back(login);
    }
    run.run_for(9s);
    for (const int login : after) {
      const call& c = run.at(login);
      EXPECT_TRUE(c.minted()) << login;
      if (c.submitted < ends + 15s) continue;
      EXPECT_LE(c.ended_at - c.submitted, 1s) << "still behind the backlog";
    }
    run.shut_down();
    run.run_to_rest();
  }
}

}  // namespace
}  // namespace ephemint::test
