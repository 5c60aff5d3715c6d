#include "mint_arguments.hpp"
#include "quota_store.hpp"
#include "usage_error.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

std::string complaint_of(const quota_store_arguments& given, std::optional<quota> rate = {}) {
  try {
    check_quota_store(given, rate);
  } catch (const usage_error& wrong) {
    return wrong.what();
  }
  return {};
}

TEST(cli_quota_store, what_is_said_of_a_store_needs_a_store) {
  const auto none = [](const char* option) {
    return std::string{option} + ": there is no quota store; name it with --quota-store redis://HOST";
  };
  EXPECT_EQ(complaint_of({.password_file = "p"}), none("--quota-store-password-file"));
  EXPECT_EQ(complaint_of({.share = quota::declared(5, 1s)}), none("--quota-share"));
  EXPECT_EQ(complaint_of({.stop_if_lost = false}), none("--quota-lost"));
  EXPECT_EQ(complaint_of({}), "");
}

TEST(cli_quota_store, a_password_on_the_command_line_is_refused_and_not_repeated) {
  for (const char* url : {"redis://:hunter2@host", "rediss://me:hunter2@host:6379/1", "redis://me:@host",
                          "redis-sentinel://me:hunter2@a,b:26379/master", "redis://me:hun/ter2@host",
                          "redis://:hunter2@hos@t"}) {
    const std::string said = complaint_of({.url = url});
    EXPECT_EQ(said,
              "--quota-store: everybody on this machine can read the command line; put the password into "
              "the environment as EPHEMINT_QUOTA_STORE_PASSWORD, or into a file for "
              "--quota-store-password-file")
        << url;
  }
  for (const char* url : {"redis://host", "redis://host:6379/0", "redis://me@host:6379",
                          "rediss://[::1]:6380", "redis-sentinel://a:1,b:2/master/3"})
    EXPECT_EQ(complaint_of({.url = url}), "") << url;
}

TEST(cli_quota_store, a_shared_quota_is_declared) {
  const std::string wrong =
      "--rate: a quota that is shared by a store must be declared; give requests/duration, such as 200/60s";
  EXPECT_EQ(complaint_of({.url = "redis://host"}, quota::unlimited()), wrong);
  EXPECT_EQ(complaint_of({.url = "redis://host"}, quota::automatic()), wrong);
  EXPECT_EQ(complaint_of({.url = "redis://host"}, quota::declared(5, 1s)), "");
  EXPECT_EQ(complaint_of({.url = "redis://host"}), "");
}

TEST(cli_quota_store, a_batch_yields_to_logins_elsewhere_and_named_accounts_are_logins) {
  const auto urgency_of = [](bool shared, int accounts, bool file) {
    mint_arguments given;
    if (shared) given.store.url = "redis://host";
    given.accounts.resize(static_cast<std::size_t>(accounts), "se-1");
    if (file) given.accounts_file = "-";
    return to_many_options(given, {}).urgency;
  };
  EXPECT_EQ(urgency_of(true, 1, false), priority::interactive);
  EXPECT_EQ(urgency_of(true, 2, false), priority::interactive);
  EXPECT_EQ(urgency_of(true, 0, true), priority::background);
  EXPECT_EQ(urgency_of(true, 1, true), priority::background);
  EXPECT_EQ(urgency_of(false, 2, true), priority::interactive);
}

TEST(cli_quota_store, says_what_is_lost_and_what_it_goes_on_with) {
  shared_quota_stats now;
  now.store = "redis://host:6379";
  now.last_error = "connection refused";
  now.share = 50;
  const auto words = [&](const quota& whole) { return words_of_store(now, whole); };
  const std::string lost = "quota store redis://host:6379 unreachable (connection refused): ";
  EXPECT_EQ(words(quota::declared(200, 1min)), lost + "going on with 50 of 200 a minute");
  EXPECT_EQ(words(quota::declared(60, 6s)), lost + "going on with 50 of 60 in 6 s");
  EXPECT_EQ(words(quota::declared(60, 1s)), lost + "going on with 50 of 60 a second");
  EXPECT_EQ(words(quota::declared(60, 1500ms)), lost + "going on with 50 of 60 in 1500 ms");
  now.share = 0;
  EXPECT_EQ(words(quota::declared(60, 1s)), lost + "nothing is sent until it is back");
  now.last_error = "it said \"\x1b[2J\"";
  EXPECT_EQ(words(quota::declared(60, 1s)).find('\x1b'), std::string::npos);
  now.connected = true;
  EXPECT_EQ(words(quota::declared(60, 1s)), "quota store redis://host:6379 is back");
}

}  // namespace
}  // namespace ephemint::cli
