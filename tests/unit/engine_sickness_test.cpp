// Links to failing nodes: what they answer, and over which link the next attempt goes.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

/// That connection answers so; all others mint.
auto sick(core::link_id which, answer what = answer::server_error) {
  return [which, what](const request& r) { return r.connection == which ? answered(what) : minted(); };
}

/// Makes that many links that have minted, each in 80 ms of its own; the one with the last id is used next.
std::vector<core::link_id> open_links(engine_run& run, int count) {
  run.requests = {};
  std::vector<core::link_id> ids;
  for (int i = 0; i < count; ++i) run.submit("warm-" + std::to_string(i));
  run.run_for(200ms);
  for (std::size_t i = run.sent().size() - static_cast<std::size_t>(count); i < run.sent().size(); ++i)
    ids.push_back(run.sent()[i].connection);
  EXPECT_EQ(run.connections(), static_cast<std::size_t>(count));
  return ids;
}

core::engine_settings one_attempt() {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  return s;
}

// behaviours: A3
TEST(engine_sickness, error_from_a_fresh_link_retires_it_and_the_retry_is_minted) {
  engine_run run;
  run.requests = [](const request& r) { return r.number == 1 ? answered(answer::server_error) : minted(); };
  const int c = run.submit("a");
  run.run_for(1s);
  EXPECT_TRUE(run.at(c).minted());
  ASSERT_EQ(run.sent().size(), 2u);
  EXPECT_NE(run.sent()[0].connection, run.sent()[1].connection);
  EXPECT_EQ(run.connections(), 1u);
  run.run_to_rest();
}

// behaviours: A3
TEST(engine_sickness, one_error_of_a_link_that_did_well_doesnt_retire_it_but_two_in_a_row_do) {
  engine_run run{one_attempt()};
  const auto link = open_links(run, 1).front();
  run.next_requests = {answered(answer::server_error), minted(), answered(answer::server_error)};
  for (int i = 0; i < 3; ++i) {
    run.submit("a");
    run.run_for(200ms);
    EXPECT_EQ(run.sent().back().connection, link);
    EXPECT_EQ(run.connections(), 1u);
  }
  run.next_requests = {answered(answer::server_error)};
  run.submit("a");
  run.run_for(200ms);
  EXPECT_EQ(run.connections(), 0u);
  EXPECT_EQ(run.dialled(), 1u);
  run.run_to_rest();
}

// behaviours: A3
TEST(engine_sickness, retry_after_an_error_goes_over_another_link_that_stands) {
  engine_run run;
  const auto links = open_links(run, 2);
  run.requests = sick(links.back());
  const int c = run.submit("a");
  run.run_for(1s);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 2);
  EXPECT_EQ(run.sent().back().connection, links.front());
  EXPECT_EQ(run.connections(), 2u) << "one error accuses nobody";
  EXPECT_EQ(run.dialled(), 2u);
  run.run_to_rest();
}

// behaviours: A3
TEST(engine_sickness, retry_with_no_other_link_dials_one_even_where_only_one_may_stand) {
  for (const std::size_t most : {1u, 8u}) {
    engine_run run{connections(most)};
    run.requests = sick(open_links(run, 1).front());
    const int c = run.submit("a");
    run.run_for(1s);
    EXPECT_TRUE(run.at(c).minted());
    EXPECT_EQ(run.at(c).requests, 2);
    EXPECT_EQ(run.connections(), 1u);
    run.run_to_rest();
  }
}

// behaviours: A3
TEST(engine_sickness, retry_doesnt_wait_for_the_only_other_link_while_that_is_busy) {
  engine_run run{connections(2)};
  const auto links = open_links(run, 2);
  run.requests = [&](const request& r) {
    if (r.account == "long") return minted(1900ms);
    return r.connection == links.front() ? answered(answer::server_error) : minted();
  };
  run.submit("long");
  ASSERT_EQ(run.sent().back().connection, links.back());
  const int c = run.submit("a");
  run.run_for(500ms);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 2);
  run.run_to_rest();
}

// behaviours: A3
TEST(engine_sickness, eight_links_to_one_sick_backend_cost_no_login) {
  for (const auto& meets : {answered(answer::server_error), silent()})
    for (const bool did_well_before : {false, true}) {
      engine_run run;
      if (did_well_before) {
        open_links(run, 8);
      } else {
        run.warm_up(8);
        run.run_for(1s);
      }
      const auto pool = run.connection_ids();
      ASSERT_EQ(pool.size(), 8u);
      run.requests = [&](const request& r) {
        return std::ranges::count(pool, r.connection) != 0 ? meets : minted();
      };
      for (int i = 0; i < 40; ++i) {
        const int c = run.submit(std::to_string(i));
        run.run_for(5s);
        EXPECT_TRUE(run.at(c).minted()) << i;
      }
      run.run_to_rest();
    }
}

// behaviours: A3
TEST(engine_sickness, mint_that_wants_a_fresh_link_takes_the_one_that_another_dialled_where_one_may_stand) {
  engine_run run{connections(1)};
  run.requests = [](const request& r) {
    return r.account == "unlucky" && r.number <= 2 ? answered(answer::server_error) : minted();
  };
  const int c = run.submit("unlucky");
  run.run_for(330ms);
  ASSERT_EQ(run.at(c).requests, 2);
  std::vector<int> others;
  for (int i = 0; i < 20; ++i) others.push_back(run.submit(std::to_string(i)));
  run.run_for(3s);
  EXPECT_TRUE(run.at(c).minted());
  for (const int each : others) EXPECT_TRUE(run.at(each).minted());
  run.run_to_rest();
}

// behaviours: A3
TEST(engine_sickness, mint_that_wants_a_fresh_link_is_sent_at_once_on_one_that_rests) {
  engine_run run{connections(1)};
  run.dials = [](std::size_t) { return dial_plan{1ms}; };
  run.requests = [](const request& r) {
    return r.number <= 2 ? answered(answer::server_error) : minted(1ms);
  };
  const int c = run.submit("unlucky");
  while (run.count().in_flight > 0 || run.at(c).requests < 2) run.run_for(1ms);
  const int other = run.submit("other");
  run.run_for(5ms);
  ASSERT_TRUE(run.at(other).minted());
  ASSERT_FALSE(run.at(c).ended) << "waits for its turn";
  run.run_for(100ms);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.dialled(), 3u);
  run.run_to_rest();
}

TEST(engine_sickness, mint_whose_link_goes_on_waits_for_no_other_where_only_one_may_stand) {
  engine_run run{connections(1)};
  run.dials = [](std::size_t) { return dial_plan{.capacity = 100, .shared = true}; };
  request_plan reset;
  reset.how = request_plan::end::reset;
  reset.reply_begun = true;
  run.next_requests = {reset, reset};
  const int c = run.submit("a");
  run.run_for(2s);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 3);
  EXPECT_EQ(run.dialled(), 1u);
  run.run_to_rest();
}

// behaviours: A3
TEST(engine_sickness, link_that_fails_one_account_alone_serves_the_others) {
  engine_run run{connections(1)};
  run.requests = [](const request& r) {
    return r.account == "poison" ? answered(answer::server_error) : minted();
  };
  open_links(run, 1);
  run.requests = [](const request& r) {
    return r.account == "poison" ? answered(answer::server_error) : minted();
  };
  const int bad = run.submit("poison");
  std::vector<int> good;
  for (int i = 0; i < 20; ++i) good.push_back(run.submit(std::to_string(i)));
  run.run_for(5s);
  EXPECT_TRUE(run.at(bad).failed(mint_errc::server_error));
  EXPECT_EQ(run.at(bad).requests, 3);
  for (const int c : good) EXPECT_TRUE(run.at(c).minted());
  EXPECT_LE(run.dialled(), 4u);
  run.run_to_rest();
}

// behaviours: A3
TEST(engine_sickness, one_link_that_stays_sick_costs_at_most_one_of_40_logins) {
  for (const bool did_well_before : {false, true})
    for (const std::size_t most : {1u, 8u})
      for (const int attempts : {1, 3}) {
        core::engine_settings s = connections(most);
        s.retry.max_attempts = attempts;
        engine_run run{s};
        core::link_id first = 0;
        if (did_well_before) first = open_links(run, 1).front();
        run.requests = [&](const request& r) {
          if (first == 0) first = r.connection;
          return r.connection == first ? answered(answer::server_error) : minted();
        };
        const std::size_t before = run.count().failed;
        for (int i = 0; i < 40; ++i) {
          run.submit(std::to_string(i));
          run.run_for(300ms);
        }
        // Where nothing is tried again, the second error in a row is the second login's.
        const std::size_t allowed = attempts == 1 ? (did_well_before ? 2u : 1u) : 0u;
        EXPECT_EQ(run.count().failed - before, allowed) << did_well_before << most << attempts;
        run.run_to_rest();
      }
}

// behaviours: A6
TEST(engine_sickness, reply_that_is_no_token_ends_its_link) {
  engine_run run;
  const auto link = open_links(run, 1).front();
  run.requests = sick(link, answer::malformed);
  EXPECT_TRUE([&] {
    const int c = run.submit("a");
    run.run_for(200ms);
    return run.at(c).failed(mint_errc::bad_response);
  }());
  EXPECT_EQ(run.connections(), 0u);
  const int next = run.submit("b");
  run.run_for(200ms);
  EXPECT_TRUE(run.at(next).minted());
  run.run_to_rest();
}

TEST(engine_sickness, server_that_answers_nothing_but_errors_is_asked_no_more_than_before) {
  engine_run run;
  run.requests = [](const request&) { return answered(answer::server_error); };
  for (int i = 0; i < 30; ++i) run.submit(std::to_string(i));
  run.run_for(10s);
  for (const call& c : run.calls()) EXPECT_TRUE(c.failed(mint_errc::server_error));
  EXPECT_LE(run.sent().size(), 30u + 35u) << "the retry budget";
  EXPECT_LE(run.dialled(), run.sent().size() + 4);
  run.run_to_rest();
}

// --- what is learned about addresses

constexpr core::address_id here{4, {127, 0, 0, 1}};

bool bad(const core::engine& e, core::time_point now) {
  return e.addresses().rank_of(here, now).of == core::address_book::rank::tier::bad;
}

/// The outcome of a link's first request, and whether the link's address counts as bad then.
struct row {
  const char* what;
  request_plan meets;
  bool is_bad;
};

// behaviours: A1, A3, A6
TEST(engine_sickness, first_request_teaches_of_its_address) {
  const row rows[] = {
      {"minted", minted(), false},
      {"error", answered(answer::server_error), true},
      {"garbage", answered(answer::malformed), true},
      {"refused", answered(answer::rejected), false},
      {"key refused", answered(answer::key_refused), false},
      {"rate limited", answered(answer::rate_limited, 1s), false},
      {"throttled", answered(answer::throttled), false},
      {"hung up", lost(), true},
      {"hung up amid the reply", lost(true), true},
      {"silence", silent(), true},
      {"never left", unsent(), false},
  };
  for (const row& r : rows) {
    SCOPED_TRACE(r.what);
    engine_run run{one_attempt()};
    const auto warm = run.warm_up(1);
    run.run_for(30ms);
    ASSERT_TRUE(run.warm_ups()[warm].over);
    run.engine().on_address_taken(run.connection_ids().front(), here);
    run.next_requests = {r.meets};
    run.submit("a");
    run.run_for(2100ms);
    EXPECT_EQ(bad(run.engine(), run.now()), r.is_bad);
    run.run_to_rest();
  }
}

TEST(engine_sickness, connection_that_was_merely_stale_says_nothing_of_its_address) {
  engine_run run;
  const auto link = open_links(run, 1).front();
  run.engine().on_address_taken(link, here);
  run.next_requests = {lost()};
  run.submit("a");
  run.run_for(1s);
  EXPECT_EQ(run.count().stale_retries, 1u);
  EXPECT_FALSE(bad(run.engine(), run.now()));
  run.run_to_rest();
}

TEST(engine_sickness, caller_who_leaves_says_nothing_of_the_address) {
  engine_run run;
  const auto link = open_links(run, 1).front();
  run.engine().on_address_taken(link, here);
  run.next_requests = {silent()};
  run.cancel(run.submit("a"));
  run.run_for(1s);
  EXPECT_EQ(run.connections(), 0u);
  EXPECT_FALSE(bad(run.engine(), run.now()));
  run.run_to_rest();
}

}  // namespace
}  // namespace ephemint::test
