// Outages of all lengths and kinds, over many seeds.
#include "support/outage_world.hpp"

#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace ephemint::test {
namespace {

using std::chrono::seconds;

const std::uint64_t seeds = seeds_to_play(8);

/// One for each half of the longest back-off, as half of it is jitter, and those during its growth.
constexpr std::size_t most_probes(int length) { return static_cast<std::size_t>(length) + 8; }

class outage_world : public testing::TestWithParam<std::tuple<absence, int>> {};

std::string name(const testing::TestParamInfo<std::tuple<absence, int>>& info) {
  static constexpr const char* kinds[] = {"refusing", "failing", "silent", "hanging"};
  const auto [how, length] = info.param;
  return std::string{kinds[static_cast<int>(how)]} + "_for_" + std::to_string(length) + "_s";
}

// behaviours: A4, I1, I4
TEST_P(outage_world, batch_loses_nobody_and_at_most_3_s) {
  const auto [how, length] = GetParam();
  core::duration worst{};
  std::size_t probes = 0;
  for (const priority urgency : {priority::background, priority::interactive}) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      outage_case c{.how = how,
                    .begins = 5s + seed * 777ms,
                    .lasts = 0s,
                    .urgency = urgency,
                    .logins_per_second = 0,
                    .seed = seed};
      const core::duration bound = play(c).wall;
      c.lasts = seconds{length};
      const outage_figures f = play(c);
      EXPECT_EQ(f.failed, 0u) << "seed " << seed;
      EXPECT_LE(f.wall, bound + c.lasts + 3s) << "seed " << seed;
      EXPECT_LE(f.probes, most_probes(length)) << "seed " << seed;
      EXPECT_LE(f.most_in_100_ms, 16u) << "seed " << seed << ": more than 8 in flight";
      worst = std::max(worst, f.wall - bound - c.lasts);
      probes = std::max(probes, f.probes);
    }
  }
  RecordProperty("worst_over_bound_ms", static_cast<int>(worst / 1ms));
  RecordProperty("most_probes", static_cast<int>(probes));
}

// behaviours: A4, I1
TEST_P(outage_world, logins_beside_the_batch_end_in_time_with_their_cause) {
  const auto [how, length] = GetParam();
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const outage_figures f = play({.how = how, .lasts = seconds{length}, .seed = seed});
    EXPECT_EQ(f.failed, 0u) << "seed " << seed;
    EXPECT_GT(f.logins, 10u);
    EXPECT_EQ(f.logins_without_cause, 0u) << "seed " << seed;
    EXPECT_EQ(f.logins_lost_while_well, 0u) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(kinds_and_lengths, outage_world,
                         testing::Combine(testing::Values(absence::refusing, absence::failing,
                                                          absence::silent, absence::hanging),
                                          testing::Values(2, 8, 30, 120, 600)),
                         name);

// Why patience is needed: without it the attempts are used up at once, or within three timeouts each.
TEST(outage_world, batch_without_patience_is_lost) {
  for (const auto& [how, lasts] : {std::pair{absence::refusing, 8s}, std::pair{absence::failing, 8s},
                                   std::pair{absence::silent, 30s}, std::pair{absence::hanging, 30s}}) {
    const outage_figures f =
        play({.how = how, .begins = 1s, .lasts = lasts, .urgency = priority::interactive, .patience = 0s});
    EXPECT_GE(f.failed, 20u);
    RecordProperty("lost_" + std::to_string(static_cast<int>(how)), static_cast<int>(f.failed));
  }
}

// behaviours: A4
TEST(outage_world, batch_hears_it_when_its_patience_is_over) {
  for (const absence how : {absence::refusing, absence::failing, absence::silent, absence::hanging}) {
    const outage_figures f =
        play({.how = how, .lasts = 90s, .batch = 60, .patience = 30s, .logins_per_second = 0});
    EXPECT_GE(f.failed, 16u) << "those who were waiting";
    EXPECT_LE(f.wall, 100s) << "nobody waits for the end";
  }
}

}  // namespace
}  // namespace ephemint::test
