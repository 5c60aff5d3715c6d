#include <ephemint/redis/shared_quota.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <sstream>
#include <string>

namespace ephemint::redis {
namespace {

using namespace std::chrono_literals;

TEST(shared_quota_metrics, text_has_a_series_for_each_figure) {
  shared_quota_stats seen;
  seen.connected = true;
  seen.members = 3;
  seen.limit = 197.25;
  seen.held = 7;
  seen.round_trip = 2'500us;
  seen.commands = 1'234'567'890;
  seen.lost = 2;
  seen.fallbacks = 1;
  seen.share = 66;
  EXPECT_EQ(
      prometheus_text(seen),
      R"(# HELP ephemint_shared_quota_connected Whether the store answers: 1, or 0 while we go on without it.
# TYPE ephemint_shared_quota_connected gauge
ephemint_shared_quota_connected 1
# HELP ephemint_shared_quota_members Processes that share the quota, this one included.
# TYPE ephemint_shared_quota_members gauge
ephemint_shared_quota_members 3
# HELP ephemint_shared_quota_limit Permits a window that are in force for all of them together.
# TYPE ephemint_shared_quota_limit gauge
ephemint_shared_quota_limit 197.25
# HELP ephemint_shared_quota_held Permits that this process has and hasn't used.
# TYPE ephemint_shared_quota_held gauge
ephemint_shared_quota_held 7
# HELP ephemint_shared_quota_share Permits a window of this process while the store is away, else 0.
# TYPE ephemint_shared_quota_share gauge
ephemint_shared_quota_share 66
# HELP ephemint_shared_quota_round_trip_seconds Usual time from a command to the store's answer.
# TYPE ephemint_shared_quota_round_trip_seconds gauge
ephemint_shared_quota_round_trip_seconds 0.0025
# HELP ephemint_shared_quota_commands_total Commands sent to the store.
# TYPE ephemint_shared_quota_commands_total counter
ephemint_shared_quota_commands_total 1234567890
# HELP ephemint_shared_quota_lost_commands_total Commands without an answer that could be used.
# TYPE ephemint_shared_quota_lost_commands_total counter
ephemint_shared_quota_lost_commands_total 2
# HELP ephemint_shared_quota_fallbacks_total How often the store was away so long that we went on without it.
# TYPE ephemint_shared_quota_fallbacks_total counter
ephemint_shared_quota_fallbacks_total 1
)");
}

/// One head a family, right before its one sample; counters, and nothing else, end in `_total`.
TEST(shared_quota_metrics, text_keeps_the_formats_rules) {
  const std::string text = prometheus_text({});
  ASSERT_TRUE(text.ends_with('\n'));
  std::istringstream lines{text};
  std::set<std::string> families;
  std::string hash, what, name, rest;
  while (lines >> hash >> what >> name && std::getline(lines, rest)) {
    EXPECT_EQ(hash + what, "#HELP");
    EXPECT_TRUE(families.insert(name).second) << name << " comes twice";
    std::string type, sample;
    lines >> hash >> what >> sample >> type;
    EXPECT_EQ(hash + what, "#TYPE");
    EXPECT_EQ(sample, name);
    EXPECT_EQ(name.ends_with("_total"), type == "counter") << name;
    double value = -1;
    lines >> sample >> value;
    EXPECT_EQ(sample, name);
    EXPECT_EQ(value, 0);
  }
  EXPECT_EQ(families.size(), 9u);
}

// behaviours: L10
TEST(shared_quota_metrics, neither_the_store_nor_its_last_error_stand_in_the_text) {
  shared_quota_stats seen;
  seen.store = "redis://quota.example:6379";
  seen.last_error = "connection refused";
  EXPECT_EQ(prometheus_text(seen), prometheus_text({}));
}

}  // namespace
}  // namespace ephemint::redis
