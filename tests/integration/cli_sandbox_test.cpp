#include "support/command.hpp"
#include "support/temporary_file.hpp"

#include <ephemint/sandbox/server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <regex>
#include <string>

#include <unistd.h>

namespace ephemint::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// What the ready line says.
struct readiness {
  explicit readiness(const std::string& line) {
    std::smatch parts;
    const std::regex form{
        R"re(\{"base_url":"(https://localhost:\d+)","ca_file":"([^"]+)","api_key":"([^"]+)"\})re"};
    EXPECT_TRUE(std::regex_match(line, parts, form)) << line;
    if (parts.size() != 4) return;
    base_url = parts[1];
    ca_file = parts[2];
    api_key = parts[3];
  }
  std::string base_url, ca_file, api_key;
};

outcome mint_at(const readiness& api, std::vector<std::string> arguments) {
  std::vector<std::string> all{EPHEMINT_COMMAND, "mint",       "--ca-file",
                               api.ca_file,      "--base-url", api.base_url};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(std::move(all), {{"EPHEMINT_API_KEY", api.api_key}});
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

TEST(cli_sandbox, serves_until_it_is_told_to_stop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    command sandbox{{EPHEMINT_COMMAND, "sandbox"}};
    const readiness api{sandbox.read_line().value_or("")};
    EXPECT_THAT(api.api_key, StartsWith("TEST_"));
    EXPECT_EQ(mint_at(api, {"se-1"}).status, 0);
    EXPECT_TRUE(exists(api.ca_file));
    sandbox.signal(signal);
    const outcome all = sandbox.wait();
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.out + all.err, "");
    EXPECT_FALSE(exists(api.ca_file)) << "a temporary file was left";
  }
}

TEST(cli_sandbox, does_what_its_options_say) {
  const temporary_file certificate;
  command sandbox{{EPHEMINT_COMMAND, "sandbox", "--api-key", "TEST_me", "--ca-out", certificate.path(),
                   "--rate-limit", "3/1h", "--limiter", "fixed", "--fault", "account=se-7,status=503"}};
  const readiness api{sandbox.read_line().value_or("")};
  EXPECT_EQ(api.api_key, "TEST_me");
  EXPECT_EQ(api.ca_file, certificate.path());
  EXPECT_THAT(mint_at(api, {"se-7", "--max-attempts", "1"}).out, HasSubstr("\"error\":\"server_error\""));
  const outcome limited =
      mint_at(api, {"se-1", "se-2", "se-3", "se-4", "--rate", "unlimited", "--deadline", "3s"});
  EXPECT_EQ(limited.status, 1);
  EXPECT_THAT(limited.out, HasSubstr("\"error\":\"rate_limited\""));
  sandbox.signal(SIGTERM);
  EXPECT_EQ(sandbox.wait().status, 0);
  EXPECT_TRUE(exists(certificate.path())) << "what was asked for stays";
}

TEST(cli_sandbox, what_it_cant_do_is_told_in_one_line) {
  const sandbox::server other;
  const std::string port = std::to_string(other.port());
  const struct {
    std::vector<std::string> arguments;
    const char* named;
  } cases[] = {{{"--port", port}, "--port: "},
               {{"--ca-out", "/nowhere/ca.pem"}, "--ca-out: \"/nowhere/ca.pem\""},
               {{"--api-key", "two words"}, "key"},
               {{"--fault", "status=99"}, "--fault: "},
               {{"--rate-limit", "many"}, "--rate-limit: "},
               {{"--latency", "slow"}, "--latency: "}};
  for (const auto& c : cases) {
    std::vector<std::string> arguments{EPHEMINT_COMMAND, "sandbox"};
    arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
    const outcome all = run_command(arguments);
    EXPECT_EQ(all.status, 2);
    EXPECT_EQ(all.out, "");
    EXPECT_THAT(all.err, StartsWith("ephemint: "));
    EXPECT_THAT(all.err, HasSubstr(c.named));
    EXPECT_EQ(lines_of(all.err).size(), 1u) << all.err;
  }
}

TEST(cli_demo, mints_for_all_within_the_quota_and_shows_how) {
  const outcome all = run_command({EPHEMINT_COMMAND, "demo", "--accounts", "70"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("70 of 70"));
  for (const char* row : {"rate limited               0 ", "retried", "connections", "handshakes",
                          "latency p50", "latency p99", "Seconds left", "####"})
    EXPECT_THAT(all.out, HasSubstr(row));
  for (const std::string& line : lines_of(all.out)) EXPECT_LE(line.size(), 100u) << line;
}

}  // namespace
}  // namespace ephemint::test
