// Random events in random order: what must hold whatever happens (I1, I2, I4, I8, Q2, Q6).
#include "core/random.hpp"
#include "support/engine_storm.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace ephemint::test {
namespace {

struct storm : engine_storm {
  explicit storm(std::uint64_t seed)
      : engine_storm{[random = core::splitmix{seed}]() mutable { return random.next(); }, seed} {}
};

// behaviours: I1, I4, I8, Q2, Q6
TEST(engine_property, whatever_happens_each_mint_ends_once_and_nothing_is_left) {
  const std::uint64_t seeds = seeds_to_play(4'000);
  std::size_t calls = 0;
  std::size_t requests = 0;
  std::size_t minted = 0;
  std::size_t hedges = 0;
  int bad = 0;
  for (std::uint64_t seed = 1; seed <= seeds && bad < 5; ++seed) {
    storm s{seed};
    if (const std::string problem = s.play(); !problem.empty()) {
      ++bad;
      ADD_FAILURE() << "seed " << seed << ": " << problem;
    }
    calls += s.run().calls().size();
    requests += s.run().sent().size();
    hedges += s.run().count().hedges;
    for (const auto& c : s.run().calls()) minted += c.minted() ? 1 : 0;
  }
  EXPECT_GT(calls, 75 * seeds) << "the storms are no storms";
  EXPECT_GT(requests, calls / 5);
  EXPECT_GT(minted, calls / 10);
  EXPECT_GT(hedges, seeds / 40);
}

TEST(engine_property, same_events_give_same_commands) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    storm a{seed};
    storm b{seed};
    EXPECT_EQ(a.play(), b.play());
    ASSERT_EQ(a.run().events(), b.run().events());
    ASSERT_EQ(a.run().sent().size(), b.run().sent().size());
    ASSERT_EQ(a.run().now(), b.run().now());
  }
}

}  // namespace
}  // namespace ephemint::test
