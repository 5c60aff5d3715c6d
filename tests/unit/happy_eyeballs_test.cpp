#include "net/dial/happy_eyeballs.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;

addresses list(const std::vector<std::string>& texts) {
  addresses all;
  for (const std::string& text : texts) all.push_back(boost::asio::ip::make_address(text));
  return all;
}

addresses many(std::size_t count) {
  addresses all;
  for (std::size_t i = 1; i <= count; ++i)
    all.push_back(boost::asio::ip::make_address_v4("192.0.2." + std::to_string(i)));
  return all;
}

const clock::time_point start{1h};

TEST(HappyEyeballs, families_take_turns_and_the_systems_first_choice_goes_first) {
  EXPECT_EQ(alternate_families(list({"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.3"})),
            list({"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}));
  EXPECT_EQ(alternate_families(list({"192.0.2.1", "2001:db8::1"})), list({"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(alternate_families(list({"192.0.2.1"})), list({"192.0.2.1"}));
}

// behaviours: N4
TEST(HappyEyeballs, the_other_family_has_its_turn_after_250_ms_of_silence) {
  happy_eyeballs race{list({"2001:db8::1", "192.0.2.1"}), 3s};
  EXPECT_EQ(race.advance(start).start, 0U);
  EXPECT_EQ(race.next_turn(), start + 250ms);
  EXPECT_FALSE(race.advance(start + 249ms).start);
  const auto second = race.advance(start + 250ms);
  EXPECT_EQ(second.start, 1U);
  EXPECT_FALSE(second.abandon);  // the first may still win
  EXPECT_FALSE(race.next_turn());
}

// behaviours: N5
TEST(HappyEyeballs, a_failure_gives_the_next_address_its_turn_at_once) {
  happy_eyeballs race{many(2), 3s};
  race.advance(start);
  race.on_failed(0);
  EXPECT_EQ(race.advance(start + 1ms).start, 1U);
  EXPECT_FALSE(race.advance(start + 1ms).exhausted);
  race.on_failed(1);
  EXPECT_TRUE(race.advance(start + 2ms).exhausted);
}

TEST(HappyEyeballs, is_not_exhausted_while_an_attempt_lives) {
  happy_eyeballs race{many(2), 3s};
  race.advance(start);
  race.advance(start + 250ms);
  race.on_failed(1);
  EXPECT_FALSE(race.advance(start + 300ms).exhausted);
  race.on_failed(0);
  EXPECT_TRUE(race.advance(start + 301ms).exhausted);
}

// behaviours: N3
TEST(HappyEyeballs, every_one_of_eight_silent_addresses_has_its_turn_in_time) {
  for (clock::duration patience : {clock::duration{3s}, clock::duration{1s}, clock::duration{100ms}}) {
    happy_eyeballs race{many(8), patience};
    std::vector<std::size_t> abandoned;
    clock::time_point now = start;
    std::size_t started = 0;
    for (; started < 8; now = *race.next_turn()) {
      const auto next = race.advance(now);
      ASSERT_EQ(next.start, started++);
      if (next.abandon) abandoned.push_back(*next.abandon);
      if (!race.next_turn()) break;
    }
    EXPECT_EQ(started, 8U);
    EXPECT_LT(now - start, patience);
    EXPECT_EQ(abandoned, (std::vector<std::size_t>{0, 1}));  // six alive at most
  }
}

TEST(HappyEyeballs, an_abandoned_attempt_that_fails_later_changes_nothing) {
  happy_eyeballs race{many(8), 3s};
  clock::time_point now = start;
  for (int i = 0; i < 7; ++i, now += 250ms) race.advance(now);
  race.on_failed(0);  // was abandoned for the seventh
  EXPECT_FALSE(race.advance(now - 1ms).start);
}

TEST(HappyEyeballs, a_name_with_very_many_addresses_is_cut) {
  const happy_eyeballs race{many(200), 3s};
  EXPECT_EQ(race.size(), 32U);
}

}  // namespace
}  // namespace ephemint::net
