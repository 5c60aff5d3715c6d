#include "core/random.hpp"
#include "support/seeds.hpp"

#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

struct out {
  permit id;
  at sent_at;
  at back_at;
};

std::size_t most_in_a_window(const std::vector<at>& sends, clock::duration window) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < sends.size(); ++last) {
    while (sends[last] - sends[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

struct outcome_weights {
  int rate_limited;
  int unknown;
  int never_left;
};

/// Random askers, random replies, in virtual time.
class storm {
 public:
  storm(quota q, std::uint64_t seed, outcome_weights weights)
      : quota_{q},
        random_{seed},
        weights_{weights},
        governor_{make_rate_governor(q, quota_scope::per_api_key, seed)} {}

  void run(int steps, clock::duration step) {
    for (int i = 0; i < steps; ++i) {
      now_ += clock::duration{
          static_cast<clock::rep>(random_.next() % static_cast<std::uint64_t>(2 * step.count()))};
      replies();
      for (auto asks = random_.next() % 4; asks > 0; --asks) ask();
    }
  }

  std::vector<at> sends;
  at paused_until{};
  int granted_in_a_pause = 0;
  int estimates_wrong = 0;

 private:
  void ask() {
    const permit_request request{.urgency = random_.next() % 2 ? priority::interactive : priority::background,
                                 .account = "a",
                                 .client = static_cast<std::uint32_t>(random_.next() % 3)};
    const at estimated = governor_->estimate(now_, request, 0);
    const admission answer = governor_->try_acquire(now_, request);
    if (answer.what != admission::verdict::granted) {
      ASSERT_GT(answer.not_before, now_) << "whoever waits until then must not spin";
      return;
    }
    if (estimated > now_) ++estimates_wrong;
    if (now_ < paused_until) ++granted_in_a_pause;
    if (static_cast<int>(random_.next() % 100) < weights_.never_left)
      return governor_->give_back(now_, answer.granted_permit);
    sends.push_back(now_);
    out_.push_back(
        {answer.granted_permit, now_, now_ + 1ms + std::chrono::milliseconds{random_.next() % 300}});
  }

  void replies() {
    for (std::size_t i = 0; i < out_.size();) {
      if (out_[i].back_at > now_) {
        ++i;
        continue;
      }
      reply(out_[i]);
      out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void reply(const out& o) {
    permit_reply r{.use = permit_use::admitted, .account = "a", .sent_at = o.sent_at};
    const int dice = static_cast<int>(random_.next() % 1000);
    if (dice < weights_.rate_limited) {
      r.use = permit_use::rate_limited;
      if (random_.next() % 2) r.retry_after = std::chrono::seconds{random_.next() % 4};
      if (r.retry_after) paused_until = std::max(paused_until, now_ + *r.retry_after);
    } else if (dice < weights_.rate_limited + weights_.unknown) {
      r.use = permit_use::unknown;
    }
    governor_->on_reply(now_, o.id, r);
  }

  quota quota_;
  core::splitmix random_;
  outcome_weights weights_;
  std::shared_ptr<rate_governor> governor_;
  std::vector<out> out_;
  at now_{100s};
};

TEST(rate_governor_property, no_sliding_window_holds_more_than_the_quota) {
  for (const quota q : {quota::declared(1, 1s), quota::declared(7, 1s), quota::declared(20, 2s),
                        quota::declared(200, 10s), quota::declared(50, 100ms)})
    for (std::uint64_t seed = 0; seed < test::seeds_to_play(40); ++seed) {
      storm s{q, seed, {.rate_limited = 5, .unknown = 20, .never_left = 5}};
      s.run(4000, std::max<clock::duration>(1ms, q.window() / static_cast<int>(2 * q.requests())));
      ASSERT_LE(most_in_a_window(s.sends, q.window()), q.requests()) << "seed " << seed;
      ASSERT_GT(s.sends.size(), 10u);
      ASSERT_EQ(s.granted_in_a_pause, 0);
      ASSERT_EQ(s.estimates_wrong, 0) << "granted before the estimate";
    }
}

TEST(rate_governor_property, no_grant_in_a_pause_in_any_mode) {
  for (const quota q : {quota::unlimited(), quota::automatic(20, 1s), quota::declared(100, 1s)})
    for (std::uint64_t seed = 0; seed < test::seeds_to_play(100); ++seed) {
      storm s{q, seed, {.rate_limited = 50, .unknown = 20, .never_left = 5}};
      s.run(3000, 10ms);
      ASSERT_EQ(s.granted_in_a_pause, 0);
      ASSERT_GT(s.sends.size(), 10u);
    }
}

// behaviours: R9
TEST(rate_governor_property, permits_given_back_cost_nothing) {
  for (std::uint64_t seed = 0; seed < test::seeds_to_play(50); ++seed) {
    const auto governor = make_rate_governor(quota::declared(50, 1h), quota_scope::per_api_key, seed);
    core::splitmix random{seed};
    std::vector<permit> held;
    at now{100s};
    std::size_t used = 0;
    for (int i = 0; i < 3000; ++i, now += 1ms) {
      if (random.next() % 2) {
        const admission a = governor->try_acquire(now, {.account = "a"});
        if (a.what == admission::verdict::granted) held.push_back(a.granted_permit);
      } else if (!held.empty()) {
        const bool use = random.next() % 50 == 0;
        if (use)
          governor->on_reply(now, held.back(), {.use = permit_use::admitted, .account = "a", .sent_at = now});
        else
          governor->give_back(now, held.back());
        used += use ? 1 : 0;
        held.pop_back();
      }
    }
    for (const permit p : held) governor->give_back(now, p);
    std::size_t left = 0;
    for (; used + left < 200;
         ++left, now += 20min / 50) {  // slower than the rest is spread, faster than it reopens
      const admission a = governor->try_acquire(now, {.account = "a"});
      if (a.what != admission::verdict::granted) break;
      governor->on_reply(now, a.granted_permit,
                         {.use = permit_use::admitted, .account = "a", .sent_at = now});
    }
    ASSERT_GE(used + left, 45u) << "seed " << seed;
    ASSERT_LE(used + left, 50u);
  }
}

}  // namespace
}  // namespace ephemint
