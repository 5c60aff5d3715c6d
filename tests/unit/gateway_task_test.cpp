#include "http/task.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace ephemint::gateway {
namespace {

/// Owns a task, and the handler of the operation that it awaits.
struct owner : std::enable_shared_from_this<owner> {
  std::function<void(int)> waiting;
  int got = 0;
  bool failed = false;
  task<void> running;

  struct begin {
    owner& of;
    template <class Handler>
    void operator()(Handler handler) const {
      of.waiting = std::move(handler);
    }
  };
  struct fail_to_begin {
    template <class Handler>
    void operator()(Handler) const {
      throw std::bad_alloc{};
    }
  };

  task<int> next() {
    operation<int, begin> one{shared_from_this(), {*this}};
    const int came = co_await one;
    co_return came;
  }
  task<void> sum_two() {
    for (int i = 0; i < 2; ++i) {
      auto one = next();
      got += co_await one;
    }
  }
  task<void> begin_in_vain() {
    operation<int, fail_to_begin> one{shared_from_this(), {}};
    try {
      got = co_await one;
    } catch (const std::bad_alloc&) {
      failed = true;
    }
  }
  task<void> run(task<void> what) {
    auto inner = std::move(what);
    try {
      co_await inner;
    } catch (const std::runtime_error&) {
      failed = true;
    }
  }
  task<void> throw_something() {
    throw std::runtime_error{"something"};
    co_return;
  }
  void start(task<void> what) {
    running = std::move(what);
    running.start();
  }
  void tell(int value) { std::exchange(waiting, nullptr)(value); }
};

TEST(gateway_task, what_it_awaits_goes_on_where_it_waited) {
  const auto one = std::make_shared<owner>();
  one->start(one->sum_two());
  one->tell(3);
  EXPECT_EQ(one->got, 3);
  one->tell(4);
  EXPECT_EQ(one->got, 7);
  EXPECT_FALSE(one->waiting);
}

TEST(gateway_task, what_is_awaited_keeps_the_owner_until_it_has_come) {
  auto one = std::make_shared<owner>();
  const std::weak_ptr<owner> seen = one;
  one->start(one->sum_two());
  std::function<void(int)> handler = std::exchange(one->waiting, nullptr);
  one.reset();
  ASSERT_FALSE(seen.expired());
  handler = nullptr;  // as if it was destroyed with its context
  EXPECT_TRUE(seen.expired());
}

// behaviours: G26
TEST(gateway_task, what_cant_be_begun_throws_where_it_is_awaited) {
  const auto one = std::make_shared<owner>();
  one->start(one->begin_in_vain());
  EXPECT_TRUE(one->failed);
  EXPECT_EQ(one.use_count(), 1);
}

TEST(gateway_task, an_exception_comes_out_of_the_await) {
  const auto one = std::make_shared<owner>();
  one->start(one->run(one->throw_something()));
  EXPECT_TRUE(one->failed);
}

TEST(gateway_task, to_destroy_one_that_waits_destroys_what_it_holds) {
  const auto held = std::make_shared<int>(1);
  const auto one = std::make_shared<owner>();
  const auto hold = [](owner& of, std::shared_ptr<int> something) -> task<void> {
    static_cast<void>(something);
    operation<int, owner::begin> never{of.shared_from_this(), {of}};
    of.got = co_await never;
  };
  one->start(hold(*one, held));
  EXPECT_EQ(held.use_count(), 2);
  one->running = {};
  EXPECT_EQ(held.use_count(), 1);
  one->waiting = nullptr;
  EXPECT_EQ(one->got, 0);
}

}  // namespace
}  // namespace ephemint::gateway
