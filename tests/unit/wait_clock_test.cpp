// What waiting mints wait for, summed without a visit to each.
#include "core/mints/wait_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using where = time_spent::place;

constexpr priority login = priority::interactive;
constexpr priority batch = priority::background;
constexpr time_point start{1000s};

TEST(wait_clock, time_in_line_goes_to_what_holds_the_line_up) {
  wait_clock clock;
  time_spent spent;
  clock.move(spent, login, where::line, start);
  clock.hold_up(login, wait_reason::quota, start + 1s);
  clock.hold_up(login, wait_reason::pause, start + 3s);
  clock.hold_up(login, wait_reason::quota, start + 6s);
  clock.move(spent, login, where::nowhere, start + 10s);
  EXPECT_EQ(spent.waited(wait_reason::connection), 1s);
  EXPECT_EQ(spent.waited(wait_reason::quota), 6s);
  EXPECT_EQ(spent.waited(wait_reason::pause), 3s);
  EXPECT_EQ(spent.all(), 10s);
}

TEST(wait_clock, who_comes_later_shares_only_what_is_still_to_come) {
  wait_clock clock;
  time_spent first, second;
  clock.hold_up(login, wait_reason::quota, start);
  clock.move(first, login, where::line, start);
  clock.move(second, login, where::line, start + 7s);
  clock.move(first, login, where::nowhere, start + 8s);
  clock.move(second, login, where::nowhere, start + 9s);
  EXPECT_EQ(first.waited(wait_reason::quota), 8s);
  EXPECT_EQ(second.waited(wait_reason::quota), 2s);
}

TEST(wait_clock, lines_are_held_up_each_for_itself) {
  wait_clock clock;
  time_spent of_login, of_batch;
  clock.move(of_login, login, where::line, start);
  clock.move(of_batch, batch, where::line, start);
  clock.hold_up(batch, wait_reason::quota, start);
  clock.move(of_login, login, where::nowhere, start + 5s);
  clock.move(of_batch, batch, where::nowhere, start + 5s);
  EXPECT_EQ(of_login.waited(wait_reason::connection), 5s);
  EXPECT_EQ(of_batch.waited(wait_reason::quota), 5s);
}

TEST(wait_clock, elsewhere_time_goes_to_the_place) {
  wait_clock clock;
  time_spent spent;
  clock.hold_up(login, wait_reason::quota, start);
  clock.move(spent, login, where::wire, start);
  clock.move(spent, login, where::backoff, start + 1s);
  clock.move(spent, login, where::line, start + 3s);
  clock.move(spent, login, where::wire, start + 7s);
  clock.move(spent, login, where::nowhere, start + 15s);
  EXPECT_EQ(spent.on_the_wire(), 9s);
  EXPECT_EQ(spent.waited(wait_reason::backoff), 2s);
  EXPECT_EQ(spent.waited(wait_reason::quota), 4s);
  EXPECT_EQ(spent.all(), 15s);
}

}  // namespace
}  // namespace ephemint::core
