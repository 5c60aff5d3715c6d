#include "support/cli_fixture.hpp"
#include "support/metrics_text.hpp"
#include "support/redis_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A store that isn't there: nothing listens on the port of one that was stopped.
std::string url_of_nothing() {
  redis_server gone;
  return gone.url();
}

class cli_quota_store : public cli_test {
 protected:
  void SetUp() override { EPHEMINT_SKIP_WITHOUT_REDIS(); }

  outcome mint_with(std::vector<std::string> arguments, std::map<std::string, std::string> more) const {
    more.merge(environment());
    outcome all = run_command(mint_command(std::move(arguments)), more);
    expect_no_secret(all.err);
    return all;
  }
};

TEST_F(cli_quota_store, batch_takes_its_permits_from_the_store_and_leaves_them_there) {
  redis_server store;
  const outcome all = mint({"se-1", "se-2", "se-3", "--rate", "20/60s", "--quota-store", store.url()});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  EXPECT_EQ(lines_of(all.out).size(), 3u);
  const redis_reply keys = store.ask({"KEYS", "*"});
  ASSERT_EQ(keys.elements.size(), 1u);
  const std::string key = keys.elements[0].text;
  EXPECT_THAT(key, StartsWith("ephemint:{"));
  EXPECT_EQ(key.find(api.api_key()), key.npos);
  EXPECT_EQ(store.ask_text({"HGET", key, "counted"}), "3") << "what was used stays counted";
  EXPECT_GT(store.ask({"PTTL", key}).integer, 0);
}

TEST_F(cli_quota_store, quota_that_another_process_used_up_is_waited_for) {
  redis_server store;
  const std::vector<std::string> shared{"--rate", "3/10s", "--quota-store", store.url()};
  const auto with = [&](std::vector<std::string> accounts) {
    accounts.insert(accounts.end(), shared.begin(), shared.end());
    return mint(std::move(accounts));
  };
  EXPECT_EQ(with({"se-1", "se-2", "se-3"}).status, 0);
  const outcome late = with({"se-4", "--deadline", "300ms"});
  EXPECT_EQ(late.status, 1);
  EXPECT_THAT(late.out, HasSubstr("\"error\":\"rate_limited\""));
  EXPECT_THAT(late.out, HasSubstr("retry_after_ms"));
}

TEST_F(cli_quota_store, store_that_is_not_there_leaves_a_tenth_and_is_named) {
  const std::string url = url_of_nothing();
  const outcome all = mint({"se-1", "se-2", "--rate", "200/60s", "--quota-store", url});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(lines_of(all.out).size(), 2u);
  EXPECT_EQ(all.err,
            "quota store " + url + " unreachable (connection refused): going on with 20 of 200 a minute\n");
}

TEST_F(cli_quota_store, metrics_tell_of_the_store_too) {
  redis_server store;
  const temporary_file file;
  EXPECT_EQ(mint({"se-1", "--quota-store", store.url(), "--metrics-file", file.path()}).status, 0);
  std::ifstream in{file.path()};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const metrics_text seen{text};
  EXPECT_THAT(seen.wrong, testing::IsEmpty());
  EXPECT_EQ(seen["ephemint_mints_total{urgency=\"interactive\",result=\"minted\"}"], 1);
  EXPECT_EQ(seen["ephemint_shared_quota_connected"], 1);
  EPHEMINT_SKIP_WITHOUT_PROMTOOL();
  EXPECT_EQ(complaints_of_promtool(text), "");
}

TEST_F(cli_quota_store, share_that_is_given_is_gone_on_with) {
  const std::string url = url_of_nothing();
  const outcome all = mint({"se-1", "--rate", "60/6s", "--quota-store", url, "--quota-share", "15/6s"});
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.err, HasSubstr("going on with 15 of 60 in 6 s"));
}

TEST_F(cli_quota_store, lost_stop_sends_nothing_and_says_why) {
  const std::string url = url_of_nothing();
  const outcome all = mint({"se-1", "--quota-store", url, "--quota-lost", "stop", "--deadline", "3s"});
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(api.stats().requests, 0u);
  EXPECT_THAT(all.out, HasSubstr("\"error\":\"rate_limited\""));
  EXPECT_THAT(all.out, HasSubstr("quota store unreachable: connection refused"));
  EXPECT_THAT(all.err, HasSubstr("nothing is sent until it is back"));
}

TEST_F(cli_quota_store, password_comes_from_the_environment_or_a_file) {
  redis_server store{{.arguments = {"--requirepass", "hunter2"}}};
  const std::vector<std::string> arguments{"se-1", "--quota-store", store.url()};
  const outcome by_variable = mint_with(arguments, {{"EPHEMINT_QUOTA_STORE_PASSWORD", "hunter2"}});
  EXPECT_EQ(by_variable.status, 0);
  EXPECT_EQ(by_variable.err, "");
  const temporary_file file{"hunter2\n"};
  auto by_file = arguments;
  by_file.insert(by_file.end(), {"--quota-store-password-file", file.path()});
  EXPECT_EQ(mint(by_file).err, "");
  const outcome wrong = mint_with(arguments, {{"EPHEMINT_QUOTA_STORE_PASSWORD", "hunter3"}});
  EXPECT_EQ(wrong.status, 0) << "it goes on with its share";
  EXPECT_THAT(wrong.err, HasSubstr("WRONGPASS"));
  EXPECT_EQ(wrong.err.find("hunter3"), std::string::npos);
}

TEST_F(cli_quota_store, wrong_options_end_it_before_anything_is_sent) {
  const struct {
    std::vector<std::string> arguments;
    std::string said;
  } cases[] = {
      {{"--quota-store", "http://host"},
       "ephemint: --quota-store: must be redis://, rediss:// or redis-sentinel://, got \"http://"},
      {{"--quota-store", "redis://:pw@host"}, "EPHEMINT_QUOTA_STORE_PASSWORD"},
      {{"--quota-store", "redis://host", "--rate", "auto"}, "--rate: a quota that is shared"},
      {{"--quota-lost", "stop"}, "--quota-lost: there is no quota store"},
      {{"--quota-store", "redis://host", "--quota-lost", "maybe"},
       "--quota-lost: \"maybe\" is neither; give share or stop"},
      {{"--quota-store", "redis://host", "--quota-share", "unlimited"},
       "--quota-share: \"unlimited\" is not a rate"},
      {{"--quota-store", "redis://host", "--quota-store-password-file", "/does/not/exist"},
       "--quota-store-password-file: \"/does/not/exist\" can't be read (No such file or directory)"}};
  for (const auto& c : cases) {
    auto arguments = c.arguments;
    arguments.emplace_back("se-1");
    const outcome all = mint(arguments);
    EXPECT_EQ(all.status, 2) << c.said;
    EXPECT_THAT(all.err, HasSubstr(c.said));
  }
  EXPECT_EQ(api.stats().requests, 0u);
}

}  // namespace
}  // namespace ephemint::test
