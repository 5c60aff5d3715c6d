#include "net/serial_gate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ephemint::net {
namespace {

using place = completion::place;

/// A task that does what a test says.
struct scripted_task final {
  explicit scripted_task(std::function<void()> what) : act{std::move(what)} {}
  void run() noexcept { act(); }

  std::function<void()> act;
  member_task<scripted_task, &scripted_task::run> task{*this};
};

/// Records where it was told; returns false `refusals` times.
struct noted final : completion {
  noted(std::vector<std::pair<int, place>>& into, int is, int times = 0)
      : list{into}, number{is}, refusals{times} {}

  bool tell(place where) override {
    if (refusals-- > 0) return false;
    list.emplace_back(number, where);
    const std::unique_ptr<noted> owner{this};
    if (throws) throw std::runtime_error{"foreign"};
    return true;
  }

  void drop() noexcept override {
    list.emplace_back(-number, place::elsewhere);
    delete this;
  }

  std::vector<std::pair<int, place>>& list;
  int number;
  int refusals;
  bool throws = false;
};

using told_list = std::vector<std::pair<int, place>>;

/// Enters a gate with a task.
void inside(serial_gate& gate, std::function<void()> what, place from = place::on_executor) {
  const auto task = std::make_shared<scripted_task>(std::move(what));
  gate.enter(task->task, task, from);
}

class SerialGate : public testing::TestWithParam<bool> {
 protected:
  serial_gate gate{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(, SerialGate, testing::Bool(), [](const auto& instance) {
  return std::string{instance.param ? "shared" : "of_one_thread"};
});

TEST_P(SerialGate, a_task_that_enters_an_empty_gate_runs_at_once) {
  int ran = 0;
  inside(gate, [&] { ++ran; });
  EXPECT_EQ(ran, 1);
}

TEST_P(SerialGate, tasks_that_enter_from_inside_run_afterwards_and_in_order) {
  std::vector<int> order;
  scripted_task second{[&] { order.push_back(2); }}, third{[&] { order.push_back(3); }};
  inside(gate, [&] {
    gate.enter(second.task, nullptr, place::on_executor);
    gate.enter(third.task, nullptr, place::on_executor);
    order.push_back(1);
  });
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_P(SerialGate, a_task_may_enter_again_while_it_runs) {
  int ran = 0;
  scripted_task again{[&] {
    if (++ran < 1000) gate.enter(again.task, nullptr, place::on_executor);
  }};
  gate.enter(again.task, nullptr, place::on_executor);
  EXPECT_EQ(ran, 1000);
}

TEST_P(SerialGate, a_task_is_told_from_where_its_thread_came_whoever_brought_it) {
  std::vector<place> seen;
  scripted_task second{[&] { seen.push_back(gate.entered_from()); }};
  for (const place from : {place::on_executor, place::elsewhere})
    inside(
        gate,
        [&] {
          gate.enter(second.task, nullptr, place::elsewhere);
          seen.push_back(gate.entered_from());
        },
        from);
  EXPECT_EQ(seen, (std::vector{place::on_executor, place::on_executor, place::elsewhere, place::elsewhere}));
}

TEST_P(SerialGate, a_keeper_is_held_until_its_task_has_run) {
  auto first_keeper = std::make_shared<int>(), second_keeper = std::make_shared<int>();
  const std::weak_ptr<int> first_held = first_keeper, second_held = second_keeper;
  scripted_task second{[&] {
    EXPECT_TRUE(first_held.expired());
    EXPECT_FALSE(second_held.expired());
  }};
  scripted_task first{[&] {
    gate.enter(second.task, std::move(second_keeper), place::on_executor);
    EXPECT_FALSE(first_held.expired());
  }};
  gate.enter(first.task, std::move(first_keeper), place::on_executor);
  EXPECT_TRUE(second_held.expired());
}

TEST_P(SerialGate, what_was_said_is_told_after_leaving_once_and_in_order) {
  told_list told;
  inside(gate, [&] {
    for (int i : {1, 2, 3}) gate.say(*new noted{told, i});
    EXPECT_TRUE(told.empty());
  });
  // The tasks after the first were posted before foreign code ran on the thread.
  EXPECT_EQ(told, (told_list{{2, place::elsewhere}, {3, place::elsewhere}, {1, place::on_executor}}));
  inside(gate, [] {});
  EXPECT_EQ(told.size(), 3U);
}

TEST_P(SerialGate, who_comes_from_elsewhere_calls_no_foreign_code) {
  told_list told;
  inside(
      gate,
      [&] {
        gate.say(*new noted{told, 1});
      },
      place::elsewhere);
  EXPECT_EQ(told, (told_list{{1, place::elsewhere}}));
}

TEST_P(SerialGate, what_is_told_may_enter_the_gate) {
  struct entering final : completion {
    explicit entering(std::function<void()> what) : act{std::move(what)} {}
    bool tell(place) override {
      const std::unique_ptr<entering> owner{this};
      return act(), true;
    }
    void drop() noexcept override { delete this; }
    std::function<void()> act;
  };
  told_list told;
  inside(gate, [&] {
    gate.say(*new entering{[&] { inside(gate, [&] { gate.say(*new noted{told, 1}); }); }});
  });
  EXPECT_EQ(told.size(), 1U);
}

TEST_P(SerialGate, what_could_not_be_told_is_told_at_the_next_leaving) {
  told_list told;
  inside(gate, [&] {
    gate.say(*new noted{told, 1, 1});
    gate.say(*new noted{told, 2, 2});
  });
  EXPECT_TRUE(told.empty());
  inside(gate, [] {});
  EXPECT_EQ(told, (told_list{{1, place::elsewhere}}));
  inside(gate, [] {});
  EXPECT_EQ(told, (told_list{{1, place::elsewhere}, {2, place::on_executor}}));
}

// behaviours: C7
TEST_P(SerialGate, what_was_said_and_can_be_told_to_nobody_is_dropped) {
  told_list told;
  inside(gate, [&] {
    gate.say(*new noted{told, 1, 1});
    gate.say(*new noted{told, 2, 1});
  });
  gate.drop_said();
  EXPECT_EQ(told, (told_list{{-1, place::elsewhere}, {-2, place::elsewhere}}));
  inside(gate, [] {});
  EXPECT_EQ(told.size(), 2U);
}

TEST_P(SerialGate, what_foreign_code_throws_comes_out_and_nothing_is_lost) {
  told_list told;
  EXPECT_THROW(inside(gate,
                      [&] {
                        auto* thrower = new noted{told, 1};
                        thrower->throws = true;
                        gate.say(*thrower);
                        gate.say(*new noted{told, 2});
                        gate.say(*new noted{told, 3, 1});
                      }),
               std::runtime_error);
  EXPECT_EQ(told, (told_list{{2, place::elsewhere}, {1, place::on_executor}}));
  int ran = 0;
  inside(gate, [&] { ++ran; });
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(told.back(), (std::pair{3, place::on_executor}));
}

TEST(SerialGateThreads, each_task_runs_once_and_never_two_at_a_time) {
  constexpr int threads = 4, rounds = 20'000;
  serial_gate gate{true};
  int runs = 0;  // no atomic: the gate is what keeps the threads apart
  std::atomic<int> told = 0, destroyed = 0;
  std::atomic<bool> busy = false;
  struct counted final : completion {
    explicit counted(std::atomic<int>& n) : count{n} {}
    bool tell(place) override {
      const std::unique_ptr<counted> owner{this};
      return ++count, true;
    }
    void drop() noexcept override { delete this; }
    std::atomic<int>& count;
  };
  const auto act = [&] {
    EXPECT_FALSE(busy.exchange(true));
    ++runs;
    gate.say(*new counted{told});
    busy = false;
  };
  const auto bring = [&] {
    for (int i = 0; i < rounds; ++i) {
      const std::shared_ptr<scripted_task> task{new scripted_task{act}, [&](scripted_task* gone) {
                                                  delete gone;
                                                  ++destroyed;
                                                }};
      gate.enter(task->task, task, i % 2 == 0 ? place::on_executor : place::elsewhere);
    }
  };
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back(bring);
  for (std::thread& each : all) each.join();
  EXPECT_EQ(runs, threads * rounds);
  EXPECT_EQ(told, threads * rounds);
  EXPECT_EQ(destroyed, threads * rounds);
}

TEST(SerialGateThreads, a_task_is_brought_again_by_another_thread_as_soon_as_it_ran) {
  constexpr int rounds = 20'000;
  serial_gate gate{true};
  std::array<std::atomic<int>, 3> ran{};
  std::vector<std::thread> all;
  for (std::atomic<int>& own : ran)
    all.emplace_back([&] {
      scripted_task mine{[&] { ++own; }};
      for (int i = 0; i < rounds; ++i) {
        gate.enter(mine.task, nullptr, place::elsewhere);
        while (own != i + 1) std::this_thread::yield();
      }
    });
  for (std::thread& each : all) each.join();
  for (const std::atomic<int>& each : ran) EXPECT_EQ(each, rounds);
}

}  // namespace
}  // namespace ephemint::net
