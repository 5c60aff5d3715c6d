#include "mint_arguments.hpp"
#include "option_words.hpp"
#include "support/temporary_file.hpp"
#include "usage_error.hpp"

#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include <stdlib.h>

namespace ephemint::cli {
namespace {

using test::temporary_file;

std::string complaint(const std::function<void()>& step) {
  try {
    step();
  } catch (const usage_error& wrong) {
    return wrong.what();
  }
  return {};
}

/// Starts each test without a key and a URL in the environment.
class cli_mint_arguments : public testing::Test {
 protected:
  void SetUp() override { forget(); }
  void TearDown() override { forget(); }

 private:
  static void forget() {
    ::unsetenv("EPHEMINT_API_KEY");
    ::unsetenv("EPHEMINT_BASE_URL");
    ::unsetenv("EPHEMINT_CA_FILE");
    ::unsetenv("EPHEMINT_PROXY");
  }
};

TEST_F(cli_mint_arguments, there_must_be_accounts) {
  EXPECT_EQ(complaint([] { check_accounts({}); }),
            "no accounts; give them as arguments, or a file with one a line by --accounts FILE, or "
            "--accounts - for stdin");
  mint_arguments from_file;
  from_file.accounts_file = "-";
  EXPECT_EQ(complaint([&] { check_accounts(from_file); }), "");
}

TEST_F(cli_mint_arguments, token_alone_and_a_url_exclude_each_other) {
  const auto complaint_of = [](const auto& set) {
    mint_arguments given;
    given.token_only = true;
    set(given);
    return complaint([&] { check_results(given); });
  };
  const auto beside = [](const char* option) {
    return std::string{"--token-only asks for no URL, and "} + option + " is about one; leave one of them";
  };
  EXPECT_EQ(complaint_of([](mint_arguments& g) { g.format = result_format::url; }), beside("--format url"));
  EXPECT_EQ(complaint_of([](mint_arguments& g) { g.theme_id = "x"; }), beside("--theme-id"));
  EXPECT_EQ(complaint_of([](mint_arguments& g) { g.redirect_to = portal_page::billing; }),
            beside("--redirect-to"));
  for (const result_format format : {result_format::json, result_format::text})
    EXPECT_EQ(complaint_of([&](mint_arguments& g) { g.format = format; }), "");
  EXPECT_EQ(complaint_of([](mint_arguments&) {}), "");
  mint_arguments with_url;
  with_url.format = result_format::url;
  EXPECT_EQ(complaint([&] { check_results(with_url); }), "");
}

TEST_F(cli_mint_arguments, named_accounts_are_checked_all) {
  const std::string right = "; give 1 to 128 characters of visible ASCII, such as se-123456";
  const struct {
    std::string account, wrong;
  } cases[] = {{"", "account \"\" is empty"},
               {"se 1", "account \"se 1\" has a character that is not visible ASCII"},
               {"se-1\r\nAPI-Key: x",
                "account \"se-1\\x0d\\x0aAPI-Key: x\" has a character that is not visible ASCII"},
               {std::string(129, 'x'), "account \"" + std::string(80, 'x') + "...\" has 129 characters"}};
  for (const auto& c : cases) {
    mint_arguments given;
    given.accounts = {"se-1", c.account};
    EXPECT_EQ(complaint([&] { check_accounts(given); }), c.wrong + right);
  }
}

TEST_F(cli_mint_arguments, missing_key_says_where_it_may_be) {
  const std::string line =
      "there is no API key; put it into the environment as EPHEMINT_API_KEY, or into a file for "
      "--api-key-file";
  EXPECT_EQ(complaint([] { read_api_key(std::nullopt); }), line);
  ::setenv("EPHEMINT_API_KEY", "", 1);
  EXPECT_EQ(complaint([] { read_api_key(std::nullopt); }), line);
}

TEST_F(cli_mint_arguments, key_is_taken_out_of_the_environment) {
  ::setenv("EPHEMINT_API_KEY", "TEST_1", 1);
  EXPECT_EQ(read_api_key(std::nullopt).reveal(), "TEST_1");
  EXPECT_EQ(::getenv("EPHEMINT_API_KEY"), nullptr);
}

TEST_F(cli_mint_arguments, key_file_comes_first_and_loses_its_line_end) {
  ::setenv("EPHEMINT_API_KEY", "TEST_1", 1);
  for (const char* text : {"TEST_2", "TEST_2\n", "TEST_2\r\n", "TEST_2\n\n"}) {
    const temporary_file file{text};
    EXPECT_EQ(read_api_key(file.path()).reveal(), "TEST_2");
  }
}

TEST_F(cli_mint_arguments, useless_key_files_are_named) {
  const std::string right = "; give a file that holds the API key and nothing else";
  const temporary_file empty{"\n"}, big{std::string(5000, 'x')};
  const struct {
    std::string path, wrong;
  } cases[] = {{empty.path(), "is empty"},
               {big.path(), "is too big for a key"},
               {"/nowhere/key", "can't be read (No such file or directory)"},
               {"/", "can't be read (Is a directory)"}};
  for (const auto& c : cases)
    EXPECT_EQ(complaint([&] { read_api_key(c.path); }),
              "--api-key-file: \"" + c.path + "\" " + c.wrong + right);
}

TEST_F(cli_mint_arguments, base_url_is_the_options_or_the_environments_or_the_apis) {
  const auto url_of = [](const mint_arguments& given) {
    ::setenv("EPHEMINT_API_KEY", "TEST_1", 1);
    return to_client_options(given).base_url;
  };
  mint_arguments given;
  EXPECT_EQ(url_of(given), "https://api.shipengine.com");
  ::setenv("EPHEMINT_BASE_URL", "https://localhost:2", 1);
  EXPECT_EQ(url_of(given), "https://localhost:2");
  given.base_url = "https://localhost:1";
  EXPECT_EQ(url_of(given), "https://localhost:1");
}

TEST_F(cli_mint_arguments, quota_is_that_of_the_kind_of_key) {
  // The number of permits that are available at once shows the quota.
  const auto permits = [](const char* key, std::optional<quota> rate) {
    ::setenv("EPHEMINT_API_KEY", key, 1);
    mint_arguments given;
    given.rate = rate;
    const client_options options = to_client_options(given);
    const clock::time_point now{std::chrono::hours{1}};
    int count = 0;
    for (admission a; count < 1000; ++count) {
      a = options.governor->try_acquire(now, {});
      if (a.what != admission::verdict::granted) break;
      options.governor->on_reply(now, a.granted_permit, {permit_use::admitted, {}, now, {}});
    }
    return count;
  };
  const int test_key = permits("TEST_1", std::nullopt), real_key = permits("live_1", std::nullopt);
  EXPECT_LE(test_key, 20);
  EXPECT_GT(real_key, test_key);
  EXPECT_LE(real_key, 200);
  EXPECT_LE(permits("live_1", quota::declared(3, std::chrono::seconds{60})), 3);
  EXPECT_EQ(permits("TEST_1", quota::unlimited()), 1000);
  EXPECT_LE(permits("TEST_1", quota::automatic()), 20);
}

TEST_F(cli_mint_arguments, batch_keeps_every_connection_busy) {
  mint_arguments given;
  client_options client;
  EXPECT_EQ(to_many_options(given, client).in_flight, 32u);
  client.max_connections = 100;
  EXPECT_EQ(to_many_options(given, client).in_flight, 200u);
  given.in_flight = 5;
  EXPECT_EQ(to_many_options(given, client).in_flight, 5u);
  EXPECT_EQ(to_many_options(given, client).deadline, no_deadline);
  given.outage_patience = std::chrono::seconds{7};
  EXPECT_EQ(to_many_options(given, client).outage_patience, std::chrono::seconds{7});
}

TEST_F(cli_mint_arguments, authorities_are_the_options_or_the_environments) {
  const auto file_of = [](const mint_arguments& given) {
    return to_client_options(given, secret{"TEST_1"}).authority_file;
  };
  mint_arguments given;
  EXPECT_EQ(file_of(given), "");
  ::setenv("EPHEMINT_CA_FILE", "/env.pem", 1);
  EXPECT_EQ(file_of(given), "/env.pem");
  given.ca_file = "/option.pem";
  EXPECT_EQ(file_of(given), "/option.pem");
}

TEST_F(cli_mint_arguments, proxy_is_the_options_or_the_environments_or_none) {
  const auto proxy_of = [](const mint_arguments& given) {
    return to_client_options(given, secret{"TEST_1"}).proxy;
  };
  mint_arguments given;
  EXPECT_EQ(proxy_of(given), "");
  ::setenv("EPHEMINT_PROXY", "http://env:1", 1);
  EXPECT_EQ(proxy_of(given), "http://env:1");
  given.proxy = "http://option:1";
  EXPECT_EQ(proxy_of(given), "http://option:1");
  given.proxy = "";
  EXPECT_EQ(proxy_of(given), "") << "none, whatever the environment says";
}

TEST_F(cli_mint_arguments, proxy_credentials_are_their_files_only_line) {
  mint_arguments given;
  EXPECT_EQ(to_client_options(given, secret{"TEST_1"}).proxy_credentials, nullptr);
  const temporary_file file{"user:pass word\n"}, empty{"\n"};
  given.proxy_credentials_file = file.path();
  EXPECT_EQ(to_client_options(given, secret{"TEST_1"}).proxy_credentials->reveal(), "user:pass word");
  for (const auto& [path, wrong] : {std::pair<std::string, std::string>{empty.path(), "is empty"},
                                    {"/nowhere/it", "can't be read (No such file or directory)"}}) {
    given.proxy_credentials_file = path;
    EXPECT_EQ(complaint([&] { to_client_options(given, secret{"TEST_1"}); }),
              "--proxy-credentials-file: \"" + path + "\" " + wrong +
                  "; give a file that holds one line, user:password, and nothing else");
  }
}

TEST_F(cli_mint_arguments, redirect_hosts_stand_beside_the_portals_own) {
  mint_arguments given;
  EXPECT_TRUE(to_client_options(given, secret{"TEST_1"}).redirect_hosts.empty());
  given.redirect_hosts = {"portal.example"};
  EXPECT_EQ(to_client_options(given, secret{"TEST_1"}).redirect_hosts,
            (std::vector<std::string>{"portal.example", "dashboard.shipengine.com"}));
}

TEST_F(cli_mint_arguments, one_account_is_one_by_name_and_no_file) {
  mint_arguments given;
  given.accounts = {"se-1"};
  EXPECT_TRUE(is_one_account(given));
  given.accounts_file = "-";
  EXPECT_FALSE(is_one_account(given));
  given.accounts_file.reset();
  given.accounts.push_back("se-2");
  EXPECT_FALSE(is_one_account(given));
}

TEST_F(cli_mint_arguments, the_library_s_options_are_called_by_the_commands_names) {
  EXPECT_EQ(in_words_of_the_command("base_url: no"), "--base-url: no");
  EXPECT_EQ(in_words_of_the_command("authority_file: no"), "--ca-file: no");
  EXPECT_EQ(in_words_of_the_command("redirect_hosts: no"), "--redirect-host: no");
  EXPECT_EQ(in_words_of_the_command("rate: no: never"), "--rate: no: never");
  EXPECT_EQ(in_words_of_the_command("deadline: no"), "--deadline: no");
  EXPECT_EQ(in_words_of_the_command("proxy: no"), "--proxy: no");
  EXPECT_EQ(in_words_of_the_command("proxy_credentials: no"), "--proxy-credentials-file: no");
  EXPECT_EQ(in_words_of_the_command("through the proxy p:1: it refused proxy_credentials"),
            "through the proxy p:1: it refused --proxy-credentials-file");
  EXPECT_EQ(in_words_of_the_command("max_connections: no"), "--connections: no");
  EXPECT_EQ(in_words_of_the_command("http2: only can't be had"), "--http: only can't be had");
  EXPECT_EQ(in_words_of_the_command("api_key: no"), "API key: no");
  EXPECT_EQ(in_words_of_the_command("anything else"), "anything else");
  EXPECT_EQ(in_words_of_the_command("add it to authority_file, at any rate; check base_url's port"),
            "add it to --ca-file, at any rate; check --base-url's port");
  EXPECT_EQ(in_words_of_the_command("its redirect_url"), "its redirect_url");
}

TEST_F(cli_mint_arguments, what_came_from_the_environment_is_called_by_its_name) {
  mint_arguments given;
  EXPECT_EQ(in_words_of_the_command("base_url: no", given), "EPHEMINT_BASE_URL: no");
  EXPECT_EQ(in_words_of_the_command("authority_file: no", given), "EPHEMINT_CA_FILE: no");
  EXPECT_EQ(in_words_of_the_command("proxy: no", given), "EPHEMINT_PROXY: no");
  given.base_url = given.ca_file = given.proxy = "x";
  EXPECT_EQ(in_words_of_the_command("base_url: no", given), "--base-url: no");
  EXPECT_EQ(in_words_of_the_command("authority_file: no", given), "--ca-file: no");
  EXPECT_EQ(in_words_of_the_command("proxy: no", given), "--proxy: no");
}

}  // namespace
}  // namespace ephemint::cli
