#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <malloc.h>

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;
using verdict = admission::verdict;

std::size_t heap_in_use() { return mallinfo2().uordblks; }

/// One client of one governor, and the time.
struct fixture {
  explicit fixture(quota q, quota_scope scope = quota_scope::per_api_key)
      : governor{make_rate_governor(q, scope, 1)}, client{governor->join()} {}

  admission ask(std::string_view account = "a", priority urgency = priority::interactive) {
    return governor->try_acquire(now, {urgency, account, client});
  }
  /// Asks until it is granted, moving the time to what the answer says.
  permit wait_for_permit(std::string_view account = "a", priority urgency = priority::interactive) {
    for (;;) {
      const admission a = ask(account, urgency);
      if (a.what == verdict::granted) return a.granted_permit;
      now = a.not_before;
    }
  }
  void reply(permit p, permit_use use, at sent_at, std::optional<clock::duration> retry_after = {}) {
    governor->on_reply(now, p, {use, "a", sent_at, retry_after});
  }
  /// One whole request of 80 ms.
  void mint(permit_use use = permit_use::admitted, std::optional<clock::duration> retry_after = {},
            std::string_view account = "a") {
    const permit p = wait_for_permit(account);
    const at sent = now;
    now += 80ms;
    governor->on_reply(now, p, {use, account, sent, retry_after});
  }
  bool granted(std::string_view account = "a", priority urgency = priority::interactive) {
    const admission a = ask(account, urgency);
    if (a.what == verdict::granted) governor->give_back(now, a.granted_permit);
    return a.what == verdict::granted;
  }

  std::shared_ptr<rate_governor> governor;
  std::uint32_t client;
  at now{100s};
};

TEST(rate_governor, absurd_quotas_are_refused_by_name) {
  const auto message = [](quota q) -> std::string {
    try {
      make_rate_governor(q);
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return {};
  };
  EXPECT_EQ(message(production_quota), "");
  EXPECT_EQ(message(quota::unlimited()), "");
  EXPECT_EQ(message(quota::declared(0, 60s)), "rate: requests must be 1 to 1,000,000 a window, got 0");
  EXPECT_EQ(message(quota::automatic(1'000'001)),
            "rate: requests must be 1 to 1,000,000 a window, got 1000001");
  EXPECT_EQ(message(quota::declared(200, 99ms)), "rate: the window must be 100 ms to 24 h, got 99 ms");
  EXPECT_EQ(message(quota::declared(200, -1s)), "rate: the window must be 100 ms to 24 h, got -1000 ms");
  EXPECT_EQ(message(quota::declared(200, std::chrono::milliseconds::max())),
            "rate: the window must be 100 ms to 24 h, got 9223372036854775807 ms");
}

TEST(rate_governor, declared_quota_is_given_once_a_window) {
  fixture f{quota::declared(5, 60s)};
  for (int i = 0; i < 5; ++i) f.mint();
  const admission a = f.ask();
  EXPECT_EQ(a.what, verdict::later);
  EXPECT_GT(a.not_before, at{160s});
  EXPECT_LT(a.not_before, at{160s} + 200ms) << "the first was charged within its round trip";
}

TEST(rate_governor, requests_in_flight_count_as_charged) {
  fixture f{quota::declared(5, 1s)};
  std::vector<permit> out;
  for (int i = 0; i < 5; ++i) out.push_back(f.wait_for_permit());
  f.now += 10min;
  EXPECT_EQ(f.ask().what, verdict::later) << "nobody knows when the server counted them";
  for (const permit p : out) f.reply(p, permit_use::unknown, at{100s});
  EXPECT_EQ(f.ask().what, verdict::later) << "charged when they are known lost";
  f.now += 1001ms;
  EXPECT_EQ(f.ask().what, verdict::granted);
}

TEST(rate_governor, eight_are_in_flight_at_most_at_a_small_quota) {
  fixture f{production_quota};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(f.ask().what, verdict::granted);
  EXPECT_EQ(f.ask().what, verdict::later);
}

TEST(rate_governor, large_quota_isnt_held_to_eight_in_flight) {
  fixture f{quota::declared(600'000, 60s)};
  for (int i = 0; i < 500; ++i) ASSERT_EQ(f.ask().what, verdict::granted);
}

TEST(rate_governor, unlimited_grants_everything_until_a_429) {
  fixture f{quota::unlimited()};
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(f.ask().what, verdict::granted);
  f.mint(permit_use::rate_limited, 2s);
  const admission a = f.ask();
  EXPECT_EQ(a.what, verdict::later);
  EXPECT_GE(a.not_before, f.now + 40ms);
}

// behaviours: R1
TEST(rate_governor, pause_then_one_probe_then_paced) {
  for (const quota q : {production_quota, quota::unlimited(), quota::automatic()}) {
    fixture f{q};
    f.mint(permit_use::rate_limited, 2s);
    const at heard = f.now;
    for (; f.now < heard + 2s; f.now += 50ms) ASSERT_EQ(f.ask().what, verdict::later);
    const permit probe = f.wait_for_permit();
    EXPECT_LE(f.now, heard + 2300ms);
    const at sent = f.now;
    for (int i = 0; i < 10; ++i, f.now += 10ms) ASSERT_EQ(f.ask().what, verdict::later) << "one probe";
    f.reply(probe, permit_use::admitted, sent);
    const double interval = q.how() == quota::mode::unlimited ? 1.0 / 66 : 0.3;
    const at released = f.now;
    f.mint();
    f.mint();
    f.mint();
    EXPECT_GE(f.now - released, 2 * std::chrono::duration<double>(interval)) << "paced, no herd";
  }
}

// behaviours: R5
TEST(rate_governor, fifty_simultaneous_429s_are_one) {
  fixture f{quota::declared(60'000, 60s)};
  std::vector<permit> out;
  for (int i = 0; i < 50; ++i) out.push_back(f.wait_for_permit());
  f.now += 80ms;
  for (const permit p : out) f.reply(p, permit_use::rate_limited, at{100s}, 2s);
  const at heard = f.now;
  const permit probe = f.wait_for_permit();
  EXPECT_LE(f.now, heard + 2250ms) << "not 50 times as long";
  f.reply(probe, permit_use::admitted, f.now);
}

// behaviours: R6, R11
TEST(rate_governor, thousand_waiters_at_a_release_are_no_herd) {
  for (const quota q : {production_quota, quota::unlimited(), quota::declared(100'000, 60s)}) {
    fixture f{q};
    f.mint(permit_use::rate_limited, 2s);
    for (at end = f.now + 5min; f.now < end;) f.mint(permit_use::rate_limited, 30s);
    f.mint();
    const at released = f.now;
    std::vector<at> sends;
    std::vector<std::pair<permit, at>> out;
    for (; f.now < released + 5s; f.now += 1ms) {
      for (auto& [p, sent] : out)
        if (p.id != 0 && f.now >= sent + 80ms) {
          f.reply(p, permit_use::admitted, sent);
          p = permit{};
        }
      for (admission a = f.ask(); a.what == verdict::granted; a = f.ask()) {
        sends.push_back(f.now);
        out.emplace_back(a.granted_permit, f.now);
      }
    }
    const double paced =
        std::min(66.0, q.how() == quota::mode::unlimited ? 1e9 : static_cast<double>(q.requests()) / 60);
    EXPECT_GE(static_cast<double>(sends.size()), 0.45 * paced * 5) << "it does recover";
    for (std::size_t i = 0; i < sends.size(); ++i) {
      std::size_t in_window = 0;
      for (std::size_t k = i; k < sends.size() && sends[k] < sends[i] + 100ms; ++k) ++in_window;
      ASSERT_LE(static_cast<double>(in_window), std::max(1.0, 1.2 * paced * 0.1));
    }
  }
}

TEST(rate_governor, hour_of_429_gets_only_the_probes) {
  using retry = std::optional<clock::duration>;
  for (const auto& [header, most] :
       {std::pair{retry{}, 75}, std::pair{retry{0s}, 75}, std::pair{retry{1s}, 80}, std::pair{retry{60s}, 61},
        std::pair{retry{999'999'999s}, 13}}) {
    fixture f{production_quota};
    int requests = 0;
    for (at end = f.now + 1h; f.now < end; ++requests) f.mint(permit_use::rate_limited, header);
    EXPECT_LE(requests, most);
    EXPECT_GE(requests, 12) << "it is never given up";
    f.mint();
    f.mint();
    EXPECT_TRUE(f.granted() || f.ask().not_before < f.now + 1s) << "and it recovers";
  }
}

// behaviours: R9
TEST(rate_governor, permit_given_back_is_as_if_not_taken) {
  fixture f{quota::declared(1, 60s)};
  for (int i = 0; i < 100; ++i) {
    const admission a = f.ask();
    ASSERT_EQ(a.what, verdict::granted);
    f.governor->give_back(f.now, a.granted_permit);
    f.governor->give_back(f.now, a.granted_permit);  // a second time: nothing
  }
  f.mint();
  EXPECT_FALSE(f.granted());
}

TEST(rate_governor, probe_given_back_is_still_due) {
  fixture f{production_quota};
  f.mint(permit_use::rate_limited, 2s);
  const permit probe = f.wait_for_permit();
  f.governor->give_back(f.now, probe);
  EXPECT_TRUE(f.granted());
  f.mint();  // the probe after all: it ends the pause
  f.wait_for_permit();
  f.now += 2s;
  EXPECT_TRUE(f.granted()) << "two may be in flight now";
}

// behaviours: R10
TEST(rate_governor, limit_of_one_account_lets_the_others_flow) {
  fixture f{quota::declared(3, 60s), quota_scope::per_account};
  for (int i = 0; i < 3; ++i) f.mint();
  EXPECT_FALSE(f.granted("a"));
  EXPECT_TRUE(f.granted("b"));
  f.mint(permit_use::rate_limited, 5s, "b");
  EXPECT_FALSE(f.granted("b"));
  EXPECT_TRUE(f.granted("c"));
}

// behaviours: C5
TEST(rate_governor, estimate_is_what_waiting_then_takes) {
  fixture f{quota::declared(10, 10s)};
  for (int i = 0; i < 4; ++i) f.mint();
  for (std::size_t ahead : {0u, 1u, 4u, 8u, 12u, 25u, 60u}) {
    fixture g{quota::declared(10, 10s)};
    for (int i = 0; i < 4; ++i) g.mint();
    const at estimated = g.governor->estimate(g.now, {priority::interactive, "a", g.client}, ahead);
    for (std::size_t i = 0; i < ahead; ++i) g.mint();
    g.wait_for_permit();
    const std::chrono::duration<double> late = g.now - estimated;
    EXPECT_NEAR(late.count(), 0, 2.0) << ahead << " ahead";
  }
}

// behaviours: C5
TEST(rate_governor, estimate_far_ahead_is_far_away) {
  const auto estimate = [](fixture& f, std::size_t ahead) {
    return f.governor->estimate(f.now, {priority::background, "a", f.client}, ahead);
  };
  fixture daily{quota::declared(1, 24h)};
  daily.mint();
  EXPECT_GE(estimate(daily, 1'000), daily.now + 24h * 1'000);
  EXPECT_EQ(estimate(daily, 200'000), at::max()) << "200,000 days are more than the clock can say";
  for (const quota q : {quota::declared(1, 24h), quota::declared(1'000'000, 100ms), quota::automatic(1, 24h),
                        quota::unlimited()})
    for (const std::size_t ahead : {std::size_t{1} << 32, std::size_t{1} << 62, ~std::size_t{0}}) {
      fixture f{q};
      f.mint();
      const at begin = q.how() == quota::mode::unlimited ? f.now : f.now + 5min;
      EXPECT_GE(estimate(f, ahead), begin) << ahead;
      f.mint(permit_use::rate_limited, 2s);
      EXPECT_GE(estimate(f, ahead), f.now + 5min) << ahead;
    }
}

// Arguments that a caller may have computed wrongly: nothing overflows, and permits come back.
TEST(rate_governor, times_at_the_clocks_ends_are_survived) {
  for (const quota q : {quota::declared(3, 24h), quota::automatic(3, 100ms), quota::unlimited()})
    for (const at from : {at::min(), at::max() - 1s, at::max()}) {
      fixture f{q};
      f.now = from;
      for (const permit_use use : {permit_use::admitted, permit_use::rate_limited, permit_use::unknown}) {
        for (const at sent : {at::min(), at{}, at::max()}) {
          const admission a = f.ask();
          f.governor->estimate(from, {priority::interactive, "a", f.client}, 1'000'000);
          if (a.what != verdict::granted) continue;
          f.governor->on_reply(use == permit_use::unknown ? at::min() : at::max(), a.granted_permit,
                               {use, "a", sent, clock::duration::max()});
        }
      }
    }
}

TEST(rate_governor, estimate_knows_the_pause) {
  fixture f{production_quota};
  f.mint(permit_use::rate_limited, 20s);
  const at estimated = f.governor->estimate(f.now, {priority::interactive, "a", f.client}, 0);
  EXPECT_GE(estimated, f.now + 20s);
  EXPECT_LE(estimated, f.now + 21s);
  const at third = f.governor->estimate(f.now, {priority::interactive, "a", f.client}, 10);
  EXPECT_GE(third, estimated + 500ms) << "the release is paced";
}

TEST(rate_governor, estimate_takes_nothing) {
  fixture f{quota::declared(1, 60s)};
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(f.governor->estimate(f.now, {priority::interactive, "a", f.client}, 0), f.now);
  EXPECT_TRUE(f.granted());
}

TEST(rate_governor, background_leaves_room_for_logins) {
  fixture f{quota::declared(60, 60s)};
  int logins = 0;
  int served_at_once = 0;
  int batch = 0;
  for (int tick = 0; tick < 30'000;
       ++tick, f.now += 10ms) {  // five minutes of a batch that uses the whole quota
    const bool login = tick % 500 == 0;
    const admission a = f.ask("a", login ? priority::interactive : priority::background);
    if (a.what == verdict::granted) f.reply(a.granted_permit, permit_use::admitted, f.now);
    if (tick < 12'000) continue;
    (login ? served_at_once : batch) += a.what == verdict::granted ? 1 : 0;
    logins += login ? 1 : 0;
  }
  EXPECT_EQ(served_at_once, logins);
  EXPECT_GE(batch + logins, 174) << "of 180, and it costs the batch little";
}

TEST(rate_governor, background_is_paced) {
  fixture f{production_quota};
  int batch = 0;
  for (; f.now < at{110s}; f.now += 10ms) {
    const admission a = f.ask("a", priority::background);
    if (a.what != verdict::granted) continue;
    f.reply(a.granted_permit, permit_use::admitted, f.now);
    ++batch;
  }
  EXPECT_GE(batch, 32);
  EXPECT_LE(batch, 35) << "200 a minute";
}

TEST(rate_governor, client_that_asks_more_often_gets_no_more) {
  fixture f{quota::declared(100, 10s)};
  const std::uint32_t eager = f.governor->join();
  const std::uint32_t calm = f.governor->join();
  int to_eager = 0;
  int to_calm = 0;
  at calm_asks = f.now;
  for (at end = f.now + 5min; f.now < end; f.now += 1ms) {
    const auto take_all = [&](std::uint32_t client, int& count) {
      for (;;) {
        const admission a = f.governor->try_acquire(f.now, {priority::interactive, "a", client});
        if (a.what != verdict::granted) return a.not_before;
        f.reply(a.granted_permit, permit_use::admitted, f.now);
        ++count;
      }
    };
    take_all(eager, to_eager);  // each millisecond, whatever it is told
    if (f.now >= calm_asks) calm_asks = take_all(calm, to_calm) + 5ms;  // its timer is late
  }
  EXPECT_GT(to_calm, to_eager * 0.8);
  EXPECT_GT(to_calm + to_eager, 2900);
}

TEST(rate_governor, client_that_left_holds_nobody_up) {
  fixture f{quota::declared(1, 1s)};
  const std::uint32_t gone = f.governor->join();
  f.mint();
  const admission a = f.governor->try_acquire(f.now, {priority::interactive, "a", gone});
  ASSERT_EQ(a.what, verdict::later);
  f.now = a.not_before;
  EXPECT_FALSE(f.granted()) << "its turn";
  f.governor->leave(gone);
  EXPECT_TRUE(f.granted());
}

// behaviours: R16
TEST(rate_governor, jitter_is_the_seeds_and_nobody_elses) {
  const auto pause_of = [](std::optional<std::uint64_t> seed) {
    const auto governor = make_rate_governor(production_quota, quota_scope::per_api_key, seed);
    const at now{100s};
    const permit p = governor->try_acquire(now, {.account = "a"}).granted_permit;
    governor->on_reply(now, p, {permit_use::rate_limited, "a", now, {}});
    return governor->estimate(now, {.account = "a"}, 0);
  };
  EXPECT_EQ(pause_of(7), pause_of(7));
  EXPECT_NE(pause_of(7), pause_of(8));
  EXPECT_NE(pause_of({}), pause_of({}));
}

/// Counts its calls.
struct ear final : quota_listener {
  void quota_changed() noexcept override {
    ++heard;
    if (then) then();
  }
  int heard = 0;
  std::function<void()> then;
};

/// A fixture with a client that has all permits that may be in flight, and others that wait for it.
struct crowd : fixture {
  explicit crowd(std::size_t others, quota q = production_quota) : fixture{q} {
    for (admission a = ask(); a.what == verdict::granted; a = ask()) out.push_back(a.granted_permit);
    governor->leave(client);  // its own place in the line
    for (std::size_t i = 0; i < others; ++i) {
      ears.push_back(std::make_shared<ear>());
      clients.push_back(governor->join(ears.back()));
      EXPECT_EQ(ask_as(i).what, verdict::later);
    }
  }
  admission ask_as(std::size_t other) {
    return governor->try_acquire(now, {priority::interactive, "a", clients[other]});
  }
  std::vector<int> heard() const {
    std::vector<int> counts;
    for (const auto& e : ears) counts.push_back(e->heard);
    return counts;
  }
  void give_back_one() {
    governor->give_back(now, out.back());
    out.pop_back();
  }

  std::vector<permit> out;
  std::vector<std::shared_ptr<ear>> ears;
  std::vector<std::uint32_t> clients;
};

using counts = std::vector<int>;

TEST(rate_governor, permit_that_comes_back_wakes_who_is_next) {
  crowd f{3};
  f.give_back_one();
  EXPECT_EQ(f.heard(), (counts{1, 0, 0}));
  f.reply(f.out.back(), permit_use::admitted, f.now);
  EXPECT_EQ(f.heard(), (counts{1, 1, 0})) << "the first has heard, and didn't ask yet";
  EXPECT_EQ(f.ask_as(0).what, verdict::granted);
  EXPECT_EQ(f.ask_as(1).what, verdict::granted);
  EXPECT_EQ(f.ask_as(2).what, verdict::later);
}

TEST(rate_governor, waiting_client_is_woken_once_until_it_asks_again) {
  crowd f{1};
  f.give_back_one();
  f.give_back_one();
  EXPECT_EQ(f.heard(), counts{1});
  EXPECT_EQ(f.ask_as(0).what, verdict::granted);
  f.give_back_one();
  EXPECT_EQ(f.heard(), counts{1}) << "it doesn't wait";
}

TEST(rate_governor, client_isnt_woken_by_its_own_permits) {
  crowd f{1};
  f.give_back_one();
  const permit own = f.ask_as(0).granted_permit;
  EXPECT_EQ(f.ask_as(0).what, verdict::later);
  f.governor->give_back(f.now, own);
  EXPECT_EQ(f.heard(), counts{1});
}

TEST(rate_governor, client_that_is_gone_isnt_woken) {
  crowd f{2};
  f.governor->leave(f.clients[0]);
  const auto left = f.ears[0];
  f.ears[1].reset();
  f.give_back_one();
  f.give_back_one();
  EXPECT_EQ(left->heard, 0);
}

TEST(rate_governor, all_of_a_crowd_are_woken) {
  crowd f{20, quota::declared(60'000, 60s)};
  ASSERT_GT(f.out.size(), 20u);
  while (f.out.size() > 1) f.give_back_one();
  EXPECT_EQ(f.heard(), counts(20, 1));
}

TEST(rate_governor, who_is_woken_may_ask_at_once) {
  crowd f{2};
  admission answer;
  f.ears[0]->then = [&] { answer = f.ask_as(0); };
  f.ears[1]->then = [&] { f.governor->leave(f.clients[1]); };
  f.give_back_one();
  EXPECT_EQ(answer.what, verdict::granted);
  f.give_back_one();
  EXPECT_EQ(f.heard(), (counts{1, 1}));
}

// behaviours: R1
TEST(rate_governor, end_of_a_pause_wakes_who_waits_for_the_probe) {
  fixture f{quota::unlimited()};
  const auto e = std::make_shared<ear>();
  const std::uint32_t other = f.governor->join(e);
  f.mint(permit_use::rate_limited, 2s);
  const permit probe = f.wait_for_permit();
  const at sent = f.now;
  const admission a = f.governor->try_acquire(f.now, {priority::interactive, "a", other});
  ASSERT_EQ(a.what, verdict::later);
  f.now += 5ms;
  f.reply(probe, permit_use::admitted, sent);
  EXPECT_EQ(e->heard, 1);
  EXPECT_LT(f.governor->estimate(f.now, {priority::interactive, "a", other}, 0), a.not_before);
}

// behaviours: Q8
TEST(rate_governor, million_accounts_are_forgotten_again) {
  // Each comes once, a millisecond apart, with a window of a second: about a thousand must be remembered.
  fixture f{quota::declared(10, 1s), quota_scope::per_account};
  std::size_t after_a_tenth = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::string account = "se-" + std::to_string(i);
    const admission a = f.ask(account);
    ASSERT_EQ(a.what, verdict::granted);
    f.reply(a.granted_permit, permit_use::admitted, f.now);
    f.now += 1ms;
    if (i == 30'000) after_a_tenth = heap_in_use();
  }
  EXPECT_LE(heap_in_use(), after_a_tenth + (4u << 20));
}

}  // namespace
}  // namespace ephemint
