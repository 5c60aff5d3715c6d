#include "core/quota/waiting_line.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

constexpr auto login = priority::interactive;
constexpr auto batch = priority::background;

TEST(waiting_line, who_was_told_later_goes_before_who_comes_later) {
  waiting_line line;
  line.wait(1, login, at{2s});
  EXPECT_EQ(line.before(2, login, at{1s}, 2).due, 0u) << "not yet its time: nothing is kept from others";
  EXPECT_EQ(line.before(2, login, at{1s}, 2).all, 1u);
  EXPECT_EQ(line.before(2, login, at{2s}, 2).due, 1u);
  EXPECT_EQ(line.before(1, login, at{2s}, 2).due, 0u) << "nobody waits for himself";
}

TEST(waiting_line, place_runs_out) {
  waiting_line line;
  line.wait(1, login, at{2s});
  EXPECT_EQ(line.before(2, login, at{2100ms}, 2).due, 1u);
  EXPECT_EQ(line.before(2, login, at{2101ms}, 2).due, 0u);
}

TEST(waiting_line, place_is_kept_over_a_second_wait_and_lost_when_served) {
  waiting_line line;
  line.wait(1, login, at{2s});
  line.wait(2, login, at{2s});
  line.wait(1, login, at{3s});
  EXPECT_EQ(line.before(2, login, at{2s}, 2).all, 1u);
  line.served(1, login);
  line.wait(1, login, at{3s});
  EXPECT_EQ(line.before(2, login, at{2s}, 2).all, 0u);
  EXPECT_EQ(line.before(1, login, at{2s}, 2).all, 1u);
  line.leave(2);
  EXPECT_EQ(line.before(1, login, at{2s}, 2).all, 0u);
}

TEST(waiting_line, background_doesnt_hold_up_the_foreground) {
  waiting_line line;
  line.wait(1, batch, at{2s});
  EXPECT_EQ(line.before(2, login, at{2s}, 2).due, 0u);
  line.wait(3, login, at{2s});
  EXPECT_EQ(line.before(2, batch, at{2s}, 2).due, 2u);
}

TEST(waiting_line, nobody_outruns_one_whose_turn_it_is) {
  waiting_line line;
  line.wait(1, login, at{2s});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(line.before(2, login, at{2s}, 2).outrun) << i;
    line.served(2, login);
  }
  EXPECT_TRUE(line.before(2, login, at{2s}, 2).outrun);
  EXPECT_FALSE(line.before(2, login, at{1s}, 2).outrun) << "its turn hasn't come";
  line.served(1, login);
  EXPECT_FALSE(line.before(2, login, at{2s}, 2).outrun) << "nobody waits";
}

TEST(waiting_line, time_away_earns_nothing) {
  waiting_line line;
  line.wait(9, login, at{1h});
  line.wait(1, login, at{1h});
  for (int i = 0; i < 50; ++i) {
    line.served(1, login);
    line.wait(1, login, at{1h});
    line.served(9, login);
    line.wait(9, login, at{1h});
  }
  line.wait(2, login, at{1h});  // is new: level with the others, not 50 turns before them
  for (int i = 0; i < 4; ++i) line.served(2, login);
  line.wait(2, login, at{1h});
  EXPECT_TRUE(line.before(2, login, at{1h}, 2).outrun);
}

}  // namespace
}  // namespace ephemint::core
