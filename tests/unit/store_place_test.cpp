#include "net/store_place.hpp"

#include "net/store_node.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>

namespace ephemint::redis {
namespace {

struct told_cause {
  std::string_view failure;
  store_address at;
  std::string_view cause;
};

TEST(StorePlace, SaysTheCauseAlone) {
  for (const told_cause& each :
       {told_cause{"no connection to 127.0.0.1:7391: Connection refused (127.0.0.1)",
                   {"127.0.0.1", 7391},
                   "connection refused"},
        told_cause{
            "no connection to [::1]:6379: Connection refused (::1)", {"::1", 6379}, "connection refused"},
        told_cause{"no connection to cache:6379: Connection refused (10.0.0.7)",
                   {"cache", 6379},
                   "connection refused (10.0.0.7)"},
        told_cause{"no connection to cache:6379: its name could not be resolved: Name or service not known",
                   {"cache", 6379},
                   "its name could not be resolved: Name or service not known"},
        told_cause{"cache does not speak TLS on this port; check base_url's port",
                   {"cache", 6379},
                   "cache does not speak TLS on this port; check url's port"},
        told_cause{"TLS is odd", {"cache", 6379}, "TLS is odd"}, told_cause{"", {"cache", 6379}, ""}})
    EXPECT_EQ(cause_of(each.failure, each.at), each.cause);
}

TEST(StoreNode, ReadsAServersAge) {
  using std::chrono::seconds;
  EXPECT_EQ(uptime_of("# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:8\r\nuptime_in_days:0\r\n"),
            seconds{8});
  EXPECT_EQ(uptime_of("uptime_in_seconds:0"), seconds{0});
  EXPECT_EQ(uptime_of("uptime_in_seconds:4294967295\r\n"), seconds{4294967295});
  EXPECT_EQ(uptime_of("uptime_in_seconds:4294967296\r\n"), std::nullopt);
  EXPECT_EQ(uptime_of("uptime_in_seconds:"), std::nullopt);
  EXPECT_EQ(uptime_of("uptime_in_seconds:-1"), std::nullopt);
  EXPECT_EQ(uptime_of(""), std::nullopt);
}

}  // namespace
}  // namespace ephemint::redis
