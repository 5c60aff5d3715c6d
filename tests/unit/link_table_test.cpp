#include "core/links/link_table.hpp"

#include "core/attempts/attempt_store.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <set>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

/// Links and the time.
struct fixture {
  explicit fixture(link_table::settings s = {}) : links{s, splitmix{3}} {}
  ~fixture() {
    for (attempt& a : attempts)
      if (a.on) links.take_off(a, now);
  }

  link& open(std::uint32_t capacity = 1) {
    link& l = links.begin(now);
    links.open(l, {capacity, capacity > 1}, now);
    return l;
  }
  attempt& put_on(link& l) {
    attempt& a = attempts.emplace_back();
    links.put_on(l, a);
    return a;
  }
  void use(link& l, duration d = 80ms) {
    attempt& a = put_on(l);
    now += d;
    links.take_off(a, now);
  }
  link* any() { return links.with_room(now, time_point::min()); }
  void close(link& l) {
    links.close(l);
    links.release(l);
  }

  std::deque<attempt> attempts;
  link_table links;
  time_point now{1000s};
};

TEST(link_table, link_that_got_room_last_is_used_first) {
  fixture f;
  link& a = f.open();
  f.now += 1s;
  link& b = f.open();
  EXPECT_EQ(f.any(), &b);
  f.use(a);
  EXPECT_EQ(f.any(), &a);
  EXPECT_EQ(f.links.with_room(f.now, b.opened_at), &b) << "the one that opened since then";
}

TEST(link_table, link_is_filled_before_another_is_used) {
  fixture f;
  link& a = f.open(3);
  link& b = f.open(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(f.any(), &b);
    f.put_on(b);
  }
  EXPECT_EQ(f.any(), &a);
  EXPECT_EQ(f.links.capacity(), 6u);
  f.links.take_off(f.attempts.front(), f.now);
  EXPECT_EQ(f.any(), &b) << "its room is the newest";
}

TEST(link_table, capacity_that_falls_below_what_is_in_use_only_bars_more) {
  fixture f;
  link& l = f.open(2);
  attempt& first = f.put_on(l);
  f.put_on(l);
  f.links.set_capacity(l, 1);
  EXPECT_EQ(l.in_use, 2u);
  EXPECT_EQ(f.any(), nullptr);
  f.links.take_off(first, f.now);
  EXPECT_EQ(f.any(), nullptr);
  f.links.set_capacity(l, 2);
  EXPECT_EQ(f.any(), &l);
  f.links.set_capacity(l, 0);
  EXPECT_EQ(f.any(), nullptr);
  EXPECT_EQ(f.links.capacity(), 0u);
}

TEST(link_table, retiring_link_takes_no_more_and_is_spent_when_it_rests) {
  fixture f;
  link& l = f.open(2);
  attempt& a = f.put_on(l);
  f.links.retire(l);
  EXPECT_EQ(f.any(), nullptr);
  EXPECT_FALSE(f.links.spent(l, f.now));
  EXPECT_EQ(f.links.capacity(), 0u);
  f.links.take_off(a, f.now);
  EXPECT_TRUE(f.links.spent(l, f.now));
}

TEST(link_table, link_that_refuses_has_no_more_places_than_are_taken) {
  fixture f;
  link& l = f.open(10);
  for (int i = 0; i < 4; ++i) f.put_on(l);
  f.links.refused(l);
  EXPECT_EQ(l.capacity, 4u);
  EXPECT_EQ(f.any(), nullptr);
  EXPECT_EQ(f.links.capacity(), 4u);
  EXPECT_EQ(f.links.granted(), 10u) << "it may come back to that";
  f.links.answered(l);
  EXPECT_EQ(l.capacity, 5u);
  EXPECT_EQ(f.any(), &l);
  f.links.set_capacity(l, 10);
  EXPECT_EQ(l.capacity, 10u) << "the server has spoken anew";
}

TEST(link_table, each_later_refusal_doubles_the_answers_that_a_place_takes) {
  fixture f;
  link& l = f.open(300);
  f.put_on(l);
  for (std::uint32_t wanted = 1; wanted <= 256; wanted *= 2) {
    f.links.refused(l);
    f.links.refused(l);  // of the same batch
    ASSERT_EQ(l.capacity, 1u);
    for (std::uint32_t i = 1; i < wanted; ++i) f.links.answered(l);
    EXPECT_EQ(l.capacity, 1u) << wanted;
    f.links.answered(l);
    EXPECT_EQ(l.capacity, 2u) << wanted;
  }
  f.links.refused(l);
  for (int i = 0; i < 256; ++i) f.links.answered(l);
  EXPECT_EQ(l.capacity, 2u) << "no slower than that";
}

TEST(link_table, link_that_refuses_its_only_request_keeps_a_place) {
  fixture f;
  link& l = f.open(100);
  f.links.refused(l);
  EXPECT_EQ(l.capacity, 1u);
  for (int i = 0; i < 200; ++i) f.links.answered(l);
  EXPECT_EQ(l.capacity, 100u) << "and never more than was granted";
}

TEST(link_table, suspect_has_no_room_until_it_is_heard) {
  fixture f;
  link& l = f.open(2);
  attempt& a = f.put_on(l);
  f.links.suspect(l, f.now + 2s);
  EXPECT_EQ(f.any(), nullptr);
  EXPECT_FALSE(f.links.complete());
  EXPECT_EQ(f.links.capacity(), 0u);
  EXPECT_EQ(f.links.granted(), 2u);
  EXPECT_EQ(f.links.probing_at_rest(), nullptr);
  EXPECT_EQ(f.links.expired(f.now + 2s), &l);
  f.links.take_off(a, f.now);
  EXPECT_FALSE(f.links.spent(l, f.now + 1s));
  EXPECT_EQ(f.links.probing_at_rest(), &l);
  f.links.heard(l, f.now);
  EXPECT_EQ(f.any(), &l);
  EXPECT_EQ(f.links.capacity(), 2u);
  EXPECT_EQ(f.links.next_due(), f.now + 30s);
  EXPECT_EQ(f.links.probing_at_rest(), nullptr);
}

TEST(link_table, suspect_may_retire_or_be_closed) {
  fixture f;
  link& retires = f.open(2);
  attempt& a = f.put_on(retires);
  f.links.suspect(retires, f.now + 2s);
  f.links.retire(retires);
  EXPECT_EQ(f.links.next_due(), never);
  f.links.take_off(a, f.now);
  EXPECT_TRUE(f.links.spent(retires, f.now));
  link& closes = f.open(2);
  f.links.suspect(closes, f.now + 2s);
  f.close(closes);
  EXPECT_EQ(f.links.granted(), 0u);
  EXPECT_EQ(f.links.probing_at_rest(), nullptr);
  EXPECT_EQ(f.links.shared(), 1u);
  f.close(retires);
  EXPECT_EQ(f.links.shared(), 0u);
}

// behaviours: Q5
TEST(link_table, ages_spread_by_a_fifth_and_end_a_link_for_one_only_when_it_rests) {
  fixture f;
  std::set<time_point> ends;
  for (int i = 0; i < 8; ++i) ends.insert(f.open().retire_at);
  EXPECT_GT(ends.size(), 6u);
  EXPECT_GE(*ends.begin() - f.now, 8min);
  EXPECT_LE(*ends.rbegin() - f.now, 12min);

  fixture g{{.idle_timeout = 1h}};
  link& l = g.open();
  attempt& a = g.put_on(l);
  EXPECT_EQ(g.links.expired(l.retire_at), nullptr) << "in use: its age waits";
  g.now = l.retire_at;
  g.links.take_off(a, g.now);
  EXPECT_TRUE(g.links.spent(l, g.now));
}

// behaviours: Q5
TEST(link_table, link_for_many_that_never_rests_is_due_at_its_age) {
  fixture f;
  link& l = f.open(2);
  f.put_on(l);
  EXPECT_EQ(f.links.expired(l.retire_at - 1ns), nullptr);
  EXPECT_EQ(f.links.expired(l.retire_at), &l);
  f.now = l.retire_at;
  EXPECT_EQ(f.any(), nullptr);
}

// behaviours: S8
TEST(link_table, link_that_rested_for_too_long_is_due_and_isnt_used) {
  fixture f;
  link& l = f.open();
  const time_point end = f.now + 30s;
  EXPECT_EQ(f.links.next_due(), end);
  EXPECT_EQ(f.links.expired(end - 1ns), nullptr);
  EXPECT_EQ(f.links.expired(end), &l);
  EXPECT_EQ(f.links.with_room(end, time_point::min()), nullptr);
  EXPECT_EQ(f.links.with_room(end - 1ns, time_point::min()), &l);
}

// behaviours: Q2
TEST(link_table, never_more_than_max_stand) {
  fixture f{{.max_connections = 2}};
  EXPECT_TRUE(f.links.may_begin());
  link& a = f.links.begin(f.now);
  f.open();
  EXPECT_FALSE(f.links.may_begin());
  EXPECT_EQ(f.links.dialling(), 1u);
  EXPECT_EQ(f.links.live(), 1u);
  EXPECT_FALSE(f.links.complete());
  f.links.open(a, {}, f.now);
  EXPECT_TRUE(f.links.complete());
  f.close(a);
  EXPECT_TRUE(f.links.may_begin());
}

TEST(link_table, name_of_a_closed_link_names_nobody_and_its_place_is_used_again) {
  fixture f;
  link& a = f.open();
  const auto id = a.id;
  f.links.close(a);
  EXPECT_EQ(f.links.find(id), nullptr) << "closing";
  f.links.release(a);
  EXPECT_EQ(f.links.find(id), nullptr);
  link& b = f.open();
  EXPECT_NE(b.id, id);
  EXPECT_EQ(slot_of(b.id), slot_of(id));
  EXPECT_EQ(f.links.find(id), nullptr);
  EXPECT_EQ(f.links.find(b.id), &b);
  EXPECT_EQ(f.links.find(0xffffffff), nullptr);
  EXPECT_EQ(f.links.total(), 1u);
}

TEST(link_table, links_can_be_closed_while_all_are_walked) {
  fixture f;
  for (int i = 0; i < 8; ++i) f.open();
  f.links.for_each([&](link& l) {
    if (l.id % 2 == 0) f.close(l);
  });
  EXPECT_EQ(f.links.total(), 4u);
  f.links.for_each([&](link& l) { f.close(l); });
  EXPECT_EQ(f.links.total(), 0u);
  EXPECT_EQ(f.links.next_due(), never);
}

TEST(attempt_store, attempts_have_names_and_places_for_as_many_as_were_prepared) {
  attempt_store store;
  store.prepare(3);
  store.prepare(2);
  attempt& a = store.begin();
  attempt& b = store.begin();
  store.begin();
  EXPECT_EQ(store.size(), 3u);
  EXPECT_EQ(store.find(a.id), &a);
  const attempt_id gone = b.id;
  store.end(b);
  EXPECT_EQ(store.find(gone), nullptr);
  EXPECT_NE(store.begin().id, gone);
  EXPECT_EQ(store.find(0xffffffff), nullptr);
}

TEST(attempt_store, attempt_whose_time_is_up_is_found_earliest_first) {
  attempt_store store;
  store.prepare(2);
  const time_point now{1000s};
  attempt& late = store.begin();
  attempt& soon = store.begin();
  store.set_due(late, now + 2s);
  store.set_due(soon, now + 1s);
  EXPECT_EQ(store.next_due(), now + 1s);
  EXPECT_EQ(store.expired(now + 1s - 1ns), nullptr);
  EXPECT_EQ(store.expired(now + 3s), &soon);
  store.end(soon);
  EXPECT_EQ(store.expired(now + 3s), &late);
  store.set_due(late, never);
  EXPECT_EQ(store.next_due(), never);
}

}  // namespace
}  // namespace ephemint::core
