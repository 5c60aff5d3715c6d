#include "net/dial/address_cache.hpp"

#include <gtest/gtest.h>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;

const clock::time_point start{1h};

lookup_result found(const char* address) { return {{boost::asio::ip::make_address(address)}, {}}; }
lookup_result failed() { return {{}, "name unknown"}; }

TEST(AddressCache, knows_nothing_at_first) {
  const address_cache cache;
  EXPECT_FALSE(cache.fresh(start));
  EXPECT_TRUE(cache.stale().empty());
}

// behaviours: N7
TEST(AddressCache, an_address_is_used_for_a_minute) {
  address_cache cache;
  cache.store(start, found("192.0.2.1"));
  EXPECT_EQ(cache.fresh(start + 59'999ms)->found, found("192.0.2.1").found);
  EXPECT_FALSE(cache.fresh(start + 60s));
  EXPECT_EQ(cache.stale(), found("192.0.2.1").found);
  cache.store(start + 60s, found("192.0.2.2"));
  EXPECT_EQ(cache.fresh(start + 60s)->found, found("192.0.2.2").found);
}

// behaviours: N1, N10
TEST(AddressCache, a_failure_is_forgotten_soon_and_failures_in_a_row_later_and_later) {
  address_cache cache;
  clock::time_point now = start;
  for (const auto life : {100ms, 200ms, 400ms, 800ms, 1'600ms, 3'200ms, 5'000ms, 5'000ms, 5'000ms}) {
    cache.store(now, failed());
    EXPECT_EQ(cache.fresh_until(), now + life);
    ASSERT_TRUE(cache.fresh(now + life - 1ms));
    EXPECT_TRUE(cache.fresh(now + life - 1ms)->found.empty());
    EXPECT_EQ(cache.fresh(now + life - 1ms)->problem, "name unknown");
    EXPECT_FALSE(cache.fresh(now + life));
    now += life;
  }
}

TEST(AddressCache, old_addresses_outlive_a_failed_look_up) {
  address_cache cache;
  cache.store(start, found("192.0.2.1"));
  cache.store(start + 61s, failed());
  EXPECT_EQ(cache.fresh(start + 62s)->found, found("192.0.2.1").found);
  EXPECT_FALSE(cache.fresh(start + 66s));  // asked again soon
}

// behaviours: N10
TEST(AddressCache, an_address_ends_the_row_of_failures) {
  address_cache cache;
  for (int i = 0; i < 5; ++i) cache.store(start, failed());
  cache.store(start, found("192.0.2.1"));
  cache.store(start + 61s, failed());
  EXPECT_EQ(cache.fresh_until(), start + 66s) << "old addresses do meanwhile";
}

// behaviours: N7
TEST(AddressCache, addresses_in_doubt_are_asked_for_again_and_serve_meanwhile) {
  address_cache cache;
  cache.store(start, found("192.0.2.1"));
  cache.doubt();
  EXPECT_FALSE(cache.fresh(start));
  EXPECT_EQ(cache.stale(), found("192.0.2.1").found);
  cache.store(start, found("192.0.2.2"));
  EXPECT_EQ(cache.fresh(start)->found, found("192.0.2.2").found);
}

// behaviours: N1, N7
TEST(AddressCache, doubt_shortens_no_memory_of_a_failure) {
  address_cache cache;
  cache.store(start, found("192.0.2.1"));
  cache.store(start, failed());
  cache.doubt();
  EXPECT_EQ(cache.fresh(start)->found, found("192.0.2.1").found);
}

}  // namespace
}  // namespace ephemint::net
