#include "support/command.hpp"
#include "support/temporary_file.hpp"

#include <ephemint/sandbox/server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace ephemint::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The contents of the ready line.
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
               {{"--http", "1.1", "--fault", "refuse"}, "fault.http2 needs "},
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

outcome beside_sandbox(std::vector<std::string> what, std::vector<std::string> options = {},
                       std::map<std::string, std::string> variables = {}) {
  std::vector<std::string> all{EPHEMINT_COMMAND, "sandbox"};
  all.insert(all.end(), options.begin(), options.end());
  all.emplace_back("--");
  all.insert(all.end(), what.begin(), what.end());
  return run_command(std::move(all), std::move(variables));
}

TEST(cli_sandbox, command_beside_it_finds_it_by_its_environment) {
  const outcome all = beside_sandbox({EPHEMINT_COMMAND, "mint", "se-1"}, {"--api-key", "TEST_me"},
                                     {{"EPHEMINT_BASE_URL", "https://localhost:1"},
                                      {"EPHEMINT_CA_FILE", "/x"},
                                      {"EPHEMINT_PROXY", "http://localhost:1"}});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_EQ(lines_of(all.out).size(), 1u) << "what the command printed, and nothing else: " << all.out;
  EXPECT_THAT(all.out, StartsWith("{\"account\":\"se-1\",\"ok\":true,"));
  EXPECT_EQ(all.err, "");
  const outcome seen =
      beside_sandbox({"/bin/sh", "-c", "echo $EPHEMINT_BASE_URL $EPHEMINT_API_KEY; cat $EPHEMINT_CA_FILE"},
                     {"--api-key", "TEST_me"});
  EXPECT_TRUE(std::regex_search(seen.out, std::regex{"^https://localhost:\\d+ TEST_me\n"})) << seen.out;
  EXPECT_THAT(seen.out, HasSubstr("BEGIN CERTIFICATE"));
}

TEST(cli_sandbox, ends_with_the_status_of_the_command_beside_it) {
  const temporary_file no_program{"#"};
  const struct {
    std::vector<std::string> what;
    int status;
  } cases[] = {{{"true"}, 0},
               {{"/bin/sh", "-c", "exit 7"}, 7},
               {{"/bin/sh", "-c", "kill -KILL $$"}, 128 + SIGKILL},
               {{"/bin/sh", "-c", "kill -PIPE $$"}, 128 + SIGPIPE},
               {{"/nowhere/portal"}, 127},
               {{"no-such-portal"}, 127},
               {{no_program.path()}, 126},
               {{"/tmp"}, 126}};
  for (const auto& c : cases) {
    const outcome all = beside_sandbox(c.what);
    EXPECT_EQ(all.status, c.status) << c.what.front();
    EXPECT_EQ(all.out, "");
    const std::string talk =
        c.status == 126 || c.status == 127 ? "ephemint: can't run \"" + c.what.front() : "";
    EXPECT_THAT(all.err, StartsWith(talk));
  }
}

TEST(cli_sandbox, signals_go_to_the_command_beside_it) {
  for (const auto& [signal, name] : {std::pair{SIGTERM, "TERM"}, {SIGINT, "INT"}, {SIGHUP, "HUP"}}) {
    const std::string script = std::string{"trap 'echo got; exit 9' "} + name +
                               "; echo $EPHEMINT_CA_FILE; while :; do sleep 0.02; done";
    command sandbox{{EPHEMINT_COMMAND, "sandbox", "--", "/bin/sh", "-c", script}};
    const auto ca_file = sandbox.read_line();
    ASSERT_TRUE(ca_file);
    EXPECT_TRUE(exists(*ca_file));
    sandbox.signal(signal);
    const outcome all = sandbox.wait();
    EXPECT_EQ(all.out, "got\n");
    EXPECT_EQ(all.status, 9);
    EXPECT_FALSE(exists(*ca_file));
  }
}

TEST(cli_sandbox, command_beside_it_inherits_nothing_of_it) {  // behaviours: H7
  const outcome all = beside_sandbox({"/bin/sh", "-c", "ls -l /proc/$$/fd"});
  EXPECT_EQ(all.out.find("socket:"), all.out.npos) << all.out;
  EXPECT_EQ(all.out.find("anon_inode:"), all.out.npos) << all.out;
}

TEST(cli_sandbox, terminal_gets_a_line_to_copy) {
  if (!can_be_had(channel::terminal)) GTEST_SKIP() << "no terminals here: /dev/pts isn't mounted";
  const temporary_file certificate;
  command sandbox{{EPHEMINT_COMMAND, "sandbox", "--api-key", "it's", "--ca-out", certificate.path()},
                  {},
                  channel::terminal};
  const std::string ready = sandbox.read_line().value_or(""), copied = sandbox.read_line().value_or("");
  EXPECT_THAT(ready, StartsWith("{\"base_url\":\"https://localhost:"));
  const std::regex form{
      R"re(EPHEMINT_API_KEY='it'\\''s' EPHEMINT_BASE_URL=https://localhost:\d+ EPHEMINT_CA_FILE=(\S+) ephemint mint se-1\r)re"};
  EXPECT_TRUE(std::regex_match(copied, form)) << copied;
  // Runs the line in a shell: the result is a token.
  const std::string line = copied.substr(0, copied.rfind("ephemint mint")) + EPHEMINT_COMMAND + " mint se-1";
  EXPECT_THAT(run_command({"/bin/sh", "-c", line}).out, HasSubstr("\"ok\":true"));
  sandbox.signal(SIGTERM);
  EXPECT_EQ(sandbox.wait().status, 0);
}

#ifndef EPHEMINT_ADDRESS_SANITIZER  // it needs descriptors itself, and calls it an error if it gets none
TEST(cli_demo, gives_up_after_a_few_failures_and_says_why) {
  // Enough descriptors for the sandbox and none for the client's connections.
  const std::string line = std::string{"exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n 14; exec "} +
                           EPHEMINT_COMMAND + " demo";
  const outcome all = run_command({"/bin/sh", "-c", line});
  EXPECT_EQ(all.status, 1);
  EXPECT_TRUE(std::regex_match(all.err, std::regex{"ephemint: gave up: 5 of \\d+ failed: .*\n"})) << all.err;
}
#endif

TEST(cli_demo, mints_for_all_within_the_quota_and_shows_how) {
  const outcome all = run_command({EPHEMINT_COMMAND, "demo", "--accounts", "70"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_EQ(all.out.find('\x1b'), std::string::npos) << "not a terminal";
  for (const char* row :
       {"plain client         Ephemint", "70 of 70         70 of 70", "Seconds left", "####"})
    EXPECT_THAT(all.out, HasSubstr(row));
  // For the plain client only checks that there is a figure, as it depends on the machine's speed.
  for (const char* row : {"handed over +\\d+ +70 ", "dead +\\d+ +0 ", "rate limited +\\d+ +0 ",
                          "requests +\\d+ +\\d\\d ", "retried +\\d+ +\\d+ ", "connections +\\d+ +\\d+\n",
                          "handshakes +\\d+ \\+ 0 +\\d+ \\+ \\d+ ", "latency p50", "latency p99"})
    EXPECT_TRUE(std::regex_search(all.out, std::regex{row})) << row << '\n' << all.out;
  for (const std::string& line : lines_of(all.out)) EXPECT_LE(line.size(), 100u) << line;
}

TEST(cli_demo, terminal_shows_both_lanes_and_gets_its_cursor_back) {
  if (!can_be_had(channel::terminal)) GTEST_SKIP() << "no terminals here: /dev/pts isn't mounted";
  const std::string line = std::string{"exec "} + EPHEMINT_COMMAND + " demo --accounts 20 2>&1";
  for (const char* kind : {"xterm", "dumb"}) {
    command running{{"/bin/sh", "-c", line}, {{"TERM", kind}, {"NO_COLOR", "1"}}, channel::terminal};
    const outcome all = running.wait();
    EXPECT_EQ(all.status, 0);
    const bool lanes = std::string{kind} == "xterm";
    for (const char* part : {"A plain client", "\x1b[?25l", "\x1b[14A", "\x1b[?25h", "██████"})
      EXPECT_EQ(all.out.find(part) != std::string::npos, lanes) << kind << part;
    EXPECT_EQ(all.out.find("\x1b[3"), std::string::npos) << "a colour";
    EXPECT_THAT(all.out, HasSubstr("20 of 20         20 of 20"));
  }
}

TEST(cli_demo, interrupted_says_so) {
  command demo{{EPHEMINT_COMMAND, "demo", "--accounts", "1000"}};
  demo.read_line();
  demo.signal(SIGINT);
  const outcome all = demo.wait();
  EXPECT_EQ(all.status, 130);
  EXPECT_THAT(all.err, HasSubstr("ephemint: interrupted\n"));
}

}  // namespace
}  // namespace ephemint::test
