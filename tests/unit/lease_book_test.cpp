// One member's book, command by command.
#include "core/lease_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace ephemint::redis {
namespace {

using namespace std::chrono_literals;
using core::time_point;
using mode = store_answer::mode;
using status = store_answer::status;

constexpr quota forty = quota::declared(40, 4s);

/// A book, a client of it, and a store whose answers the test writes.
struct lease_book_run : testing::Test {
  lease_terms terms{.rate = forty, .share_if_lost = 4};
  std::optional<lease_book> made;
  time_point now{1000s};
  store_answer usual{.epoch = "e", .revision = 1, .limit = 40, .free = 40};

  lease_book& book() {
    if (!made) made.emplace(terms, 7);
    return *made;
  }
  std::optional<time_point> ask(priority p = priority::interactive, std::size_t permits = 1) {
    return book().count().ask(now, p, 1, permits);
  }
  core::outstanding_permit take(priority p = priority::interactive) {
    core::outstanding_permit taken{.urgency = p};
    EXPECT_FALSE(ask(p));
    book().count().take(now, 1, taken);
    return taken;
  }
  void reply(const core::outstanding_permit& p, permit_use use = permit_use::admitted,
             std::optional<core::duration> retry_after = {}) {
    book().on_reply(now, p, p.granted_at, use, retry_after);
  }
  store_call call() {
    EXPECT_LE(book().due(now), now);
    return book().make_call(now, true);
  }
  void answer(std::uint64_t logins = 0, std::uint64_t background = 0) {
    store_answer a = usual;
    ++usual.revision;
    a.logins = logins;
    a.background = background;
    now += 1ms;
    book().on_answer(now, a);
  }
  /// A book that has asked once, and got that many permits.
  void hold(std::uint64_t logins, std::uint64_t background = 0) {
    ask();
    call();
    answer(logins, background);
  }
  /// Makes commands fail until the book gives up the store.
  void lose_store() {
    const time_point end = now + 10s;
    while (!book().away() && now < end) {
      now = std::max(now, book().due(now));
      book().make_call(now, true);
      now += 500ms;
      book().on_failure(now);
    }
    EXPECT_TRUE(book().away());
  }
};

TEST_F(lease_book_run, who_asks_first_is_told_to_come_when_the_store_has_answered) {
  const auto when = ask();
  ASSERT_TRUE(when);
  EXPECT_GE(*when, now + 1ms);
  EXPECT_LE(*when, now + 10ms);
  const store_call c = call();
  EXPECT_EQ(c.seq, 1u);
  EXPECT_EQ(c.want_logins, 1u);
  EXPECT_EQ(c.held, 0u);
  EXPECT_EQ(c.lease, 7s) << "with what a request may take";
  EXPECT_EQ(book().due(now), core::never) << "one command at a time";
  answer(1);
  EXPECT_FALSE(ask());
}

TEST_F(lease_book_run, background_takes_no_permit_of_a_login_but_a_login_any) {
  hold(1);
  EXPECT_TRUE(ask(priority::background));
  EXPECT_FALSE(ask(priority::interactive));
  call();
  answer(0, 1);
  take(priority::interactive);
  take(priority::interactive);
  EXPECT_EQ(book().held(), 0u);
}

TEST_F(lease_book_run, permits_are_void_when_the_lease_is_over) {
  hold(3);
  now += 4990ms;
  EXPECT_FALSE(ask());
  now += 10ms;
  EXPECT_TRUE(ask());
  EXPECT_EQ(book().held(), 0u);
}

TEST_F(lease_book_run, lease_runs_from_before_the_command_was_sent) {
  ask();
  call();
  now += 2s;  // a slow answer
  answer(1);
  now += 3s;
  EXPECT_TRUE(ask());
}

TEST_F(lease_book_run, speaks_again_at_half_the_lease_or_after_a_while_if_it_holds_nothing) {
  hold(1);
  usual.free = 0;
  EXPECT_LE(book().due(now), now + 2500ms);
  EXPECT_GT(book().due(now), now);
  lease_terms one_of_many = terms;
  one_of_many.standing = false;
  lease_book quiet{one_of_many, 1};
  EXPECT_EQ(quiet.due(now), core::never);
}

TEST_F(lease_book_run, use_is_dated_by_its_reply_and_told_until_it_is_confirmed) {
  hold(1);
  const auto p = take();
  now += 80ms;
  reply(p);
  EXPECT_EQ(book().unreturned(), 1u) << "for the margin it counts as held";
  now += 40ms;
  book().speak_by(now);
  store_call c = call();
  ASSERT_EQ(c.uses.size(), 1u);
  EXPECT_EQ(c.uses[0].age, 30ms);
  EXPECT_EQ(c.uses[0].count, 1u);
  EXPECT_EQ(c.confirmed, 0u);
  now += 500ms;
  book().on_failure(now);  // nobody knows whether it arrived
  now = book().due(now);
  c = call();
  ASSERT_EQ(c.uses.size(), 1u);
  EXPECT_EQ(c.confirmed, 0u);
  answer();
  book().speak_by(now);
  c = call();
  EXPECT_TRUE(c.uses.empty());
  EXPECT_EQ(c.confirmed, 1u);
}

TEST_F(lease_book_run, request_without_reply_is_held_until_it_counts) {
  hold(1);
  const auto p = take();
  now += 1s;
  reply(p, permit_use::unknown);
  book().speak_by(now);
  store_call c = call();
  EXPECT_EQ(c.held, 1u);
  EXPECT_TRUE(c.uses.empty());
  answer();
  now += 3s;  // four after it was sent
  book().speak_by(now);
  c = call();
  ASSERT_EQ(c.uses.size(), 1u);
}

TEST_F(lease_book_run, permit_that_never_left_is_there_again_but_not_after_its_lease) {
  hold(1);
  book().give_back(now, take());
  EXPECT_EQ(book().held(), 1u);
  const auto p = take();
  now += 6s;
  book().give_back(now, p);
  EXPECT_EQ(book().held(), 0u);
}

TEST_F(lease_book_run, batch_gives_back_what_it_does_not_use) {
  ask(priority::background, 8);
  store_call c = call();
  EXPECT_EQ(c.want_background, 8u);
  answer(0, 8);
  for (int i = 0; i < 5; ++i) take(priority::background);
  EXPECT_EQ(book().held(), 3u);
  now += 1s;
  book().speak_by(now);
  c = call();
  EXPECT_EQ(c.held, 5u) << "in flight";
}

TEST_F(lease_book_run, gone_member_comes_again_under_another_name) {
  hold(2);
  const auto p = take();
  now += 100ms;
  reply(p);
  now += 100ms;
  book().speak_by(now);
  const store_call before = call();
  usual.what = status::gone;
  answer();
  EXPECT_EQ(book().held(), 0u) << "that was counted";
  EXPECT_FALSE(book().away());
  const store_call after = call();
  EXPECT_NE(after.member, before.member);
  EXPECT_EQ(after.seq, 1u);
  EXPECT_EQ(after.confirmed, 0u);
  EXPECT_EQ(after.uses.size(), 1u);
}

TEST_F(lease_book_run, lost_state_is_told_all_that_was_charged) {
  hold(4);
  for (int i = 0; i < 2; ++i) {
    const auto p = take();
    now += 100ms;
    reply(p);
  }
  now += 20ms;
  book().speak_by(now);
  call();
  answer();  // confirmed
  book().speak_by(now);
  call();
  usual.what = status::lost;
  usual.epoch = "f";
  answer();
  EXPECT_TRUE(book().away());
  EXPECT_GE(book().share(now), 4) << "charged, or held";
  const store_call c = call();
  EXPECT_EQ(c.epoch_seen, "f");
  EXPECT_FALSE(c.used_own_share) << "it says so itself";
  std::uint64_t uses = 0;
  for (const dated_uses& u : c.uses) uses += u.count;
  EXPECT_EQ(uses, 2u);
  usual.what = status::ok;
  usual.now = mode::recover;
  answer();
  EXPECT_TRUE(book().away());
  EXPECT_LE(book().due(now), now + 200ms);
  now = book().due(now);
  call();
  usual.now = mode::open;
  answer();
  EXPECT_FALSE(book().away());
}

TEST_F(lease_book_run, one_lost_command_loses_nothing) {
  hold(1);
  now += 3s;
  book().speak_by(now);
  call();
  now += 500ms;
  book().on_failure(now);
  EXPECT_FALSE(book().away());
  EXPECT_EQ(book().held(), 1u);
  EXPECT_GT(book().due(now), now) << "not at once";
  EXPECT_LE(book().due(now), now + 75ms);
}

TEST_F(lease_book_run, away_store_leaves_us_our_own_slots_then_an_equal_part) {
  usual.members = 4;
  usual.free = 0;
  hold(6);
  time_point first;
  for (int i = 0; i < 5; ++i) {
    const auto p = take();
    now += 20ms;
    if (i == 0) first = now;
    reply(p);
  }
  const auto in_flight = take();
  lose_store();
  EXPECT_EQ(book().fallbacks(), 1u);
  EXPECT_EQ(book().share(now), 6) << "five charged, one in flight";
  reply(in_flight);
  const auto full = ask();
  ASSERT_TRUE(full);
  EXPECT_GE(*full, first + 4s) << "until one leaves the window";
  now = std::max(now, book().due(now));
  EXPECT_TRUE(book().make_call(now, true).used_own_share)
      << "others must not be given what it may use before it has spoken again";
  book().on_failure(now);
  now += 3s;
  take();
  now = std::max(now, book().due(now));
  EXPECT_TRUE(book().make_call(now, true).used_own_share);
  now += 3s;
  EXPECT_EQ(book().share(now), 10) << "a quarter";
}

TEST_F(lease_book_run, equal_part_bounds_who_had_more) {
  usual.members = 4;
  hold(30);
  for (int i = 0; i < 30; ++i) {
    const auto p = take();
    now += 20ms;
    reply(p);
  }
  lose_store();
  EXPECT_EQ(book().share(now), 10);
}

TEST_F(lease_book_run, store_never_reached_leaves_us_the_share_that_was_told) {
  EXPECT_TRUE(ask());
  call();
  now += 500ms;
  book().on_failure(now);
  EXPECT_FALSE(book().away()) << "one may get lost";
  now = std::max(now, book().due(now));
  call();
  now += 500ms;
  book().on_failure(now);
  EXPECT_TRUE(book().away());
  for (int i = 0; i < 4; ++i) take();
  EXPECT_TRUE(ask());
}

TEST_F(lease_book_run, who_shall_stop_stops) {
  terms.stop_if_lost = true;
  hold(3);
  lose_store();
  const auto when = ask();
  ASSERT_TRUE(when);
  EXPECT_GT(*when, now + 4min) << "it waits for one that it has known";
}

TEST_F(lease_book_run, pause_and_its_one_probe_are_everybodys) {
  hold(3);
  usual.now = mode::pause;
  usual.pause_left = 2s;
  book().speak_by(now);
  call();
  answer();
  EXPECT_EQ(book().held(), 0u);
  auto when = ask();
  ASSERT_TRUE(when);
  EXPECT_GE(*when, now + 1999ms);
  now += 2001ms;
  ask();
  call();
  usual.now = mode::probing;
  usual.ask_again = 100ms;
  answer();
  EXPECT_TRUE(ask());
  now += 110ms;
  ask();
  call();
  usual.now = mode::probe;
  answer(1);
  const auto probe = take();
  EXPECT_TRUE(probe.probes_pause);
  EXPECT_TRUE(ask()) << "alone";
  now += 80ms;
  reply(probe);
  EXPECT_TRUE(call().probe_succeeded);
}

TEST_F(lease_book_run, refusal_is_told_at_once_and_an_older_answer_ends_no_pause) {
  hold(3);
  const auto p = take();
  book().speak_by(now);
  call();
  now += 50ms;
  reply(p, permit_use::rate_limited, 7s);
  answer(2);  // to the previous command
  EXPECT_EQ(book().held(), 0u);
  ASSERT_TRUE(ask());
  EXPECT_GE(*ask(), now + 6900ms);
  const store_call c = call();
  ASSERT_TRUE(c.retry_after);
  EXPECT_GE(*c.retry_after, 6900ms);
  ASSERT_TRUE(c.refused_grant_age);
  EXPECT_GE(*c.refused_grant_age, 50ms);
}

TEST_F(lease_book_run, learned_limit_of_others_is_ours) {
  usual.limit = 20;
  usual.learned_revision = 3;
  hold(1);
  EXPECT_EQ(book().limit(), 20);
  EXPECT_EQ(book().count().limit(), 20);
}

TEST_F(lease_book_run, leaving_gives_all_back_and_grants_nothing_more) {
  hold(3);
  book().leave_store(now);
  EXPECT_EQ(ask(), core::never);
  const store_call c = call();
  EXPECT_TRUE(c.bye);
  EXPECT_EQ(c.held, 0u);
  answer();
  EXPECT_EQ(book().due(now), core::never);
}

TEST_F(lease_book_run, store_of_another_version_is_asked_seldom) {
  ask();
  call();
  usual.what = status::version;
  answer();
  EXPECT_TRUE(book().away());
  EXPECT_GE(book().due(now), now + 5s);
}

TEST_F(lease_book_run, endless_epoch_is_no_answer) {
  ask();
  call();
  usual.epoch.assign(1000, 'x');
  answer(1);
  EXPECT_EQ(book().held(), 0u);
}

/// No answer of a store makes a member hold more than the quota.
TEST_F(lease_book_run, no_grant_is_believed_beyond_the_limit) {
  hold(std::uint64_t{1} << 62, std::uint64_t{1} << 62);
  EXPECT_LE(book().held(), 80u);
}

}  // namespace
}  // namespace ephemint::redis
