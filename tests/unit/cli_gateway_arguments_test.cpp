#include "arguments.hpp"
#include "gateway_arguments.hpp"
#include "option_variables.hpp"
#include "option_words.hpp"
#include "support/temporary_directory.hpp"
#include "support/temporary_file.hpp"
#include "usage_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <stdlib.h>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// Sets environment variables during a test.
class variables {
 public:
  explicit variables(const std::map<std::string, std::string>& values) : values_{values} {
    for (const auto& [name, value] : values) ::setenv(name.c_str(), value.c_str(), 1);
  }
  variables(const variables&) = delete;
  variables& operator=(const variables&) = delete;
  ~variables() {
    for (const auto& [name, value] : values_) ::unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

gateway_arguments gateway_given(std::vector<std::string> options) {
  std::vector<const char*> words{"ephemint", "gateway"};
  for (const std::string& option : options) words.push_back(option.c_str());
  return std::get<gateway_arguments>(parse_command_line(static_cast<int>(words.size()), words.data()));
}

std::string refusal(const std::function<void()>& step) {
  try {
    step();
  } catch (const usage_error& wrong) {
    return wrong.what();
  }
  return {};
}

std::string refusal_of(std::vector<std::string> options) {
  return refusal([&] { gateway_given(std::move(options)); });
}

TEST(cli_gateway_arguments, two_dashes_change_nothing_and_are_the_end) {
  EXPECT_TRUE(gateway_given({"--check", "--"}).check);
  EXPECT_THAT(refusal_of({"--", "se-1"}), HasSubstr("\"se-1\" is one too many"));
}

TEST(cli_gateway_arguments, nothing_is_said_that_was_not_given) {
  const gateway_arguments given = gateway_given({});
  EXPECT_FALSE(given.server.backend.on() || given.server.login.on() || given.server.admin.on());
  EXPECT_EQ(given.server.socket_mode, 0660u);
  EXPECT_EQ(given.server.deadline, 8s);
  EXPECT_EQ(given.server.max_link_age, 60s);
  EXPECT_EQ(given.server.per_account.requests, 6u);
  EXPECT_EQ(given.server.per_account.burst, 3u);
  EXPECT_FALSE(given.server.confirm || given.server.same_site || given.check || given.hedge);
  EXPECT_EQ(given.server.log_accounts, gateway::account_logging::plain);
  EXPECT_FALSE(given.bearer_file || given.link_key_file || given.drain_delay || given.api_key_file);
  EXPECT_TRUE(given.by_variable.empty());
}

/// All options, each with a value that isn't its default.
const std::vector<std::pair<std::string, std::string>> everything{
    {"--listen", "unix:/run/a.sock"},
    {"--login-listen", "127.0.0.1:0"},
    {"--admin-listen", "[::1]:9101"},
    {"--socket-mode", "600"},
    {"--bearer-file", "/b"},
    {"--per-account", "9/30s"},
    {"--link-key-file", "/l"},
    {"--public-url", "https://login.example.com"},
    {"--back-url", "https://example.com/back"},
    {"--max-link-age", "2min"},
    {"--same-site", "on"},
    {"--deadline", "5s"},
    {"--drain-delay", "0s"},
    {"--log-accounts", "hash"},
    {"--base-url", "https://localhost:1"},
    {"--api-key-file", "/k"},
    {"--ca-file", "/c"},
    {"--redirect-host", "portal.example.com"},
    {"--proxy", "http://proxy:1"},
    {"--proxy-credentials-file", "/p"},
    {"--rate", "50/10s"},
    {"--connections", "3"},
    {"--http", "1.1"},
    {"--attempt-timeout", "1s"},
    {"--max-attempts", "2"},
    {"--min-remaining", "4s"},
    {"--quota-store", "redis://store"},
    {"--quota-store-password-file", "/s"},
    {"--quota-share", "5/10s"},
    {"--quota-lost", "stop"},
};

void expect_everything(const gateway_arguments& given) {
  const gateway::server_options& server = given.server;
  EXPECT_EQ(server.backend.at, "unix:/run/a.sock");
  EXPECT_EQ(server.login.at, "127.0.0.1:0");
  EXPECT_EQ(server.admin.at, "[::1]:9101");
  EXPECT_EQ(server.socket_mode, 0600u);
  EXPECT_EQ(given.bearer_file, "/b");
  EXPECT_EQ(server.per_account.requests, 9u);
  EXPECT_EQ(server.per_account.window, 30s);
  EXPECT_EQ(server.per_account.burst, 4u) << "half of it";
  EXPECT_EQ(given.link_key_file, "/l");
  EXPECT_EQ(server.public_url, "https://login.example.com");
  EXPECT_EQ(server.back_url, "https://example.com/back");
  EXPECT_EQ(server.max_link_age, 120s);
  EXPECT_TRUE(server.confirm && server.same_site && given.hedge && given.check);
  EXPECT_EQ(server.deadline, 5s);
  EXPECT_EQ(given.drain_delay, 0ms);
  EXPECT_EQ(server.log_accounts, gateway::account_logging::hash);
  EXPECT_EQ(given.base_url, "https://localhost:1");
  EXPECT_EQ(given.api_key_file, "/k");
  EXPECT_EQ(given.ca_file, "/c");
  EXPECT_THAT(given.redirect_hosts, ElementsAre("portal.example.com"));
  EXPECT_EQ(given.proxy, "http://proxy:1");
  EXPECT_EQ(given.proxy_credentials_file, "/p");
  EXPECT_EQ(given.rate.value().requests(), 50u);
  EXPECT_EQ(given.connections, 3u);
  EXPECT_EQ(given.http2, http2_use::never);
  EXPECT_EQ(given.attempt_timeout, 1s);
  EXPECT_EQ(given.max_attempts, 2);
  EXPECT_EQ(given.min_remaining, 4s);
  EXPECT_EQ(given.store.url, "redis://store");
  EXPECT_EQ(given.store.password_file, "/s");
  EXPECT_EQ(given.store.share.value().requests(), 5u);
  EXPECT_EQ(given.store.stop_if_lost, true);
}

TEST(cli_gateway_arguments, each_option_is_taken) {
  std::vector<std::string> words{"--confirm", "--hedge", "--check"};
  for (const auto& [name, value] : everything) words.insert(words.end(), {name, value});
  const gateway_arguments given = gateway_given(words);
  expect_everything(given);
  EXPECT_TRUE(given.by_variable.empty());
}

TEST(cli_gateway_arguments, each_option_is_taken_from_the_environment) {
  std::map<std::string, std::string> values{
      {"EPHEMINT_CONFIRM", "1"}, {"EPHEMINT_HEDGE", "true"}, {"EPHEMINT_CHECK", "true"}};
  for (const auto& [name, value] : everything) values[variable_of(name)] = value;
  const variables set{values};
  const gateway_arguments given = gateway_given({});
  expect_everything(given);
  EXPECT_EQ(given.by_variable.size(), everything.size() + 3);
}

TEST(cli_gateway_arguments, command_line_comes_before_the_environment) {
  const variables set{{{"EPHEMINT_LISTEN", "unix:/a"},
                       {"EPHEMINT_DEADLINE", "nonsense that nobody looks at"},
                       {"EPHEMINT_REDIRECT_HOST", "a.example,b.example"},
                       {"EPHEMINT_CONFIRM", "0"},
                       {"EPHEMINT_HEDGE", "false"},
                       {"EPHEMINT_SAME_SITE", "1"},
                       {"EPHEMINT_LOGIN_LISTEN", ""},
                       {"EPHEMINT_HELP", "1"},
                       {"EPHEMINT_API_KEY", "TEST_no_option"}}};
  const gateway_arguments given = gateway_given({"--listen", "unix:/b", "--deadline", "1s"});
  EXPECT_EQ(given.server.backend.at, "unix:/b");
  EXPECT_EQ(given.server.deadline, 1s);
  EXPECT_THAT(given.redirect_hosts, ElementsAre("a.example", "b.example"));
  EXPECT_FALSE(given.server.confirm || given.hedge);
  EXPECT_TRUE(given.server.same_site);
  EXPECT_FALSE(given.server.login.on()) << "an empty variable is none";
  EXPECT_THAT(given.by_variable,
              testing::UnorderedElementsAre("--redirect-host", "--confirm", "--hedge", "--same-site"));
}

TEST(cli_gateway_arguments, other_commands_take_their_own_variables_alone) {
  const variables set{{{"EPHEMINT_RATE", "nonsense"}, {"EPHEMINT_DEADLINE", "nonsense"}}};
  const char* const words[] = {"ephemint", "mint", "se-1"};
  EXPECT_FALSE(std::get<mint_arguments>(parse_command_line(3, words)).rate);
}

TEST(cli_gateway_arguments, what_is_wrong_is_named_with_what_is_right) {
  const struct {
    std::string option, value, message;
  } cases[] = {
      {"--listen", "", "is empty; give a name"},
      {"--socket-mode", "888", "\"888\" is not the mode of a socket; give octal digits such as 0660"},
      {"--socket-mode", "", "\"\" is not the mode of a socket; give octal digits such as 0660"},
      {"--socket-mode", "1777", "\"1777\" is not the mode of a socket; give octal digits such as 0660"},
      {"--socket-mode", "00660", "\"00660\" is not the mode of a socket; give octal digits such as 0660"},
      {"--bearer-file", "", "is empty; give a name"},
      {"--link-key-file", "", "is empty; give a name"},
      {"--max-link-age", "301s", "\"301s\" can't be a link's age; give whole seconds, 1s to 300s"},
      {"--max-link-age", "1500ms", "\"1500ms\" can't be a link's age; give whole seconds, 1s to 300s"},
      {"--max-link-age", "0s", "\"0s\" is no time at all; give more than 0, such as 250ms"},
      {"--same-site", "yes", "\"yes\" is neither on nor off; give on or off, 1 or 0, true or false"},
      {"--per-account", "6", "\"6\" is not a rate; give logins/duration, such as 6/1min, or off"},
      {"--per-account", "unlimited",
       "\"unlimited\" is not a rate; give logins/duration, such as 6/1min, or off"},
      {"--per-account", "0/1min", "\"0\" is out of range; give a whole number of 1 to 1000000"},
      {"--per-account", "many/1min", "\"many\" is not a whole number; give one of 1 to 1000000"},
      {"--per-account", "6/0s", "\"0s\" is no time at all; give more than 0, such as 250ms"},
      {"--per-account", "6/25h", "\"25h\" is too long; give at most 24h"},
      {"--per-account", "6/",
       "\"\" is not a duration; give a whole number and its unit, such as 250ms, 5s, 1min or 1h"},
      {"--drain-delay", "5",
       "\"5\" is not a duration; give a whole number and its unit, such as 250ms, 5s, 1min or 1h"},
      {"--drain-delay", "25h", "\"25h\" is too long; give at most 24h"},
      {"--deadline", "99ms", "\"99ms\" is out of range; give 100ms to 60s"},
      {"--deadline", "61s", "\"61s\" is out of range; give 100ms to 60s"},
      {"--log-accounts", "some", "\"some\" is none of them; give plain, hash or none"},
      {"--connections", "0", "\"0\" is out of range; give a whole number of 1 to 4096"},
      {"--http", "3", "\"3\" is not a version of HTTP; give auto, 1.1 or 2"},
      {"--max-attempts", "101", "\"101\" is out of range; give a whole number of 1 to 100"},
      {"--quota-lost", "die", "\"die\" is neither; give share or stop"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(refusal_of({c.option, c.value}), c.option + ": " + c.message);
    if (c.value.empty()) continue;
    const variables set{{{variable_of(c.option), c.value}}};
    EXPECT_EQ(refusal_of({}), variable_of(c.option) + ": " + c.message);
  }
  EXPECT_THAT(refusal_of({"--api-key", "secret"}), StartsWith("--api-key: everybody on this machine"));
  EXPECT_EQ(refusal_of({"--lisen", "x"}),
            "there is no option \"--lisen\"; did you mean --listen? See ephemint gateway --help");
  EXPECT_EQ(refusal_of({"se-1"}), "gateway takes no argument \"se-1\"; see ephemint gateway --help");
  EXPECT_EQ(refusal_of({"--", "x"}), "\"x\" is one too many; see ephemint --help");
  const variables set{{{"EPHEMINT_CONFIRM", "maybe"}}};
  EXPECT_EQ(refusal_of({}),
            "EPHEMINT_CONFIRM: \"maybe\" is neither on nor off; give on or off, 1 or 0, true or false");
}

TEST(cli_gateway_arguments, limit_may_be_off_and_its_burst_is_half_of_it) {
  EXPECT_EQ(gateway_given({"--per-account", "off"}).server.per_account.requests, 0u);
  EXPECT_EQ(gateway_given({"--per-account", "1/1s"}).server.per_account.burst, 1u);
  EXPECT_EQ(gateway_given({"--per-account", "7/1s"}).server.per_account.burst, 3u);
}

TEST(cli_gateway_arguments, names_of_options_become_names_of_variables_where_those_gave_them) {
  EXPECT_EQ(variable_of("--login-listen"), "EPHEMINT_LOGIN_LISTEN");
  EXPECT_EQ(by_their_variables("--listen: give it, not --login-listen", {"--listen"}),
            "EPHEMINT_LISTEN: give it, not --login-listen");
  EXPECT_EQ(by_their_variables("--quota-store: no --quota-store-password-file", {"--quota-store"}),
            "EPHEMINT_QUOTA_STORE: no --quota-store-password-file");
  EXPECT_EQ(by_their_variables("as with --confirm", {"--confirm"}), "as with EPHEMINT_CONFIRM");
  EXPECT_EQ(by_their_variables("--listen: x", {}), "--listen: x");
}

TEST(cli_gateway_arguments, options_of_the_library_have_the_commands_names) {
  const struct {
    const char *given, *command;
  } cases[] = {
      {"backend: is no address", "--listen: is no address"},
      {"login: needs link_keys and public_url", "--login-listen: needs --link-key-file and --public-url"},
      {"admin: is no loopback address", "--admin-listen: is no loopback address"},
      {"backend: needs bearers", "--listen: needs --bearer-file"},
      {"the backend: is a word here", "the backend: is a word here"},
      {"link_keys: there is no key", "--link-key-file: there is no key"},
      {"bearers: there is none", "--bearer-file: there is none"},
      {"public_url: is http", "--public-url: is http"},
      {"back_url: is no URL", "--back-url: is no URL"},
      {"max_link_age: 0", "--max-link-age: 0"},
      {"socket_mode: 0", "--socket-mode: 0"},
      {"per_account: 0", "--per-account: 0"},
      {"log_accounts: 9", "--log-accounts: 9"},
      {"deadline: 0", "--deadline: 0"},
      {"base_url: is http", "--base-url: is http"},
  };
  for (const auto& c : cases) EXPECT_EQ(in_words_of_the_command(c.given), c.command);
}

TEST(cli_gateway_arguments, listeners_have_their_places) {
  const auto placed = [](std::vector<std::string> options, activated_sockets activated) {
    gateway_arguments given = gateway_given(std::move(options));
    place_listeners(given, activated);
    return given;
  };
  EXPECT_EQ(refusal([&] { placed({}, {}); }),
            "--listen: there is nowhere to listen; give unix:/path/to.sock or 127.0.0.1:PORT, or start it by "
            "systemd with RuntimeDirectory= or a socket unit");
  EXPECT_EQ(placed({"--listen", "unix:/a"}, {}).server.backend.at, "unix:/a");
  EXPECT_FALSE(placed({"--login-listen", "127.0.0.1:1"}, {}).server.backend.on());
  EXPECT_EQ(placed({}, {.backend = 7}).server.backend.descriptor, 7);
  EXPECT_EQ(placed({}, {.login = 8}).server.login.descriptor, 8);
  const activated_sockets all{3, 4, 5};
  EXPECT_EQ(placed({}, all).server.admin.descriptor, 5);
  for (const char* option : {"--listen", "--login-listen", "--admin-listen"})
    EXPECT_EQ(refusal([&] {
                placed({option, "127.0.0.1:1"}, all);
              }),
              std::string{option} +
                  ": the service manager hands over a socket for this already; leave one of them");
  const variables set{{{"RUNTIME_DIRECTORY", "/run/ephemint:/run/other"}}};
  EXPECT_EQ(placed({}, {}).server.backend.at, "unix:/run/ephemint/ephemint.sock");
  EXPECT_EQ(placed({"--listen", "unix:/a"}, {}).server.backend.at, "unix:/a");
  EXPECT_EQ(placed({}, {.backend = 7}).server.backend.at, "");
  EXPECT_EQ(placed({"--login-listen", "127.0.0.1:1"}, {}).server.backend.at,
            "unix:/run/ephemint/ephemint.sock");
}

TEST(cli_gateway_arguments, drain_delay_is_for_whoever_balances_tcp) {
  const auto delay = [](std::vector<std::string> options, activated_sockets activated = {}) {
    gateway_arguments given = gateway_given(std::move(options));
    place_listeners(given, activated);
    return drain_delay_of(given);
  };
  EXPECT_EQ(delay({"--listen", "unix:/a"}), 0s);
  EXPECT_EQ(delay({}, {.backend = 7}), 0s);
  EXPECT_EQ(delay({"--listen", "unix:/a", "--admin-listen", "127.0.0.1:1"}), 5s);
  EXPECT_EQ(delay({"--listen", "127.0.0.1:1"}), 5s);
  EXPECT_EQ(delay({"--listen", "unix:/a", "--login-listen", "127.0.0.1:1"}), 5s);
  EXPECT_EQ(delay({"--listen", "127.0.0.1:1", "--drain-delay", "0s"}), 0s);
  EXPECT_EQ(delay({"--listen", "unix:/a", "--drain-delay", "1s"}), 1s);
}

TEST(cli_gateway_arguments, credentials_are_looked_for_where_no_file_is_named) {
  const test::temporary_directory directory;
  for (const char* name : {"api-key", "bearers"}) std::ofstream{directory.path() + '/' + name} << "x";
  const variables set{{{"CREDENTIALS_DIRECTORY", directory.path()}, {"EPHEMINT_BEARER_FILE", "/b"}}};
  gateway_arguments given = gateway_given({});
  look_for_credentials(given);
  EXPECT_EQ(given.api_key_file, directory.path() + "/api-key");
  EXPECT_EQ(given.bearer_file, "/b");
  EXPECT_FALSE(given.link_key_file) << "there is none";
  gateway_arguments named = gateway_given({"--api-key-file", "/k"});
  look_for_credentials(named);
  EXPECT_EQ(named.api_key_file, "/k");
}

TEST(cli_gateway_arguments, files_are_read_and_their_mistakes_named) {
  std::vector<std::string> warnings;
  const talker warn = [&](std::string_view warning) { warnings.emplace_back(warning); };
  const test::temporary_file keys{"# of this year\nk1 0123456789abcdef0123456789abcdef\n"};
  ASSERT_EQ(read_link_keys(keys.path(), warn).size(), 1u);
  EXPECT_EQ(read_link_keys(keys.path(), warn).front().kid, "k1");
  const test::temporary_file bearers{"shop " + std::string(64, 'a') + " se-*\n"};
  EXPECT_EQ(read_bearers(bearers.path(), warn).front().name, "shop");
  EXPECT_THAT(warnings, ElementsAre());

  const test::temporary_file short_key{"k1 hunter2hunter2\n"}, no_hash{"shop hunter2\n"}, empty{"\n"};
  const std::string of_keys = refusal([&] { read_link_keys(short_key.path(), warn); });
  EXPECT_THAT(of_keys, StartsWith("--link-key-file: \"" + short_key.path() + "\": line 1 "));
  EXPECT_THAT(of_keys, Not(HasSubstr("hunter2")));
  const std::string of_bearers = refusal([&] { read_bearers(no_hash.path(), warn); });
  EXPECT_THAT(of_bearers, StartsWith("--bearer-file: \"" + no_hash.path() + "\": "));
  EXPECT_THAT(of_bearers, Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal([&] { read_bearers("/nowhere/b", warn); }),
              StartsWith("--bearer-file: \"/nowhere/b\" can't be read (No such file or directory); give a "
                         "file that holds lines of a name and a token's SHA-256"));
  EXPECT_THAT(refusal([&] { read_link_keys(empty.path(), warn); }), HasSubstr("is empty"));
}

}  // namespace
}  // namespace ephemint::cli
