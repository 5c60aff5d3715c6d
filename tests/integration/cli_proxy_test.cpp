#include "support/cli_fixture.hpp"
#include "support/test_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string url_of(const test_proxy& proxy) { return "http://127.0.0.1:" + std::to_string(proxy.port()); }

class cli_proxy : public cli_test {
 protected:
  outcome mint_with(std::vector<std::string> arguments, std::map<std::string, std::string> more) const {
    more.merge(environment());
    outcome all = run_command(mint_command(std::move(arguments)), more);
    expect_no_secret(all.err);
    EXPECT_THAT(all.out + all.err, Not(HasSubstr("hunter")));
    return all;
  }
};

// behaviours: Y1
TEST_F(cli_proxy, tokens_come_through_the_one_that_is_named) {
  test_proxy proxy{{relay_for("user:hunter2")}}, other{{relay_gladly}};
  const temporary_file credentials{"user:hunter2\n"};
  const std::vector<std::string> with_file{"se-1", "--proxy-credentials-file", credentials.path()};
  EXPECT_EQ(mint_with(with_file, {{"EPHEMINT_PROXY", url_of(proxy)}}).status, 0);
  EXPECT_EQ(proxy.connections(), 1);
  auto named = with_file;
  named.insert(named.end(), {"--proxy", url_of(proxy)});
  EXPECT_EQ(mint_with(named, {{"EPHEMINT_PROXY", url_of(other)}}).status, 0) << "the option comes first";
  EXPECT_EQ(proxy.connections(), 2);
  EXPECT_EQ(mint_with({"se-1", "--proxy", ""}, {{"EPHEMINT_PROXY", url_of(other)}}).status, 0);
  EXPECT_EQ(other.connections(), 0) << "an empty one is none";
}

// behaviours: Y2
TEST_F(cli_proxy, other_programs_variables_have_no_effect) {
  test_proxy proxy{{relay_gladly}};
  EXPECT_EQ(mint_with({"se-1"}, {{"https_proxy", url_of(proxy)}, {"ALL_PROXY", url_of(proxy)}}).status, 0);
  EXPECT_EQ(proxy.connections(), 0);
}

// behaviours: Y1, I5
TEST_F(cli_proxy, refusal_is_told_with_its_address_its_status_and_the_option) {
  test_proxy proxy{{relay_for("user:hunter2")}};
  const temporary_file credentials{"user:hunter3\n"};
  const outcome all =
      mint({"se-1", "--proxy", url_of(proxy), "--proxy-credentials-file", credentials.path()});
  EXPECT_EQ(all.status, 1);
  EXPECT_THAT(all.out, HasSubstr("\"error\":\"connect_failed\""));
  EXPECT_THAT(all.out, HasSubstr("through the proxy 127.0.0.1:" + std::to_string(proxy.port()) +
                                 ": it answered 407: it refused --proxy-credentials-file"));
  EXPECT_THAT(all.out + all.err, Not(HasSubstr("hunter")));
}

TEST_F(cli_proxy, wrong_options_end_it_before_anything_is_sent) {
  const temporary_file no_colon{"hunter2\n"}, two_lines{"user:hunter2\nmore\n"};
  const struct {
    std::vector<std::string> arguments;
    std::string said;
  } cases[] = {
      {{"--proxy", "proxy.test:3128"}, "ephemint: --proxy: \"proxy.test:3128\" is not an http URL"},
      {{"--proxy", "https://proxy.test:3128"},
       "ephemint: --proxy: \"https://proxy.test:3128\" is an https URL"},
      {{"--proxy", "http://proxy.test"}, "ephemint: --proxy: \"http://proxy.test\" has no port"},
      {{"--proxy", "http://user:hunter2@proxy.test:1"},
       "ephemint: --proxy: \"http://[redacted]@proxy.test:1\" has user info; credentials go into "
       "--proxy-credentials-file"},
      {{"--proxy-credentials-file", two_lines.path()},
       "ephemint: --proxy-credentials-file: is set, and there is no proxy"},
      {{"--proxy", "http://p:1", "--proxy-credentials-file", no_colon.path()},
       "ephemint: --proxy-credentials-file: has no colon"},
      {{"--proxy", "http://p:1", "--proxy-credentials-file", two_lines.path()},
       "ephemint: --proxy-credentials-file: byte 13 is a control character"},
      {{"--proxy", "http://p:1", "--proxy-credentials-file", "/nowhere/it"},
       "ephemint: --proxy-credentials-file: \"/nowhere/it\" can't be read"},
  };
  for (const auto& each : cases) {
    auto arguments = each.arguments;
    arguments.push_back("se-1");
    const outcome all = mint_with(arguments, {});
    EXPECT_EQ(all.status, 2);
    EXPECT_THAT(all.err, StartsWith(each.said));
    EXPECT_EQ(all.out, "");
  }
  EXPECT_THAT(mint_with({"se-1"}, {{"EPHEMINT_PROXY", "http://user:hunter2@p:1"}}).err,
              StartsWith("ephemint: EPHEMINT_PROXY: \"http://[redacted]@p:1\" has user info"));
  EXPECT_EQ(api.stats().connections_opened, 0u);
}

}  // namespace
}  // namespace ephemint::test
