#include "support/quota_world.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// The store of the simulated world itself: it must behave as a real one can.
namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using kind = store_outage::kind;

/// A number that each command increments.
struct counter final : store_data {
  std::unique_ptr<store_data> copy() const override { return std::make_unique<counter>(*this); }
  int value = 0;
};

struct seen {
  milliseconds at{};  ///< since the start
  bool answered = false;
  int value = 0;
  milliseconds store_time{};
  milliseconds age{};

  friend bool operator==(const seen& a, const std::pair<bool, int>& b) {
    return a.answered == b.first && a.value == b.second;
  }
};

/// Sends a command once a second and records the result.
class asker final : public strategy {
 public:
  asker(actions& world, std::vector<seen>& out, duration patience)
      : world_{world}, out_{out}, patience_{patience} {}

  void on_submit(time_point now, job_id) override {
    began_ = now;
    on_wake(now);
  }
  void on_reply(time_point, job_id, const reply&) override {}
  void on_wake(time_point now) override {
    auto into = std::make_shared<seen>();
    into->age = std::chrono::floor<milliseconds>(world_.store_age());
    asked_.push_back(into);
    world_.ask_store(asked_.size() - 1, patience_,
                     [into](std::unique_ptr<store_data>& kept, milliseconds at) {
                       if (!kept) kept = std::make_unique<counter>();
                       into->value = ++static_cast<counter&>(*kept).value;
                       into->store_time = at;
                     });
    world_.wake_at(now + 1s);
  }
  void on_store_answer(time_point now, std::uint64_t number) override { note(now, number, true); }
  void on_store_failure(time_point now, std::uint64_t number) override { note(now, number, false); }

 private:
  void note(time_point now, std::uint64_t number, bool answered) {
    seen s = *asked_[number];
    s.answered = answered;
    s.at = std::chrono::floor<milliseconds>(now - began_);
    if (!answered) s.value = 0;
    out_.push_back(s);
  }

  actions& world_;
  std::vector<seen>& out_;
  duration patience_;
  time_point began_{};
  std::vector<std::shared_ptr<seen>> asked_;
};

std::vector<seen> asked_each_second(const store_rules& rules, std::vector<mishap> mishaps = {},
                                    duration patience = 500ms) {
  scenario s;
  s.load.batch = 1;
  s.load.workers = 1;
  s.length = 10s;
  s.store = rules;
  s.store.tails = 0;
  s.mishaps = std::move(mishaps);
  std::vector<seen> all;
  run(s, [&all, patience](actions& world, std::uint64_t) {
    return std::make_unique<asker>(world, all, patience);
  });
  return all;
}

std::vector<int> values(const std::vector<seen>& all) {
  std::vector<int> v;
  v.reserve(all.size());
  for (const seen& s : all) v.push_back(s.answered ? s.value : -1);
  return v;
}

store_rules with(store_outage o) {
  store_rules r;
  r.outages.push_back(o);
  return r;
}

TEST(quota_store, answers_after_a_round_trip) {
  const auto all = asked_each_second({});
  ASSERT_EQ(values(all), (std::vector{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_LT(all[3].at, 3s + 10ms);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(all[9].store_time - all[0].store_time), 9s);
}

TEST(quota_store, refuses_while_it_is_away_and_keeps_its_data) {
  const auto all = asked_each_second(with({2500ms, 3s, kind::refused}));
  ASSERT_EQ(values(all), (std::vector{1, 2, 3, -1, -1, -1, 4, 5, 6, 7}));
  EXPECT_LT(all[3].at, 3s + 10ms) << "refused at once, not after the command's patience";
}

TEST(quota_store, runs_late_what_came_while_it_was_frozen) {
  const auto all = asked_each_second(with({2500ms, 3s, kind::frozen}));
  ASSERT_EQ(values(all), (std::vector{1, 2, 3, -1, -1, -1, 7, 8, 9, 10}));
  EXPECT_GE(all[3].at, 3500ms) << "silence: only its patience ends it";
}

TEST(quota_store, comes_back_empty_and_young) {
  const auto all = asked_each_second(with({2500ms, 3s, kind::emptied}));
  ASSERT_EQ(values(all), (std::vector{1, 2, 3, -1, -1, -1, 1, 2, 3, 4}));
  EXPECT_EQ(all[2].age, 24h + 2s);
  EXPECT_LT(all[6].age, 2s);
}

TEST(quota_store, is_emptied_while_it_runs) {
  const auto all = asked_each_second(with({2500ms, 0s, kind::flushed}));
  ASSERT_EQ(values(all), (std::vector{1, 2, 3, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_GT(all[6].age, 24h);
}

TEST(quota_store, comes_back_as_an_older_copy) {
  const auto all = asked_each_second(with({3500ms, 1s, kind::failover, 2s}));
  EXPECT_EQ(values(all), (std::vector{1, 2, 3, 4, -1, 3, 4, 5, 6, 7}));
}

TEST(quota_store, hides_from_one_process_alone) {
  store_rules r;
  r.cuts.push_back({0, 2500ms, 3s});
  const auto all = asked_each_second(r);
  ASSERT_EQ(values(all), (std::vector{1, 2, 3, -1, -1, -1, 4, 5, 6, 7}));
  EXPECT_GE(all[3].at, 3500ms);
  r.cuts[0].process = 1;
  EXPECT_EQ(values(asked_each_second(r)), (std::vector{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(quota_store, may_lose_a_reply_of_what_it_ran) {
  store_rules r;
  r.lost_replies = 0.5;
  const auto v = values(asked_each_second(r));
  for (std::size_t i = 0; i < v.size(); ++i) {
    EXPECT_TRUE(v[i] == -1 || v[i] == static_cast<int>(i) + 1) << i;
  }
  EXPECT_TRUE(std::count(v.begin(), v.end(), -1) > 0);
  EXPECT_TRUE(std::count(v.begin(), v.end(), -1) < 10);
}

TEST(quota_store, does_one_command_at_a_time) {
  store_rules r;
  r.service = 700ms;

  const auto all = asked_each_second(r, {}, 2s);
  ASSERT_GE(all.size(), 9u);
  EXPECT_GE(all[0].at, 700ms);
  r.service = 1500ms;
  EXPECT_GE(asked_each_second(r, {}, 2s)[1].at, 3000ms) << "the second waits for the first";
}

TEST(quota_store, shows_a_clock_that_may_step) {
  store_rules r;
  r.steps = {{2500ms, -10s}, {5500ms, 30s}};
  const auto all = asked_each_second(r);
  const auto since = [&](std::size_t i) {
    return std::chrono::round<std::chrono::seconds>(all[i].store_time - all[0].store_time);
  };
  EXPECT_EQ(since(2), 2s);
  EXPECT_EQ(since(3), -7s);
  EXPECT_EQ(since(6), 26s);
}

TEST(quota_store, frozen_process_reads_its_answer_late) {
  const auto all = asked_each_second({}, {{mishap::kind::freeze, 0, 2999ms, 3s}});
  ASSERT_GE(all.size(), 4u);
  EXPECT_EQ(values({all.begin(), all.begin() + 4}), (std::vector{1, 2, 3, 4}));
  EXPECT_GE(all[3].at, 5990ms);
}

TEST(quota_store, crashed_process_hears_nothing) {
  EXPECT_EQ(asked_each_second({}, {{mishap::kind::crash, 0, 3500ms}}).size(), 4u);
}

}  // namespace
}  // namespace ephemint::quota_world
