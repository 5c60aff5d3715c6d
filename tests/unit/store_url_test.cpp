#include "codec/store_url.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace ephemint::redis {
namespace {

struct good_url {
  std::string_view text;
  std::string_view shown;
  std::string_view user = {};
  std::string_view password = {};
};

constexpr std::array good_urls{
    good_url{"redis://localhost", "redis://localhost:6379"},
    good_url{"redis://localhost/", "redis://localhost:6379"},
    good_url{"REDIS://LocalHost:7391", "redis://localhost:7391"},
    good_url{"redis://127.0.0.1:7391/3", "redis://127.0.0.1:7391/3"},
    good_url{"redis://[2001:DB8::1]:7391/0", "redis://[2001:db8::1]:7391"},
    good_url{"rediss://cache.example:6380/15", "rediss://cache.example:6380/15"},
    good_url{"rediss://my_cache.example.", "rediss://my_cache.example.:6379"},
    good_url{"redis://app@host", "redis://host:6379", "app"},
    good_url{"redis://app:pw@host", "redis://host:6379", "app", "pw"},
    good_url{"redis://:pw@host:1/2", "redis://host:1/2", "", "pw"},
    good_url{"redis://a%40b:p%2Fw%3a%00%25@host", "redis://host:6379", "a@b", std::string_view{"p/w:\0%", 6}},
    good_url{"redis-sentinel://s1/mymaster", "redis-sentinel://s1:26379/mymaster"},
    good_url{"redis-sentinel://s1:26380,s2,[::1]:5/my-master.2/4",
             "redis-sentinel://s1:26380,s2:26379,[::1]:5/my-master.2/4"},
    good_url{"redis-sentinel://s1:6379/m", "redis-sentinel://s1:6379/m"},
    good_url{"redis-sentinel://u:p%20w@s1,s2/m/0", "redis-sentinel://s1:26379,s2:26379/m", "u", "p w"},
};

TEST(StoreUrl, IsTakenApart) {
  for (const good_url& each : good_urls) {
    store_url url;
    EXPECT_EQ(parse_store_url(each.text, url), "") << each.text;
    EXPECT_EQ(url.shown(), each.shown);
    EXPECT_EQ(url.user, each.user);
    EXPECT_EQ(url.password.reveal(), each.password);
  }
}

struct bad_url {
  std::string_view text;
  std::string_view fault;
};

constexpr std::string_view no_scheme = "must be redis://, rediss:// or redis-sentinel://";
constexpr std::string_view no_url = "is not a URL; give one like redis://localhost:6379";
constexpr std::string_view odd_host = "has a host that is neither a host name nor an address";
constexpr std::string_view no_host = "has no host; give one like redis://localhost:6379";
constexpr std::string_view odd_port = "has a port that is not 1 to 65535";
constexpr std::string_view odd_database = "has a database that is not a number, 0 to 65535";
constexpr std::string_view no_master =
    "names no master; give a URL like redis-sentinel://localhost:26379/mymaster";

// "hush" is a password: no message says it.
constexpr std::array bad_urls{
    bad_url{"", "is missing; give one like redis://localhost:6379"},
    bad_url{"http://u:hush@host", "must be redis://, rediss:// or redis-sentinel://, got \"http://…\""},
    bad_url{"localhost:6379", no_scheme},
    bad_url{"u:hush@host", no_scheme},
    bad_url{"hush hush://host", no_scheme},
    bad_url{"redis://", no_host},
    bad_url{"redis:///0", no_host},
    bad_url{"redis://u:hush@", no_host},
    bad_url{"redis://u:hu sh@host", no_url},
    bad_url{"redis://u:hush%@host", no_url},
    bad_url{"redis://u:hush%zz@host", no_url},
    bad_url{"redis://host:0", odd_port},
    bad_url{"redis://host:65536", odd_port},
    bad_url{"redis://host:99999", odd_port},
    bad_url{"redis://host:99999999999", odd_port},
    bad_url{"redis://ho%41st", odd_host},
    bad_url{"redis://127.1", odd_host},
    bad_url{"redis://-a", odd_host},
    bad_url{"redis://host/x", odd_database},
    bad_url{"redis://host/-1", odd_database},
    bad_url{"redis://host/65536", odd_database},
    bad_url{"redis://host/1/2", odd_database},
    bad_url{"redis://host/0?db=1", "has a query or fragment; give host, port and database only"},
    bad_url{"redis-sentinel://s1", no_master},
    bad_url{"redis-sentinel://s1/", no_master},
    bad_url{"redis-sentinel://s1/my master", no_master},
    bad_url{"redis-sentinel://s1/m/x", odd_database},
    bad_url{"redis-sentinel:///m", no_host},
    bad_url{"redis-sentinel://s1,/m", no_host},
    bad_url{"redis-sentinel://s1,u:hush@s2/m", "has user info behind its first host"},
};

TEST(StoreUrl, SaysWhatIsWrongAndNeverAPassword) {
  for (const bad_url& each : bad_urls) {
    store_url url;
    const std::string fault = parse_store_url(each.text, url);
    EXPECT_EQ(fault, each.fault) << each.text;
    EXPECT_EQ(fault.find("hush"), std::string::npos);
  }
  store_url url;  // Boost's releases read this one differently
  EXPECT_FALSE(parse_store_url("redis://u:hu#sh@host", url).empty());
}

TEST(StoreUrl, IsBoundedInSizeAndSentinels) {
  store_url url;
  EXPECT_EQ(parse_store_url("redis://" + std::string(3000, 'a'), url),
            "is too long; give at most 2048 characters");
  std::string many = "redis-sentinel://s";
  for (int i = 0; i < 16; ++i) many += ",s";
  EXPECT_EQ(parse_store_url(many + "/m", url), "has more than 16 Sentinels");
}

}  // namespace
}  // namespace ephemint::redis
