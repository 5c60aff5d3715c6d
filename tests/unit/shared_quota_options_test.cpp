#include "face/shared_quota_check.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::redis {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view api = "https://api.shipengine.com";
constexpr std::string_view key_text = "live_hush_hush_hush";

credential key() { return secret{key_text}; }

shared_quota_options good() {
  shared_quota_options o;
  o.url = "redis://localhost:7391";
  return o;
}

std::string complaint(const std::function<void(shared_quota_options&)>& change,
                      std::string_view base_url = api, const credential& with = key()) {
  shared_quota_options o = good();
  change(o);
  try {
    boost::asio::io_context context;
    make_shared_rate_governor(context.get_executor(), with, base_url, std::move(o));
    return "none";
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

struct wrong_option {
  std::function<void(shared_quota_options&)> change;
  std::string_view message;
};

TEST(SharedQuotaOptions, AreRefusedByName) {
  using lost = shared_quota_options::when_lost;
  const std::vector<wrong_option> wrong{
      {[](auto& o) { o.url = ""; }, "url: is missing; give one like redis://localhost:6379"},
      {[](auto& o) { o.url = "http://u:hush@localhost"; },
       "url: must be redis://, rediss:// or redis-sentinel://, got \"http://…\""},
      {[](auto& o) { o.url = "redis://localhost/x"; },
       "url: has a database that is not a number, 0 to 65535"},
      {[](auto& o) { o.rate = quota::automatic(); }, "rate: a shared quota must be declared"},
      {[](auto& o) { o.rate = quota::unlimited(); }, "rate: a shared quota must be declared"},
      {[](auto& o) { o.rate = quota::declared(0, 60s); },
       "rate: requests must be 1 to 1,000,000 a window, got 0"},
      {[](auto& o) { o.rate = quota::declared(1'000'001, 60s); },
       "rate: requests must be 1 to 1,000,000 a window, got 1000001"},
      {[](auto& o) { o.rate = quota::declared(1, 99ms); },
       "rate: the window must be 100 ms to 24 h, got 99 ms"},
      {[](auto& o) { o.rate = quota::declared(1, 25h); },
       "rate: the window must be 100 ms to 24 h, got 90000000 ms"},
      {[](auto& o) { o.share_if_lost = quota::unlimited(); }, "share_if_lost: must be declared"},
      {[](auto& o) { o.share_if_lost = quota::declared(0, 60s); },
       "share_if_lost: requests must be 1 to 1,000,000 a window, got 0"},
      {[](auto& o) { o.share_if_lost = quota::declared(201, 60s); },
       "share_if_lost: is more than rate, of which it is a share"},
      {[](auto& o) { o.scope = quota_scope{7}; }, "scope: 7 is not a scope; give per_api_key or per_account"},
      {[](auto& o) { o.lost = lost{7}; }, "lost: 7 is no choice; give use_share or stop"},
      {[](auto& o) { o.lease = 100ms; }, "lease: must be 1 s to 60 s, got 100 ms"},
      {[](auto& o) { o.lease = 61s; }, "lease: must be 1 s to 60 s, got 61 s"},
      {[](auto& o) { o.lease = 0ms; }, "lease: must be 1 s to 60 s, got 0 ms"},
      {[](auto& o) { o.lease = -1ms; }, "lease: must be 1 s to 60 s, got -1 ms"},
      {[](auto& o) { o.name = "a b"; }, "name: must be 1 to 64 of A-Z a-z 0-9 _ . -, got \"a b\""},
      {[](auto& o) { o.name = "a{b}"; }, "name: must be 1 to 64 of A-Z a-z 0-9 _ . -, got \"a{b}\""},
      {[](auto& o) { o.authority_file = "/etc/ca.pem"; },
       "authority_file: is given, but url asks for no TLS; give a rediss:// URL"},
      {[](auto& o) { o.authority_pem = "x"; },
       "authority_pem: is given, but url asks for no TLS; give a rediss:// URL"},
  };
  for (const wrong_option& each : wrong) EXPECT_EQ(complaint(each.change), each.message);
  EXPECT_TRUE(complaint([](auto& o) { o.name = std::string(65, 'a'); }).starts_with("name: must be 1 to 64"));
  EXPECT_TRUE(complaint([](auto& o) {
                o.url = "rediss://localhost";
                o.system_authorities = false;
              }).starts_with("system_authorities: "));
  EXPECT_TRUE(complaint([](auto& o) {
                o.url = "rediss://localhost";
                o.authority_file = "/nowhere/ca.pem";
              }).starts_with("authority_file: "));
}

TEST(SharedQuotaOptions, NeedAnApiAKeyAndAnExecutor) {
  const auto none = [](auto&) {};
  EXPECT_TRUE(complaint(none, "http://x").starts_with("base_url: is not an https URL"));
  EXPECT_EQ(complaint(none, api, {}),
            "key: is empty, and name isn't given, by which the others could be found; give one of them");
  EXPECT_EQ(complaint([](auto& o) { o.name = "mine"; }, api, {}), "none");
  EXPECT_THROW(make_shared_rate_governor({}, key(), api, good()), std::invalid_argument);
}

TEST(SharedQuotaOptions, AreTakenAtTheEndsOfTheirRanges) {
  for (const std::function<void(shared_quota_options&)>& change :
       std::vector<std::function<void(shared_quota_options&)>>{
           [](auto&) {}, [](auto& o) { o.lease = 1s; }, [](auto& o) { o.lease = 60s; },
           [](auto& o) { o.rate = quota::declared(1, 100ms); },
           [](auto& o) { o.rate = quota::declared(1'000'000, 24h); },
           [](auto& o) { o.share_if_lost = o.rate; }, [](auto& o) { o.name = "A-z_0.9"; },
           [](auto& o) { o.scope = quota_scope::per_account; },
           [](auto& o) { o.url = "redis-sentinel://a,b/m"; }})
    EXPECT_EQ(complaint(change), "none");
}

// --- the store's keys

TEST(SharedQuotaKeys, AreTheSameForAllAndTellNoSecret) {
  const driver_settings one = check(key(), api, good(), 1),
                        other = check(key(), "https://API.shipengine.com/", good(), 2);
  EXPECT_EQ(one.governor.key, other.governor.key);
  // printf 'ephemint quota\0api.shipengine.com\0live_hush_hush_hush' | sha256sum
  EXPECT_EQ(one.governor.key, "ephemint:{fbd63dd6f12ed4769896b2efed887be3}:q");
  EXPECT_EQ(one.governor.key.find("hush"), std::string::npos);
}

TEST(SharedQuotaKeys, DifferWithTheHostAndTheKey) {
  EXPECT_NE(quota_name_of("a", "k"), quota_name_of("b", "k"));
  EXPECT_NE(quota_name_of("a", "k"), quota_name_of("a", "l"));
  EXPECT_NE(quota_name_of("ab", "c"), quota_name_of("a", "bc"));
}

TEST(SharedQuotaKeys, MayBeNamed) {
  shared_quota_options o = good();
  o.name = "blue.green";
  o.scope = quota_scope::per_account;
  const driver_settings made = check(key(), api, std::move(o), 1);
  EXPECT_EQ(made.governor.key, "ephemint:{blue.green}:q");
  const std::string account = made.governor.key_of_account("se-1");
  EXPECT_TRUE(account.starts_with("ephemint:{blue.green}:a:"));
  EXPECT_EQ(account.size(), std::string_view{"ephemint:{blue.green}:a:"}.size() + 32);
  EXPECT_NE(account, made.governor.key_of_account("se-2"));
}

TEST(SharedQuotaOptions, ThePasswordOfTheirOwnGoesBeforeTheUrls) {
  shared_quota_options o = good();
  o.url = "redis://app:old@localhost";
  EXPECT_EQ(check(key(), api, std::move(o), 1).store.where.password.reveal(), "old");
  o = good();
  o.url = "redis://app:old@localhost";
  o.password = secret{"new"};
  const driver_settings made = check(key(), api, std::move(o), 1);
  EXPECT_EQ(made.store.where.password.reveal(), "new");
  EXPECT_EQ(made.store.where.user, "app");
}

TEST(SharedQuotaOptions, TagOfAKeyTellsItFromOthersAndNothingElse) {
  const auto made = check(key(), api, good(), 1);
  const std::string tag = made.governor.tag_of_key(key_text);
  EXPECT_EQ(tag.size(), 16u);
  EXPECT_EQ(tag.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(tag, made.governor.tag_of_key("live_the_next_one"));
  EXPECT_EQ(made.governor.key.find(tag), std::string::npos) << "nor of the quota's name";
  shared_quota_options other = good();
  other.name = "another";
  EXPECT_NE(tag, check(key(), api, std::move(other), 1).governor.tag_of_key(key_text)) << "nor across quotas";
}

}  // namespace
}  // namespace ephemint::redis
