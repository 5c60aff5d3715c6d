#include "support/command.hpp"
#include "support/temporary_file.hpp"
#include "tickets/link_ticket.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view two_keys =
    "# newest first\n"
    "new 0123456789abcdef0123456789abcdef\n"
    "old planted-planted-planted-planted!\n";

outcome link_of(std::vector<std::string> arguments, std::map<std::string, std::string> variables = {}) {
  std::vector<std::string> all{EPHEMINT_COMMAND, "link"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(std::move(all), std::move(variables));
}

/// The ticket of the one line that was printed, as a gateway at `origin` reads it.
gateway::ticket_reading reading_of(const outcome& all, std::string_view origin) {
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  EXPECT_EQ(lines_of(all.out).size(), 1u) << all.out;
  EXPECT_THAT(all.out, EndsWith("\n"));
  EXPECT_THAT(all.out, StartsWith(std::string{origin} + "/login/"));
  const auto keys = gateway::parse_link_keys("new 0123456789abcdef0123456789abcdef");
  const std::string line = lines_of(all.out).at(0);
  return gateway::read_ticket(line.substr(line.rfind('/') + 1), keys,
                              {.audience = origin, .max_age = gateway::longest_link_age},
                              gateway::wall_clock::now());
}

// behaviours: G8
TEST(cli_link, prints_a_link_signed_by_the_first_key) {
  const temporary_file keys{two_keys};
  const auto reading = reading_of(
      link_of({"se-1", "--link-key-file", keys.path(), "--public-url", "https://login.example.com"}),
      "https://login.example.com");
  ASSERT_TRUE(reading.ticket) << reading.fault->why;
  EXPECT_EQ(reading.ticket->account, "se-1");
  EXPECT_EQ(reading.ticket->redirect_to, std::nullopt);
  EXPECT_EQ(reading.ticket->theme_id, "");
  EXPECT_EQ(reading.ticket->expires_at - reading.ticket->issued_at, 60s);
}

TEST(cli_link, does_what_its_options_say) {
  const temporary_file keys{two_keys};
  const auto reading = reading_of(
      link_of({"--redirect-to", "billing", "--theme-id", "123e4567-e89b-12d3-a456-426614174000", "--max-age",
               "5min", "--", "-\"[a,b]\""},
              {{"EPHEMINT_LINK_KEY_FILE", keys.path()}, {"EPHEMINT_PUBLIC_URL", "http://127.0.0.1:8081/"}}),
      "http://127.0.0.1:8081");
  ASSERT_TRUE(reading.ticket) << reading.fault->why;
  EXPECT_EQ(reading.ticket->account, "-\"[a,b]\"");
  EXPECT_EQ(reading.ticket->redirect_to, portal_page::billing);
  EXPECT_EQ(reading.ticket->theme_id, "123e4567-e89b-12d3-a456-426614174000");
  EXPECT_EQ(reading.ticket->expires_at - reading.ticket->issued_at, 300s);
}

TEST(cli_link, command_line_comes_before_the_environment) {
  const temporary_file keys{two_keys};
  const auto reading = reading_of(
      link_of({"se-1", "--link-key-file", keys.path(), "--public-url", "https://login.example.com"},
              {{"EPHEMINT_LINK_KEY_FILE", "/nowhere"}, {"EPHEMINT_PUBLIC_URL", "nonsense"}}),
      "https://login.example.com");
  EXPECT_TRUE(reading.ticket);
}

TEST(cli_link, what_it_cant_do_is_told_in_one_line) {
  const temporary_file keys{two_keys}, none{"# none\n"}, short_key{"planted short-planted\n"};
  const std::string file = keys.path(), url = "https://login.example.com";
  const struct {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> variables;
    const char* said;
  } cases[] = {
      {{}, {}, "link takes one account, not 0; give it as in ephemint link se-123456"},
      {{"se-1", "se-2"}, {}, "link takes one account, not 2; "},
      {{"se-1", "--public-ulr", "x"}, {}, "there is no option \"--public-ulr\"; did you mean --public-url? "},
      {{"se-1", "--public-url", url},
       {},
       "--link-key-file is missing; give it, or put it into the environment as "
       "EPHEMINT_LINK_KEY_FILE"},
      {{"se-1", "--link-key-file", file},
       {},
       "--public-url is missing; give it, or put it into the environment as "
       "EPHEMINT_PUBLIC_URL"},
      {{"se-1", "--link-key-file", "/nowhere/keys", "--public-url", url},
       {},
       "--link-key-file: \"/nowhere/keys\" can't be read"},
      {{"se-1", "--link-key-file", none.path(), "--public-url", url}, {}, "--link-key-file: "},
      {{"se-1", "--link-key-file", short_key.path(), "--public-url", url}, {}, "--link-key-file: "},
      {{"se-1", "--public-url", url},
       {{"EPHEMINT_LINK_KEY_FILE", "/nowhere/keys"}},
       "EPHEMINT_LINK_KEY_FILE: \"/nowhere/keys\" can't be read"},
      {{"se-1", "--link-key-file", file, "--public-url", "http://login.example.com"},
       {},
       "--public-url: is http, which is for loopback hosts alone; "},
      {{"se-1", "--link-key-file", file, "--public-url", url + "/login"},
       {},
       "--public-url: has more than a scheme, a host and a port; "},
      {{"se-1", "--link-key-file", file},
       {{"EPHEMINT_PUBLIC_URL", "x"}},
       "EPHEMINT_PUBLIC_URL: is not a URL; "},
      {{"se 1", "--link-key-file", file, "--public-url", url}, {}, "account: can't be asked for; "},
      {{std::string(129, 'x'), "--link-key-file", file, "--public-url", url},
       {},
       "account: can't be asked for; "},
      {{"", "--link-key-file", file, "--public-url", url}, {}, "account: can't be asked for; "},
      {{"se-1", "--redirect-to", "portal"}, {}, "--redirect-to: \"portal\" is not a page; "},
      {{"se-1", "--theme-id", "x"}, {}, "--theme-id: \"x\" is not a UUID; "},
      {{"se-1", "--max-age", "301s"},
       {},
       "--max-age: \"301s\" can't be a link's age; give whole seconds, 1s to 300s"},
      {{"se-1", "--max-age", "1500ms"}, {}, "--max-age: \"1500ms\" can't be a link's age; "},
      {{"se-1", "--max-age", "0s"}, {}, "--max-age: "},
      {{"se-1", "--max-age", "60"}, {}, "--max-age: \"60\" is not a duration; "},
  };
  for (const auto& c : cases) {
    const outcome all = link_of(c.arguments, c.variables);
    EXPECT_EQ(all.status, 2) << c.said;
    EXPECT_EQ(all.out, "") << c.said;
    EXPECT_THAT(all.err, StartsWith(std::string{"ephemint: "} + c.said));
    EXPECT_EQ(lines_of(all.err).size(), 1u) << all.err;
    EXPECT_EQ(all.err.find("planted"), std::string::npos) << "a secret: " << all.err;
  }
}

TEST(cli_link, key_file_that_everybody_may_read_is_warned_of) {
  const temporary_file keys{two_keys};
  ASSERT_EQ(::chmod(keys.path().c_str(), 0644), 0);
  const outcome all =
      link_of({"se-1", "--link-key-file", keys.path(), "--public-url", "https://login.example.com"});
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.out, StartsWith("https://login.example.com/login/"));
  EXPECT_THAT(all.err, StartsWith("ephemint: warning: --link-key-file: everybody on this machine can read "));
}

TEST(cli_link, help_has_its_options_and_examples) {
  for (const std::vector<std::string>& asked :
       {std::vector<std::string>{EPHEMINT_COMMAND, "link", "--help"}, {EPHEMINT_COMMAND, "help", "link"}}) {
    const outcome all = run_command(asked);
    EXPECT_EQ(all.status, 0);
    for (const char* part : {"ephemint link [OPTIONS] ACCOUNT", "--link-key-file FILE",
                             "EPHEMINT_LINK_KEY_FILE", "--public-url URL", "EPHEMINT_PUBLIC_URL",
                             "--redirect-to PAGE", "--theme-id UUID", "--max-age DUR", "Examples:"})
      EXPECT_THAT(all.out, HasSubstr(part));
  }
}

}  // namespace
}  // namespace ephemint::test
