// A second attempt beside one that is late: when there is one, and how a mint with two ends.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

core::engine_settings hedging() {
  core::engine_settings s;
  s.hedge = true;
  s.attempt_timeout = 6s;
  return s;
}

constexpr core::duration usual = 80ms;
// Twice `usual`, as coarsely as it is counted.
constexpr core::duration late_after{160 * (1 << 20)};

/// One after another, each over the link that the one before used.
void hear_replies(engine_run& run, int replies, core::duration taken = usual) {
  for (int i = 0; i < replies; ++i) {
    run.next_requests.push_back(minted(taken));
    run.submit("usual");
    run.run_for(i == 0 ? taken + 30ms : taken);
  }
}

/// Two idle links, after enough replies for one second attempt.
std::unique_ptr<engine_run> experienced(const core::engine_settings& s = hedging(), int replies = 50) {
  auto run = std::make_unique<engine_run>(s);
  run->warm_up(2);
  run->run_for(1s);
  hear_replies(*run, replies);
  return run;
}

request_plan reset(bool unprocessed = false) {
  return {.how = request_plan::end::reset, .takes = 300ms, .unprocessed = unprocessed};
}
request_plan after(core::duration takes, request_plan p) {
  p.takes = takes;
  return p;
}

// --- when

// behaviours: HG1, HG3
TEST(engine_hedge, late_request_gets_a_second_one_over_another_link_and_the_first_token_wins) {
  const auto run = experienced();
  run->next_requests = {minted(3s), minted()};
  const int c = run->submit("late");
  run->run_for(late_after - 1ns);
  EXPECT_EQ(run->at(c).requests, 1);
  run->run_for(1ns);
  ASSERT_EQ(run->at(c).requests, 2);
  const auto& sent = run->sent();
  EXPECT_NE(sent.back().connection, sent[sent.size() - 2].connection);
  run->run_to_rest();
  EXPECT_TRUE(run->at(c).minted());
  EXPECT_EQ(run->at(c).ended_at - run->at(c).submitted, late_after + usual);
  EXPECT_EQ(run->count().hedges, 1u);
  EXPECT_EQ(run->count().hedges_won, 1u);
  EXPECT_EQ(run->count().retries, 1u);
}

struct obstacle {
  const char* name;
  std::function<void(core::engine_settings&)> settings = [](core::engine_settings&) {};
  std::function<void(engine_run&)> before = [](engine_run&) {};
  std::function<void(engine_run&)> beside = [](engine_run&) {};
  core::duration patience = 8s;
  int replies = 50;
};

void not_for_batches(engine_run& run) {
  run.governor().urgency_not_before[priority::background] = run.now() + 1h;
}

void refuse_one_account(engine_run& run) {
  run.key().on_refused(run.now(), false, 1, run.key().version());
  run.key().on_refused(run.now(), false, 2, run.key().version());
}

// behaviours: HG2
TEST(engine_hedge, there_is_none_where_anything_speaks_against_it) {
  const obstacle rows[] = {
      {.name = "off", .settings = [](auto& s) { s.hedge = false; }},
      {.name = "too little known", .replies = 49},
      {.name = "the last attempt", .settings = [](auto& s) { s.retry.max_attempts = 1; }},
      {.name = "retry budget spent", .settings = [](auto& s) { s.retry.budget = 13; }},
      {.name = "no other link may stand", .settings = [](auto& s) { s.links.max_connections = 1; }},
      {.name = "no permit but for logins", .before = not_for_batches},
      {.name = "no token could come in time", .patience = late_after + 50ms},
      {.name = "key in doubt",
       .before =
           [](auto& run) {
             run.refuse_key();
             run.run_for(5s);
             run.key().renewed();
             refuse_one_account(run);
           }},
      {.name = "rate limited before",
       .before =
           [](auto& run) {
             run.next_requests.push_back(answered(answer::rate_limited, 1s));
             run.submit("refused");
             run.run_for(2s);
           }},
      {.name = "closing", .beside = [](auto& run) { run.close(); }},
      {.name = "somebody waits",
       .beside =
           [](auto& run) {
             run.governor().not_before = run.now() + 200ms;
             run.submit("waits");
           }},
  };
  for (const obstacle& o : rows) {
    SCOPED_TRACE(o.name);
    auto settings = hedging();
    o.settings(settings);
    const auto run = experienced(settings, o.replies);
    o.before(*run);
    run->next_requests = {minted(o.patience == 8s ? 3s : 200ms)};
    const int c = run->submit("late", o.patience);
    o.beside(*run);
    run->run_to_rest();
    EXPECT_EQ(run->at(c).requests, 1);
    EXPECT_TRUE(run->at(c).minted());
    EXPECT_EQ(run->count().hedges, 0u);
  }
}

// behaviours: HG3
TEST(engine_hedge, link_for_it_is_dialled_where_none_has_room) {
  auto run = std::make_unique<engine_run>(hedging());
  hear_replies(*run, 60);
  ASSERT_EQ(run->dialled(), 1u);
  run->next_requests = {minted(3s), minted()};
  const int c = run->submit("late");
  run->run_to_rest();
  EXPECT_EQ(run->dialled(), 2u);
  EXPECT_EQ(run->at(c).ended_at - run->at(c).submitted, late_after + 30ms + usual);
}

// behaviours: HG3
TEST(engine_hedge, dial_for_it_that_fails_is_not_repeated) {
  auto run = std::make_unique<engine_run>(hedging());
  hear_replies(*run, 60);
  run->dials = [](std::size_t) { return refused_dial(); };
  run->next_requests = {minted(3s)};
  const int c = run->submit("late");
  run->run_to_rest();
  EXPECT_EQ(run->dialled(), 2u);
  EXPECT_EQ(run->at(c).requests, 1);
  EXPECT_TRUE(run->at(c).minted());
}

// behaviours: HG3
TEST(engine_hedge, over_the_same_link_where_requests_share_it_and_there_is_no_other) {
  engine_run run{hedging()};
  run.dials = [](std::size_t) { return dial_plan{.capacity = 100, .shared = true}; };
  hear_replies(run, 60);
  run.next_requests = {minted(3s), minted()};
  const int c = run.submit("late");
  run.run_for(1s);
  EXPECT_EQ(run.at(c).requests, 2);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.resets(), 1u) << "the link goes on";
  EXPECT_EQ(run.connections(), 1u);
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 1u);
}

// --- how it ends

struct course {
  const char* name;
  request_plan first;
  request_plan second;
  std::vector<request_plan> then{};
  std::optional<mint_errc> error{};
  core::duration ends_after;
  int requests = 2;
  int attempts = 2;
  bool hedge_won = false;
};

const request_plan unavailable = answered(answer::server_error);

// behaviours: HG4
TEST(engine_hedge, first_token_wins_and_of_failures_the_last_decides) {
  const auto at_second = [](core::duration d) { return late_after + d; };
  const course rows[] = {
      {"second wins", minted(3s), minted(100ms), {}, {}, at_second(100ms), 2, 2, true},
      {"first wins", minted(250ms), minted(3s), {}, {}, 250ms},
      {"first fails", after(250ms, unavailable), minted(500ms), {}, {}, at_second(500ms), 2, 2, true},
      {"second fails", minted(1s), after(100ms, unavailable), {}, {}, 1s},
      {"first is lost", after(250ms, lost(true)), minted(500ms), {}, {}, at_second(500ms), 2, 2, true},
      {"second is lost", minted(1s), after(100ms, lost(true)), {}, {}, 1s},
      {"second is stale", minted(1s), after(100ms, lost()), {}, {}, 1s},
      {"second never leaves", minted(1s), unsent(), {}, {}, 1s, 1, 1},
      {"second is rate limited", minted(1s), after(100ms, answered(answer::rate_limited, 9s)), {}, {}, 1s},
      {"second is a carrier's limit", minted(1s), after(100ms, answered(answer::throttled, 9s)), {}, {}, 1s},
      {"second is garbage", minted(1s), after(100ms, answered(answer::malformed)), {}, {}, 1s},
      {"first is too old", minted(5100ms), minted(4950ms), {}, {}, at_second(4950ms), 2, 2, true},
      {"second is too old", minted(5400ms), minted(5300ms), {minted()}, {}, at_second(5300ms) + usual, 3, 3},
      {"second is rejected",
       minted(3s),
       after(100ms, answered(answer::rejected)),
       {},
       mint_errc::rejected,
       at_second(100ms)},
      {"first is unauthorized",
       after(250ms, answered(answer::key_refused)),
       minted(3s),
       {},
       mint_errc::unauthorized,
       250ms},
      {"first is lost for good",
       request_plan{
           .how = request_plan::end::lost, .takes = 250ms, .failure = {mint_errc::tls_failed, false}},
       minted(500ms),
       {},
       {},
       at_second(500ms),
       2,
       2,
       true},
      {"both are lost for good",
       after(250ms, lost(true)),
       request_plan{.how = request_plan::end::lost,
                    .takes = 300ms,
                    .failure = {mint_errc::tls_failed, false},
                    .reply_begun = true},
       {},
       mint_errc::tls_failed,
       at_second(300ms)},
      {"nobody answers in time", silent(), silent(), {}, mint_errc::timed_out, 8s, 3, 3},
  };
  for (const course& c : rows) {
    SCOPED_TRACE(c.name);
    const auto run = experienced();
    run->next_requests = {c.first, c.second};
    run->next_requests.insert(run->next_requests.end(), c.then.begin(), c.then.end());
    run->requests = [](const request&) { return silent(); };
    const int n = run->submit("late");
    run->run_to_rest();
    const call& ended = run->at(n);
    EXPECT_EQ(ended.minted(), !c.error);
    EXPECT_TRUE(!c.error || ended.failed(*c.error)) << static_cast<int>(ended.end.code);
    EXPECT_EQ(ended.ended_at - ended.submitted, c.ends_after);
    EXPECT_EQ(ended.requests, c.requests);
    EXPECT_EQ(ended.end.attempts, c.attempts);
    EXPECT_EQ(run->count().hedges, 1u);
    EXPECT_EQ(run->count().hedges_won, c.hedge_won ? 1u : 0u);
  }
}

// behaviours: HG4
TEST(engine_hedge, when_both_have_failed_the_mint_is_tried_again_and_gets_no_other_second_one) {
  const auto run = experienced(hedging(), 200);
  run->next_requests = {after(250ms, unavailable), after(200ms, unavailable), minted(2s)};
  const int c = run->submit("late");
  run->run_to_rest();
  EXPECT_TRUE(run->at(c).minted());
  EXPECT_EQ(run->at(c).requests, 3);
  EXPECT_EQ(run->count().hedges, 1u);
}

/// If the server asks one of two attempts to wait, that counts for the mint, whichever ends last (R13).
// behaviours: HG4
TEST(engine_hedge, wait_that_one_of_two_was_told_is_kept) {
  const auto run = experienced();
  run->next_requests = {after(250ms, answered(answer::server_error, 2s)), after(300ms, unavailable),
                        minted()};
  const int c = run->submit("late");
  run->run_to_rest();
  EXPECT_TRUE(run->at(c).minted());
  EXPECT_GE(run->sent().back().sent_at - run->at(c).submitted, 250ms + 2s);
}

// behaviours: HG4
TEST(engine_hedge, attempt_that_times_out_leaves_the_other) {
  auto settings = hedging();
  settings.attempt_timeout = 1s;
  const auto run = experienced(settings);
  run->next_requests = {silent(), minted(900ms)};
  const int c = run->submit("late");
  run->run_to_rest();
  EXPECT_EQ(run->at(c).ended_at - run->at(c).submitted, late_after + 900ms);
  EXPECT_EQ(run->at(c).requests, 2);
}

struct interruption {
  const char* name;
  std::function<void(engine_run&, int)> happens;
  std::optional<mint_errc> error{};
};

// behaviours: HG4
TEST(engine_hedge, both_end_with_what_they_are_for) {
  const interruption rows[] = {
      {"cancelled", [](auto& run, int c) { run.cancel(c); }, mint_errc::cancelled},
      {"shut down", [](auto& run, int) { run.shut_down(); }, mint_errc::closed},
      {"closed", [](auto& run, int) { run.close(); }, {}},
      {"deadline", [](auto& run, int) { run.run_for(8s); }, {}},
      {"both links lost",
       [](auto& run, int) {
         for (const auto id : run.connection_ids()) run.lose(id);
       },
       {}},
      {"both links retire",
       [](auto& run, int) {
         for (const auto id : run.connection_ids()) run.retire(id);
       },
       {}},
  };
  for (const bool shared : {false, true})
    for (const interruption& i : rows) {
      SCOPED_TRACE(std::string{i.name} + (shared ? ", on one link" : ", on two links"));
      engine_run run{hedging()};
      run.dials = [=](std::size_t) { return dial_plan{.capacity = shared ? 10u : 1u, .shared = shared}; };
      run.warm_up(2);
      run.run_for(1s);
      hear_replies(run, 50);
      run.next_requests = {minted(1s), minted(1s)};
      const int c = run.submit("late");
      run.run_for(200ms);
      ASSERT_EQ(run.at(c).requests, 2);
      i.happens(run, c);
      run.run_to_rest();
      EXPECT_EQ(run.at(c).minted(), !i.error);
      EXPECT_TRUE(!i.error || run.at(c).failed(*i.error));
    }
}

TEST(engine_hedge, engine_that_goes_with_two_attempts_out_gives_both_permits_back) {
  const auto run = experienced();
  run->next_requests = {silent(), silent()};
  run->submit("late");
  run->run_for(200ms);
  EXPECT_EQ(run->permits().outstanding(), 2u);
  run->destroy_engine();
  EXPECT_EQ(run->permits().outstanding(), 0u);
}

// --- whatever goes wrong

struct fault {
  const char* name;
  std::optional<dial_plan> dial{};
  std::optional<request_plan> request{};
};

/// Runs a login with a late request, and some after it. The fault occurs at its n-th possible step. Returns
/// whether it occurred.
bool play(const fault& f, std::size_t step, bool shared) {
  auto settings = hedging();
  settings.attempt_timeout = 1s;
  engine_run run{settings};
  bool struck = false;
  std::size_t steps = 0;
  const auto strikes = [&] { return ++steps == step && (struck = true); };
  const dial_plan usual_dial{.capacity = shared ? 3u : 1u, .shared = shared};
  run.dials = [&](std::size_t) { return usual_dial; };
  hear_replies(run, 100);
  run.dials = [&](std::size_t) { return f.dial && strikes() ? *f.dial : usual_dial; };
  run.requests = [&](const request& r) {
    if (f.request && strikes()) return *f.request;
    return minted(r.number == 101 ? 700ms : usual);
  };
  for (int i = 0; i < 4; ++i) {
    run.submit("login" + std::to_string(i));
    run.run_for(i == 0 ? 400ms : 2s);
  }
  run.close();
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, run.calls().size());
  EXPECT_EQ(run.permits().outstanding(), 0u);
  return struck;
}

// behaviours: HG4
TEST(engine_hedge, any_step_may_fail_once) {
  const fault rows[] = {
      {"dial refused", refused_dial()},
      {"dial slow", dial_plan{2s, {}}},
      {"unsent", {}, unsent()},
      {"lost", {}, lost()},
      {"lost in the reply", {}, lost(true)},
      {"reset", {}, reset()},
      {"reset, not seen", {}, reset(true)},
      {"silent", {}, silent()},
      {"rate limited", {}, answered(answer::rate_limited, 1s)},
      {"server error", {}, answered(answer::server_error)},
      {"about its link", {}, answered(answer::elsewhere)},
      {"not reusable", {}, request_plan{.reply = {.what = answer::minted, .reusable = false}}},
  };
  for (const bool shared : {false, true})
    for (const fault& f : rows) {
      std::size_t step = 1;
      for (; step < 100; ++step) {
        SCOPED_TRACE(std::string{f.name} + " at step " + std::to_string(step) + (shared ? ", shared" : ""));
        if (!play(f, step, shared)) break;
        if (testing::Test::HasFailure()) return;
      }
      EXPECT_TRUE(f.dial || step > 5) << f.name << " never struck the second one";
    }
}

// --- what it costs

/// If all replies of a server become slow, it isn't asked twice.
// behaviours: HG2
TEST(engine_hedge, there_are_two_in_a_hundred_at_most_however_slow_the_server_is) {
  for (const auto slow : {200ms, 1000ms, 4000ms}) {
    for (const int quick : {50, 500, 5'000}) {
      const auto run = experienced(hedging(), quick);
      run->requests = [=](const request&) { return minted(slow); };
      for (int i = 0; i < 500; ++i) {
        run->submit("slow" + std::to_string(i % 7), core::duration::max());
        run->run_for(700ms);
      }
      run->run_to_rest();
      const auto n = run->count();
      EXPECT_LE(n.hedges * 100, 2 * n.requests) << quick << " replies before";
      EXPECT_LE(n.hedges, 20u) << "ten that were saved up, and what the slow ones pay for";
      EXPECT_EQ(n.minted, static_cast<std::uint64_t>(quick) + 500);
    }
  }
}

/// One reply in a hundred takes 2 s more: hardly any login is slow.
// behaviours: HG5
TEST(engine_hedge, few_slow_replies_of_many_are_hidden) {
  std::size_t seen[2] = {};
  for (const bool hedged : {false, true}) {
    auto settings = hedging();
    settings.hedge = hedged;
    const auto run = experienced(settings, 100);
    run->requests = [](const request& r) { return minted(r.number % 100 == 0 ? usual + 2s : usual); };
    for (int i = 0; i < 5'000; ++i) {
      run->submit("login" + std::to_string(i % 50));
      run->run_for(50ms);
    }
    run->run_to_rest();
    for (const call& c : run->calls()) seen[hedged] += c.ended_at - c.submitted > late_after + usual + 30ms;
    EXPECT_LE(run->count().hedges * 100, 2 * run->count().requests);
  }
  EXPECT_EQ(seen[false], 50u);
  EXPECT_EQ(seen[true], 0u);
}

}  // namespace
}  // namespace ephemint::test
