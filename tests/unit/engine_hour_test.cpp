// All decisions together, at full size, in virtual time.
#include "core/random.hpp"
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

std::size_t most_in_a_window(const std::vector<core::time_point>& times, core::duration window) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

/// Round trips as over a long line: 60 ms and an exponential tail.
core::duration round_trip(core::splitmix& random) {
  return 60ms + std::chrono::duration_cast<core::duration>(20ms * -std::log(1.0 - random.unit()));
}

// behaviours: I1, I4, Q7, Q8
TEST(engine_hour, hundred_thousand_accounts_share_the_quota_for_an_hour) {
  core::engine_settings s;
  s.max_queued = 200'000;
  engine_run run{s, make_rate_governor(production_quota, quota_scope::per_api_key, 1)};
  core::splitmix random{42};
  std::vector<core::time_point> counted;  // when the server counts them
  run.requests = [&](const request& r) {
    const auto takes = round_trip(random);
    counted.push_back(r.sent_at + takes / 2);
    return minted(takes);
  };

  // The batch: one account submits 10,000 mints before 100,000 others submit one each.
  for (int i = 0; i < 10'000; ++i) run.submit_patient("hog", priority::background);
  for (int i = 0; i < 100'000; ++i) run.submit_patient("se-" + std::to_string(i), priority::background);
  // The usual logins: a third of the quota, at random times.
  const auto end = run.now() + 1h;
  std::vector<int> logins;
  while (run.now() < end) {
    run.run_for(std::chrono::duration_cast<core::duration>(900ms * -std::log(1.0 - random.unit())));
    logins.push_back(run.submit("se-" + std::to_string(random.next() % 100'000), 5s));
  }
  run.run_for(10s);

  std::map<std::string, int> batch_of;
  std::size_t batch = 0;
  std::size_t in_time = 0;
  for (const auto& c : run.calls()) {
    if (!c.minted()) continue;
    if (c.deadline == core::never) ++batch, ++batch_of[c.account];
  }
  for (const int l : logins) in_time += run.at(l).minted() ? 1 : 0;
  EXPECT_GE(in_time, logins.size() * 998 / 1000) << "of " << logins.size() << " logins";
  EXPECT_GE(batch + in_time, 200u * 60 * 97 / 100) << "the quota is used";
  EXPECT_LE(batch_of["hog"], 2) << "a turn like everybody";
  EXPECT_GE(batch_of.size() + 2, batch) << "nobody had a second turn before all had one";

  std::vector<core::time_point> sent;
  for (const auto& r : run.sent()) sent.push_back(r.sent_at);
  std::sort(counted.begin(), counted.end());
  EXPECT_LE(most_in_a_window(sent, 60s), 200u);
  EXPECT_LE(most_in_a_window(counted, 60s), 200u);
  EXPECT_EQ(run.sent().size(), batch + in_time) << "no request is wasted";

  run.close();
  run.run_to_rest();
  EXPECT_TRUE(run.drained());
}

// behaviours: R1, R11, I1
TEST(engine_hour, server_that_says_429_for_five_minutes_is_met_by_few_and_recovers) {
  core::engine_settings s;
  s.max_queued = 200'000;
  engine_run run{s, make_rate_governor(production_quota, quota_scope::per_api_key, 1)};
  core::splitmix random{7};
  const auto ill_from = run.now() + 2min;
  const auto ill_until = ill_from + 5min;
  std::vector<core::time_point> refused;
  run.requests = [&](const request& r) {
    request_plan plan = minted(round_trip(random));
    if (r.sent_at < ill_from || r.sent_at >= ill_until) return plan;
    refused.push_back(r.sent_at);
    plan.reply.what = answer::rate_limited;
    plan.reply.retry_after = 2s;
    return plan;
  };
  for (int i = 0; i < 5'000; ++i) run.submit_patient("se-" + std::to_string(i));
  run.run_for(7min);
  EXPECT_LE(refused.size(), 5u * 60 / 2 + 10) << "one probe a pause";
  const auto before = run.sent().size();
  run.run_for(10min);
  EXPECT_GE(run.sent().size() - before, 1'500u) << "most of the quota is used again";
  run.shut_down();
  run.run_to_rest();
  for (const auto& c : run.calls()) ASSERT_TRUE(c.ended);
}

// behaviours: Q1, Q8
TEST(engine_hour, million_queued_mints_are_served_each_in_its_turn) {
  static_assert(sizeof(core::mint) <= 352 + sizeof(account_id));
  scripted_governor governor;
  core::key_guard key;
  core::engine_settings s;
  s.max_queued = 1'000'000;
  std::deque<core::mint> mints;  // outlives the engine
  core::engine engine{s, governor, key, 1};
  const core::time_point now{1000s};
  governor.not_before = now + 1h;
  for (int i = 0; i < 1'000'000; ++i) {
    core::mint& m = mints.emplace_back();
    m.account = std::to_string(i);
    engine.on_submit(now, m);
  }
  EXPECT_EQ(engine.count().queued, 1'000'000u);

  // One link serves the first twenty thousand in order, each in logarithmic time.
  governor.not_before = now;
  engine.on_tick(now);
  core::link_id link = 0;
  core::attempt_id out = 0;
  const core::mint* of = nullptr;
  for (int served = 0; served < 20'000;) {
    const auto c = engine.next();
    if (!c) {
      ASSERT_TRUE(of);
      ASSERT_EQ(of->account, account_id{std::to_string(served)});
      of = nullptr;
      engine.on_reply(now, out, {answer::minted});
      ++served;
    } else if (c->what == core::command::kind::dial && link == 0) {
      link = c->link;
      engine.on_link_open(now, link, {});
    } else if (c->what == core::command::kind::send) {
      out = c->attempt;
      of = c->of;
    }
  }
  engine.on_shutdown(now);
  std::size_t closed = 0;
  while (const auto c = engine.next())
    closed += c->what == core::command::kind::finish && c->of->end.code == mint_errc::closed ? 1 : 0;
  EXPECT_EQ(closed, 980'000u);
  EXPECT_EQ(engine.count().queued, 0u);
}

}  // namespace
}  // namespace ephemint::test
