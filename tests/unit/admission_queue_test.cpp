#include "core/mints/admission_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

/// A queue, its mints and the time.
struct fixture {
  mint& add(std::string_view account, duration patience = 8s, priority urgency = priority::interactive) {
    mint& j = make(account, patience, urgency);
    queue.push(j);
    return j;
  }
  mint& make(std::string_view account, duration patience = 8s, priority urgency = priority::interactive) {
    mint& j = mints.emplace_back();
    j.account = account;
    j.account_hash = std::hash<account_id>{}(j.account);
    j.urgency = urgency;
    j.submitted = now;
    j.deadline = patience == duration::max() ? never : now + patience;
    return j;
  }
  /// Takes the next out, as it is served; its account.
  std::string serve(priority urgency = priority::interactive) {
    mint* j = queue.front(urgency);
    if (!j) return "";
    queue.serve(*j);
    return std::string{j->account.str()};
  }
  std::string serve_all(priority urgency = priority::interactive) {
    std::string order;
    while (queue.front(urgency)) order += serve(urgency);
    return order;
  }

  std::deque<mint> mints;  // outlives the queue
  admission_queue queue;
  time_point now{1000s};
};

constexpr duration patient = duration::max();

TEST(admission_queue, accounts_go_by_earliest_deadline) {
  fixture f;
  f.add("a", 8s);
  f.add("b", 3s);
  f.add("c", 5s);
  EXPECT_EQ(f.serve_all(), "bca");
  EXPECT_TRUE(f.queue.empty());
}

TEST(admission_queue, equal_deadlines_go_by_arrival) {
  fixture f;
  for (const char* a : {"c", "a", "b"}) f.add(a);
  EXPECT_EQ(f.serve_all(), "cab");
}

TEST(admission_queue, priorities_are_lines_of_their_own) {
  fixture f;
  f.add("a", 1s, priority::background);
  f.add("a", 8s);
  EXPECT_EQ(f.queue.size(priority::interactive), 1u);
  EXPECT_EQ(f.queue.size(priority::background), 1u);
  EXPECT_EQ(f.serve(), "a");
  EXPECT_EQ(f.serve(), "");
  EXPECT_EQ(f.serve(priority::background), "a");
}

TEST(admission_queue, far_deadline_counts_as_one_in_a_minute) {
  fixture f;
  f.add("a", patient);
  f.add("b", 1h);
  f.now += 55s;
  f.add("c", 8s);
  f.add("d", 4s);
  EXPECT_EQ(f.serve_all(), "dabc");
}

// behaviours: Q7
TEST(admission_queue, accounts_take_turns) {
  fixture f;
  for (int i = 0; i < 4; ++i) f.add("a");
  for (int i = 0; i < 2; ++i) f.add("b");
  f.add("c");
  EXPECT_EQ(f.serve_all(), "abcabaa");
}

// behaviours: Q7
TEST(admission_queue, single_job_waits_for_one_round_of_a_crowd) {
  fixture f;
  for (int i = 0; i < 10'000; ++i) f.add("hog", 2s);
  f.add("single", patient);
  EXPECT_EQ(f.serve(), "hog");
  EXPECT_EQ(f.serve(), "single") << "though it has all the time in the world";
}

TEST(admission_queue, within_an_account_the_earliest_deadline_goes_first) {
  fixture f;
  mint& late = f.add("a", 8s);
  mint& early = f.add("a", 2s);
  mint& middle = f.add("a", 5s);
  for (mint* next : {&early, &middle, &late}) {
    ASSERT_EQ(f.queue.front(priority::interactive), next);
    f.queue.serve(*next);
  }
}

TEST(admission_queue, login_doesnt_take_its_turn_from_the_batch_of_its_account) {
  fixture f;
  f.add("a", patient);
  f.add("b", 9s);
  f.add("a", 8s);
  EXPECT_EQ(f.serve_all(), "aba") << "the login first: its deadline is the earliest of all";
}

TEST(admission_queue, newcomer_cant_win_back_the_turn_that_its_account_had) {
  fixture f;
  f.add("a", 5s);
  f.add("a", 6s);
  f.add("b", 30s);
  EXPECT_EQ(f.serve(), "a");
  f.add("a", 1s);
  EXPECT_EQ(f.serve_all(), "baa");
}

TEST(admission_queue, job_dropped_unserved_costs_its_account_no_turn) {
  fixture f;
  mint& dropped = f.add("a", 5s);
  f.add("a", 6s);
  f.add("b", 30s);
  f.queue.drop(dropped);
  EXPECT_EQ(f.serve_all(), "ab");
}

TEST(admission_queue, followers_and_heads_can_leave_in_any_order) {
  fixture f;
  std::vector<mint*> in;
  for (int i = 0; i < 60; ++i) in.push_back(&f.add(std::string(1, static_cast<char>('a' + i % 7))));
  for (std::size_t i = 0; i < in.size(); ++i) {
    f.queue.drop(*in[(i * 37) % in.size()]);
    EXPECT_EQ(f.queue.size(priority::interactive), in.size() - i - 1);
    EXPECT_EQ(f.queue.front(priority::interactive) == nullptr, i + 1 == in.size());
  }
  EXPECT_EQ(f.queue.accounts(priority::interactive), 0u);
}

// behaviours: R10
TEST(admission_queue, parked_account_waits_and_others_go_on) {
  fixture f;
  mint& head = f.add("a", 5s);
  f.add("a", 6s);
  f.add("b", 8s);
  f.queue.park(head, f.now + 3s);
  EXPECT_EQ(f.queue.next_wake(), f.now + 3s);
  mint& more_urgent = f.add("a", 1s);
  EXPECT_EQ(f.serve(), "b");
  EXPECT_EQ(f.serve(), "") << "its account waits with it";
  f.now += 3s;
  EXPECT_EQ(f.queue.wake(f.now), &more_urgent);
  EXPECT_EQ(f.queue.wake(f.now), nullptr);
  EXPECT_EQ(f.queue.next_wake(), never);
  EXPECT_EQ(f.serve_all(), "aaa");
  EXPECT_TRUE(f.queue.empty());
}

TEST(admission_queue, parked_head_that_is_cancelled_leaves_its_account_free) {
  fixture f;
  mint& head = f.add("a", 5s);
  f.add("a", 6s);
  f.queue.park(head, f.now + 3s);
  f.queue.erase_waiting(head);
  EXPECT_EQ(f.queue.next_wake(), never);
  EXPECT_EQ(f.serve_all(), "a");
}

TEST(admission_queue, delayed_job_is_queued_when_its_time_comes) {
  fixture f;
  mint& later = f.make("a");
  mint& dropped = f.make("a");
  f.queue.delay(later, f.now + 50ms);
  f.queue.delay(dropped, f.now + 20ms);
  EXPECT_EQ(f.queue.next_wake(), f.now + 20ms);
  f.queue.erase_waiting(dropped);
  EXPECT_EQ(f.queue.next_wake(), f.now + 50ms);
  EXPECT_EQ(f.serve(), "");
  EXPECT_EQ(f.queue.wake(f.now + 49ms), nullptr);
  EXPECT_EQ(f.serve(), "");
  EXPECT_EQ(f.queue.wake(f.now + 50ms), &later);
  EXPECT_EQ(f.serve(), "a");
  EXPECT_EQ(later.where, mint::place::nowhere);
  EXPECT_EQ(dropped.where, mint::place::nowhere);
}

TEST(admission_queue, accounts_that_only_look_alike_are_different) {
  fixture f;
  mint& a = f.make("a");
  mint& b = f.make("b");
  a.account_hash = b.account_hash = 42;
  mint& a2 = f.make("a");
  a2.account_hash = 42;
  f.queue.push(a);
  f.queue.push(a2);
  f.queue.push(b);
  EXPECT_EQ(f.queue.accounts(priority::interactive), 2u);
  EXPECT_EQ(f.serve_all(), "aba");
}

TEST(admission_queue, many_accounts_come_and_go) {
  fixture f;
  for (int i = 0; i < 20'000; ++i) f.add(std::to_string(i), patient, priority::background);
  EXPECT_EQ(f.queue.accounts(priority::background), 20'000u);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(f.serve(priority::background), std::to_string(i));
}

}  // namespace
}  // namespace ephemint::core
