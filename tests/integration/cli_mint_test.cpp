#include "support/cli_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include <sys/stat.h>

namespace ephemint::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class cli_mint : public cli_test {};

TEST_F(cli_mint, success_is_one_line_of_json_and_nothing_is_said) {
  const outcome all = mint({"se-1"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  const std::regex line{
      R"re(\{"account":"se-1","ok":true,"token":"([\w.-]+)","redirect_url":"(https://localhost:\d+/api/directlogin\?token=\1)",)re"
      R"re("login_url":"\2","remaining_ms":9\d\d\d,)re"
      R"re("expires_at":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","attempts":1,"latency_ms":\d+\}\n)re"};
  EXPECT_TRUE(std::regex_match(all.out, line)) << all.out;
}

TEST_F(cli_mint, token_alone_comes_without_a_url) {
  const outcome all = mint({"se-1", "--token-only"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  const std::regex line{R"re(\{"account":"se-1","ok":true,"token":"[\w.-]+","remaining_ms":9\d\d\d,)re"
                        R"re("expires_at":"[\d-]+T[\d:.]+Z","attempts":1,"latency_ms":\d+\}\n)re"};
  EXPECT_TRUE(std::regex_match(all.out, line)) << all.out;
}

TEST_F(cli_mint, login_url_has_page_and_theme) {
  const outcome all = mint({"se-1", "--format", "url", "--redirect-to", "billing", "--theme-id",
                            "123e4567-e89b-12d3-a456-426614174000"});
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.out, StartsWith(api.base_url() + "/api/directlogin?token="));
  EXPECT_THAT(all.out, HasSubstr("&redirect_to=billing"));
  EXPECT_THAT(all.out, HasSubstr("&theme_id=123e4567-e89b-12d3-a456-426614174000"));
  EXPECT_EQ(lines_of(all.out).size(), 1u);
}

TEST_F(cli_mint, arguments_and_file_together_give_one_result_each) {
  const temporary_file file{"se-3\r\n\nse-4\nse-3"};
  const outcome all = mint({"se-1", "se-2", "--accounts", file.path()});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(lines_of(all.out).size(), 5u);
  EXPECT_EQ(count_of("\"account\":\"se-3\"", all.out), 2u)
      << "an account that is named twice gets two tokens";
}

TEST_F(cli_mint, no_accounts_is_no_error) {
  const temporary_file empty{"\n\n"};
  for (const auto& from : {empty.path(), std::string{"-"}}) {
    const outcome all = mint({"--accounts", from});
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.out + all.err, "");
  }
}

TEST_F(cli_mint, bad_lines_get_their_results) {
  using namespace std::string_literals;
  const outcome all =
      mint({"--accounts", "-"}, "se-1\nse 2\n\0\n"s + std::string(3'000'000, 'x') + "\nse-5\n");
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(lines_of(all.out).size(), 5u);
  EXPECT_EQ(count_of("\"ok\":true", all.out), 2u);
  EXPECT_EQ(count_of("\"ok\":false,\"error\":\"invalid_request\",\"message\":", all.out), 3u);
  EXPECT_THAT(all.err, StartsWith("3 of 5 failed: invalid_request 3: "));
  EXPECT_EQ(lines_of(all.err).size(), 1u);
  EXPECT_LT(all.out.size(), 10'000u);
}

TEST_F(cli_mint, refused_account_is_told_in_full) {
  api.add_fault(sandbox::parse_fault("account=se-2,status=400,message=\"no such account\""));
  const outcome all = mint({"se-1", "se-2"});
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(all.err, "1 of 2 failed: rejected 1: no such account\n");
  const std::regex line{
      R"(\{"account":"se-2","ok":false,"error":"rejected","message":"[^"]+","http_status":400,"request_id":"[^"]+",)"
      R"("attempts":1,"latency_ms":\d+,"api_errors":\[\{"error_source":"\w+","error_type":"\w+","error_code":"\w+",)"
      R"("message":"no such account"\}\]\})"};
  EXPECT_TRUE(std::regex_search(all.out, line)) << all.out;
}

TEST_F(cli_mint, rate_limited_account_says_when_to_come_back) {
  api.add_fault(sandbox::parse_fault("status=429,retry_after=12"));
  const outcome all = mint({"se-1", "--deadline", "2s"});
  EXPECT_EQ(all.status, 1);
  const std::regex line{
      R"("error":"rate_limited",.*"http_status":429,.*"retry_after_ms":1[12]\d\d\d,"attempts":1,)"};
  EXPECT_TRUE(std::regex_search(all.out, line)) << all.out;
}

TEST_F(cli_mint, url_of_each_of_several_accounts_says_whose_it_is) {
  const temporary_file file{"se-3\n"};
  const outcome all = mint({"--format", "url", "se-1", "se-2", "--accounts", file.path()});
  EXPECT_EQ(all.status, 0);
  std::set<std::string> accounts;
  for (const std::string& line : lines_of(all.out)) {
    const auto tab = line.find('\t');
    accounts.insert(line.substr(0, tab));
    EXPECT_THAT(line.substr(tab + 1), StartsWith(api.base_url() + "/api/directlogin?token="));
  }
  EXPECT_EQ(accounts, (std::set<std::string>{"se-1", "se-2", "se-3"}));
}

TEST_F(cli_mint, certificate_of_the_environment_is_trusted) {
  auto variables = environment();
  variables["EPHEMINT_CA_FILE"] = authority.path();
  EXPECT_EQ(run_command({EPHEMINT_COMMAND, "mint", "se-1"}, variables).status, 0);
  variables["EPHEMINT_CA_FILE"] = "/nowhere/ca.pem";
  const outcome all = run_command({EPHEMINT_COMMAND, "mint", "se-1"}, variables);
  EXPECT_EQ(all.status, 2);
  EXPECT_THAT(all.err, StartsWith("ephemint: EPHEMINT_CA_FILE: "));
  EXPECT_EQ(run_command(mint_command({"se-1"}), variables).status, 0) << "the option comes first";
}

TEST_F(cli_mint, redirect_hosts_are_added_to_the_sandboxs_own) {
  EXPECT_EQ(mint({"se-1", "--redirect-host", "portal.example"}).status, 0);
  sandbox::fault elsewhere;
  elsewhere.status = 200;
  elsewhere.body = sandbox::fault_body::custom;
  elsewhere.content_type = "application/json";
  elsewhere.body_text = R"({"token":"ey.a.b","redirect_url":"https://portal.example/login?token=ey.a.b"})";
  api.add_fault(elsewhere);
  const outcome refused = mint({"se-1"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, HasSubstr("names a host that --redirect-host doesn't allow"));
  EXPECT_EQ(mint({"se-1", "--redirect-host", "other.example", "--redirect-host", "portal.example"}).status,
            0);
  EXPECT_THAT(mint({"se-1", "--redirect-host", "https://x"}).err, StartsWith("ephemint: --redirect-host: "));
}

TEST_F(cli_mint, key_file_that_everybody_may_read_earns_a_warning) {
  const temporary_file key{api.api_key()};
  ::chmod(key.path().c_str(), 0600);
  EXPECT_EQ(mint({"se-1", "--api-key-file", key.path()}).err, "");
  ::chmod(key.path().c_str(), 0644);
  const outcome all = mint({"se-1", "--api-key-file", key.path()});
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.err, StartsWith("ephemint: warning: --api-key-file: everybody on this machine can read "));
  EXPECT_EQ(lines_of(all.err).size(), 1u);
}

TEST_F(cli_mint, first_cause_of_a_kind_of_failure_is_told) {
  auto variables = environment();
  variables["EPHEMINT_BASE_URL"] = "https://localhost:1";
  const outcome all = run_command(mint_command({"se-1", "se-2", "--max-attempts", "1"}), variables);
  EXPECT_EQ(all.status, 1);
  EXPECT_TRUE(std::regex_match(all.err, std::regex{"2 of 2 failed: connect_failed 2: .*refused.*\n"}))
      << all.err;
}

TEST_F(cli_mint, url_format_keeps_failures_off_stdout) {
  api.add_fault(sandbox::parse_fault("account=se-2,status=400"));
  const outcome all = mint({"--format", "url", "se-1", "se-2"});
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(lines_of(all.out).size(), 1u);
  EXPECT_THAT(all.err, HasSubstr("se-2"));
  EXPECT_THAT(all.err, HasSubstr("rejected: "));
  EXPECT_THAT(all.err, HasSubstr("1 of 2 failed"));
}

TEST_F(cli_mint, text_format_has_no_escape_codes_off_a_terminal) {
  api.add_fault(sandbox::parse_fault("account=se-2,status=400"));
  const outcome all = mint({"--format", "text", "se-1", "se-2"});
  EXPECT_EQ(lines_of(all.out).size(), 2u);
  EXPECT_THAT(all.out, HasSubstr("s left  https://localhost:"));
  EXPECT_EQ((all.out + all.err).find('\x1b'), std::string::npos);
}

TEST_F(cli_mint, refused_key_is_never_shown) {
  std::map<std::string, std::string> wrong = environment();
  wrong["EPHEMINT_API_KEY"] = "TEST_planted-secret";
  const outcome all = run_command(mint_command({"se-1", "se-2"}), wrong);
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(count_of("\"error\":\"unauthorized\"", all.out), 2u) << all.out;
  EXPECT_EQ((all.out + all.err).find("planted"), std::string::npos);
}

TEST_F(cli_mint, key_file_is_used) {
  const temporary_file key{api.api_key() + '\n'}, wrong{"TEST_wrong"};
  EXPECT_EQ(mint({"se-1", "--api-key-file", key.path()}).status, 0);
  EXPECT_EQ(mint({"se-1", "--api-key-file", wrong.path()}).status, 1);
}

TEST_F(cli_mint, untrusted_server_gets_no_request) {
  const outcome all = run_command({EPHEMINT_COMMAND, "mint", "se-1"}, environment());
  EXPECT_EQ(all.status, 1);
  EXPECT_THAT(all.out, HasSubstr("\"error\":\"tls_failed\""));
  EXPECT_EQ(api.stats().requests, 0u);
}

TEST_F(cli_mint, server_that_is_down_is_told) {
  auto nowhere = environment();
  api.stop();
  const outcome all = run_command(mint_command({"se-1", "--max-attempts", "1"}), nowhere);
  EXPECT_EQ(all.status, 1);
  EXPECT_THAT(all.out, HasSubstr("\"error\":\"connect_failed\""));
}

TEST_F(cli_mint, mistakes_end_before_anything_is_sent) {
  const temporary_file no_pem{"not a certificate"};
  const struct {
    std::vector<std::string> arguments;
    const char* named;
  } cases[] = {
      {{}, "no accounts"},
      {{"se 1"}, "account \"se 1\""},
      {{""}, "account \"\""},
      {{"se-1\nAPI-Key: x"}, "account \"se-1\\x0aAPI-Key: x\""},
      {{"--accounts", "/nowhere/accounts"}, "--accounts: can't read \"/nowhere/accounts\": No such file"},
      {{"--accounts", "/tmp"}, "is a directory"},
      {{"se-1", "--api-key-file", "/nowhere/key"}, "--api-key-file: \"/nowhere/key\""},
      {{"se-1", "--api-key", "TEST_x"}, "--api-key: everybody"},
      {{"se-1", "--base-url", "http://localhost"}, "--base-url: "},
      {{"se-1", "--base-url", "localhost"}, "--base-url: "},
      {{"se-1", "--ca-file", "/nowhere/ca.pem"}, "--ca-file: "},
      {{"se-1", "--ca-file", no_pem.path()}, "--ca-file: "},
      {{"se-1", "--rate", "0/1s"}, "--rate: "},
      {{"se-1", "--rate", "1000001/1s"}, "--rate: "},
      {{"se-1", "--rate", "1/99ms"}, "--rate: "},
      {{"se-1", "--deadline", "8"}, "--deadline: "},
      {{"se-1", "--outage-patience", "25h"}, "--outage-patience: "},
      {{"se-1", "--attempt-timeout", "2h"}, "--attempt-timeout: "},
      {{"se-1", "--min-remaining", "10s"}, "--min-remaining: "},
      {{"se-1", "--connections", "5000"}, "--connections: "},
      {{"se-1", "--theme-id", "x&token=evil"}, "--theme-id: "},
      {{"se-1", "--redirect-to", "evil"}, "--redirect-to: "},
      {{"se-1", "--token-only", "--format", "url"}, "--format url"},
      {{"se-1", "--token-only", "--redirect-to", "billing"}, "--redirect-to"},
      {{"se-1", "--token-only", "--theme-id", "123e4567-e89b-12d3-a456-426614174000"}, "--theme-id"},
      {{"se-1", "--nonsense"}, "--nonsense"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> arguments{EPHEMINT_COMMAND, "mint"};
    arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
    const outcome all = run_command(arguments, environment());
    EXPECT_EQ(all.status, 2) << all.err;
    EXPECT_EQ(all.out, "");
    EXPECT_THAT(all.err, StartsWith("ephemint: "));
    EXPECT_THAT(all.err, HasSubstr(c.named));
    EXPECT_EQ(lines_of(all.err).size(), 1u) << all.err;
    expect_no_secret(all.err);
  }
  EXPECT_EQ(api.stats().connections_opened, 0u);
}

TEST_F(cli_mint, missing_and_bad_keys_are_named_and_not_shown) {
  auto variables = environment();
  variables.erase("EPHEMINT_API_KEY");
  EXPECT_EQ(
      run_command(mint_command({"se-1"}), variables).err,
      "ephemint: there is no API key; put it into the environment as EPHEMINT_API_KEY, or into a file for "
      "--api-key-file\n");
  variables["EPHEMINT_API_KEY"] = "planted secret";
  const outcome all = run_command(mint_command({"se-1"}), variables);
  EXPECT_EQ(all.status, 2);
  EXPECT_THAT(all.err, StartsWith("ephemint: API key: "));
  EXPECT_EQ(all.err.find("planted"), all.err.npos);
}

std::string many_lines() {
  std::string lines;
  for (int i = 1; i <= 20; ++i) lines += "se-" + std::to_string(i) + '\n';
  return lines;
}

// behaviours: A4
TEST_F(cli_mint, api_that_is_away_is_waited_for_and_that_is_said_once) {
  api.add_fault(sandbox::parse_fault("status=503,skip=1,count=14"));
  // One HTTP/2 connection would carry all 20 at once, so that some pass behind the 14.
  command batch{mint_command({"--http", "1.1", "--rate", "unlimited", "--accounts", "-"}), environment()};
  batch.write("se-0\n");
  ASSERT_THAT(batch.read_line().value_or(""), HasSubstr("\"ok\":true"));
  const outcome all = batch.wait(many_lines());
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(count_of("\"ok\":true", all.out), 20u) << all.out;
  const std::regex said{
      "the API can't be reached \\(it answers 503\\): waiting, gives up in (5 min 00|4 min 5\\d) s\n"};
  EXPECT_TRUE(std::regex_match(all.err, said)) << all.err;
}

// behaviours: A4
TEST_F(cli_mint, api_that_is_away_for_too_long_is_given_up) {
  api.add_fault(sandbox::parse_fault("status=503,skip=1"));
  command batch{mint_command({"--rate", "unlimited", "--outage-patience", "1s", "--accounts", "-"}),
                environment()};
  batch.write("se-0\n");
  ASSERT_THAT(batch.read_line().value_or(""), HasSubstr("\"ok\":true"));
  const outcome all = batch.wait(many_lines());
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(count_of("\"error\":\"server_error\"", all.out), 20u) << all.out;
}

TEST_F(cli_mint, waits_for_the_quota_and_says_so_once) {
  const outcome all = mint({"--rate", "2/3s", "se-1", "se-2", "se-3", "se-4"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(lines_of(all.out).size(), 4u);
  EXPECT_TRUE(std::regex_match(all.err, std::regex{"waiting for the quota: [1-3] s\n"})) << all.err;
}

}  // namespace
}  // namespace ephemint::test
