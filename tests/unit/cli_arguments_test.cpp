#include "arguments.hpp"
#include "usage_error.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

command_line parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ephemint");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

mint_arguments mint(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "mint");
  return std::get<mint_arguments>(parse(std::move(arguments)));
}

sandbox_arguments sandbox_of(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sandbox");
  return std::get<sandbox_arguments>(parse(std::move(arguments)));
}

std::string complaint(const std::vector<const char*>& arguments) {
  try {
    parse(arguments);
  } catch (const usage_error& wrong) {
    return wrong.what();
  }
  return {};
}

TEST(cli_arguments, accounts_stand_anywhere) {
  EXPECT_EQ(mint({"se-1", "--connections", "2", "se-2"}).accounts,
            (std::vector<std::string>{"se-1", "se-2"}));
  EXPECT_EQ(mint({"se-1", "--", "--se-2", "-"}).accounts, (std::vector<std::string>{"se-1", "--se-2", "-"}));
}

TEST(cli_arguments, accounts_are_taken_as_they_are) {
  const std::vector<const char*> strange{"mint",  "sandbox", "[a,b]", "{}", "a,b",
                                         "\"q\"", "242822",  "=",     "",   "a=b"};
  const mint_arguments given = mint(strange);
  EXPECT_EQ(given.accounts, (std::vector<std::string>{strange.begin(), strange.end()}));
}

TEST(cli_arguments, dash_is_stdin) {
  EXPECT_EQ(mint({"--accounts", "-"}).accounts_file, "-");
  EXPECT_EQ(mint({"-"}).accounts_file, "-");
  EXPECT_EQ(mint({"--accounts=f.txt"}).accounts_file, "f.txt");
}

TEST(cli_arguments, mint_takes_what_the_contract_says) {
  const mint_arguments given = mint({"se-1",
                                     "--base-url",
                                     "https://localhost:1",
                                     "--api-key-file",
                                     "k",
                                     "--ca-file",
                                     "ca.pem",
                                     "--proxy",
                                     "http://p:3128",
                                     "--proxy-credentials-file",
                                     "c",
                                     "--rate",
                                     "20/1min",
                                     "--connections",
                                     "16",
                                     "--http",
                                     "2",
                                     "--in-flight",
                                     "64",
                                     "--deadline",
                                     "8s",
                                     "--outage-patience",
                                     "0s",
                                     "--attempt-timeout",
                                     "250ms",
                                     "--max-attempts",
                                     "5",
                                     "--hedge",
                                     "--min-remaining",
                                     "0s",
                                     "--redirect-to",
                                     "billing",
                                     "--theme-id",
                                     "123e4567-e89b-12d3-a456-426614174000",
                                     "--format",
                                     "url",
                                     "--metrics-file",
                                     "batch.prom"});
  EXPECT_EQ(given.base_url, "https://localhost:1");
  EXPECT_EQ(given.api_key_file, "k");
  EXPECT_EQ(given.ca_file, "ca.pem");
  EXPECT_EQ(given.proxy, "http://p:3128");
  EXPECT_EQ(given.proxy_credentials_file, "c");
  EXPECT_EQ(given.rate, quota::declared(20, 60s));
  EXPECT_EQ(given.connections, 16u);
  EXPECT_EQ(given.http2, http2_use::only);
  EXPECT_EQ(given.in_flight, 64u);
  EXPECT_EQ(given.deadline, 8s);
  EXPECT_EQ(given.outage_patience, 0s);
  EXPECT_EQ(given.attempt_timeout, 250ms);
  EXPECT_EQ(given.max_attempts, 5);
  EXPECT_TRUE(given.hedge);
  EXPECT_EQ(given.min_remaining, 0ms);
  EXPECT_EQ(given.redirect_to, portal_page::billing);
  EXPECT_EQ(given.theme_id, "123e4567-e89b-12d3-a456-426614174000");
  EXPECT_EQ(given.format, result_format::url);
  EXPECT_EQ(given.metrics_file, "batch.prom");
}

TEST(cli_arguments, mint_alone_says_nothing) {
  const mint_arguments given = mint({"se-1"});
  EXPECT_EQ(given.deadline, no_deadline);
  EXPECT_EQ(given.outage_patience, 5min);
  EXPECT_FALSE(given.hedge);
  EXPECT_FALSE(given.rate || given.connections || given.http2 || given.in_flight || given.format ||
               given.base_url);
}

TEST(cli_arguments, sandbox_takes_what_the_contract_says) {
  const sandbox_arguments given = sandbox_of({"--port",           "8443",
                                              "--api-key",        "TEST_me",
                                              "--rate-limit",     "20/60s",
                                              "--limiter",        "fixed",
                                              "--token-lifetime", "5s",
                                              "--latency",        "80ms",
                                              "--jitter",         "0ms",
                                              "--fault",          "status=503,count=3",
                                              "--fault",          "delay=2s,probability=0.01",
                                              "--http",           "2",
                                              "--ca-out",         "ca.pem"});
  EXPECT_EQ(given.server.http2, sandbox::http2_use::only);
  EXPECT_EQ(given.server.port, 8443);
  EXPECT_EQ(given.server.api_key, "TEST_me");
  EXPECT_EQ(given.server.limit.kind, sandbox::limiter_kind::fixed_window);
  EXPECT_EQ(given.server.limit.requests, 20u);
  EXPECT_EQ(given.server.limit.window, 60s);
  EXPECT_EQ(given.server.token_lifetime, 5s);
  EXPECT_EQ(given.server.latency, 80ms);
  EXPECT_EQ(given.server.jitter, 0ms);
  ASSERT_EQ(given.server.faults.size(), 2u);
  EXPECT_EQ(given.server.faults[0].status, 503u);
  EXPECT_EQ(given.server.faults[1].delay, 2s);
  EXPECT_EQ(given.ca_file, "ca.pem");
}

TEST(cli_arguments, sandbox_speaks_what_it_is_told) {
  EXPECT_EQ(sandbox_of({}).server.http2, sandbox::http2_use::automatic);
  EXPECT_EQ(sandbox_of({"--http", "auto"}).server.http2, sandbox::http2_use::automatic);
  EXPECT_EQ(sandbox_of({"--http", "1.1"}).server.http2, sandbox::http2_use::never);
}

TEST(cli_arguments, limiter_and_rate_limit_stand_alone_too) {
  EXPECT_EQ(sandbox_of({}).server.limit.kind, sandbox::limiter_kind::none);
  EXPECT_EQ(sandbox_of({"--rate-limit", "20/60s"}).server.limit.kind, sandbox::limiter_kind::sliding_window);
  const auto bucket = sandbox_of({"--limiter", "bucket"}).server.limit;
  EXPECT_EQ(bucket.kind, sandbox::limiter_kind::token_bucket);
  EXPECT_EQ(bucket.requests, 200u);
  EXPECT_EQ(sandbox_of({"--limiter", "bucket", "--rate-limit", "none"}).server.limit.kind,
            sandbox::limiter_kind::none);
}

TEST(cli_arguments, demo_has_200_accounts) {
  EXPECT_EQ(std::get<demo_arguments>(parse({"demo"})).accounts, 200u);
  EXPECT_EQ(std::get<demo_arguments>(parse({"demo", "--accounts", "7"})).accounts, 7u);
}

TEST(cli_arguments, help_has_examples) {
  const struct {
    std::vector<const char*> arguments;
    const char* part;
  } cases[] = {{{"--help"}, "ephemint COMMAND --help"},
               {{"mint", "--help"}, "mint [OPTIONS] [ACCOUNT...]"},
               {{"mint", "-h"}, "  ephemint mint se-123456\n"},
               {{"sandbox", "--help"}, "  ephemint sandbox --port 8443"},
               {{"demo", "--help"}, "  ephemint demo\n"},
               {{"--version"}, "ephemint "}};
  for (const auto& c : cases) {
    const std::string text = std::get<show_text>(parse(c.arguments)).text;
    EXPECT_NE(text.find(c.part), text.npos) << text;
  }
  EXPECT_EQ(std::get<show_text>(parse({"mint", "--help"})).text.find("--api-key "), std::string::npos);
}

TEST(cli_arguments, mistakes_get_one_line_that_names_them) {
  const struct {
    std::vector<const char*> arguments;
    const char* line;
  } cases[] = {
      {{"--"}, "give a command: mint, gateway, link, sandbox or demo; see ephemint --help"},
      {{"mnt"}, "there is no command \"mnt\"; did you mean mint? See ephemint --help"},
      {{"sanbdox", "--port", "1"},
       "there is no command \"sanbdox\"; did you mean sandbox? See ephemint --help"},
      {{"hlep"}, "there is no command \"hlep\"; did you mean help? See ephemint --help"},
      {{"coin"},
       "there is no command \"coin\"; give mint, gateway, link, sandbox or demo, see ephemint --help"},
      {{"--rate", "1/1s"},
       "\"--rate\" is an option of mint; put it behind that word: ephemint mint --rate ..."},
      {{"--rate=1/1s", "mint", "se-1"},
       "\"--rate\" is an option of mint; put it behind that word: ephemint mint --rate ..."},
      {{"--api-key", "x", "sandbox"},
       "\"--api-key\" is an option of sandbox; put it behind that word: ephemint sandbox --api-key ..."},
      {{"--accounts", "3", "demo"},
       "\"--accounts\" is an option of demo; put it behind that word: ephemint demo --accounts ..."},
      {{"--versoin"}, "there is no option \"--versoin\"; did you mean --version? See ephemint --help"},
      {{"--nonsense"}, "there is no option \"--nonsense\"; see ephemint --help"},
      {{"mint", "se-1", "--rat", "1/1s"},
       "there is no option \"--rat\"; did you mean --rate? See ephemint mint --help"},
      {{"mint", "--formt=json"},
       "there is no option \"--formt\"; did you mean --format? See ephemint mint --help"},
      {{"mint", "--nonsense"}, "there is no option \"--nonsense\"; see ephemint mint --help"},
      {{"mint", "-x"}, "there is no option \"-x\"; see ephemint mint --help"},
      {{"sandbox", "--porto=1"},
       "there is no option \"--porto\"; did you mean --port? See ephemint sandbox --help"},
      {{"sandbox", "se-1"}, "sandbox takes no argument \"se-1\"; see ephemint sandbox --help"},
      {{"demo", "--", "x"}, "\"x\" is one too many; see ephemint --help"},
      {{"mint", "--rate", "fast"},
       "--rate: \"fast\" is not a rate; give requests/duration, such as 200/60s or 20/1min, or unlimited, or "
       "auto"},
      {{"mint", "--deadline", "-5s"},
       "--deadline: \"-5s\" is not a duration; give a whole number and its unit, such as 250ms, 5s, 1min or "
       "1h"},
      {{"mint", "--deadline", "25h"}, "--deadline: \"25h\" is too long; give at most 24h"},
      {{"mint", "--outage-patience", "25h"}, "--outage-patience: \"25h\" is too long; give at most 24h"},
      {{"mint", "--attempt-timeout", "0s"},
       "--attempt-timeout: \"0s\" is no time at all; give more than 0, such as 250ms"},
      {{"mint", "--connections", "0"},
       "--connections: \"0\" is out of range; give a whole number of 1 to 4096"},
      {{"mint", "--http", "3"}, "--http: \"3\" is not a version of HTTP; give auto, 1.1 or 2"},
      {{"mint", "--in-flight", "100001"},
       "--in-flight: \"100001\" is out of range; give a whole number of 1 to 100000"},
      {{"mint", "--max-attempts", "x"}, "--max-attempts: \"x\" is not a whole number; give one of 1 to 100"},
      {{"mint", "--redirect-to", "home"},
       "--redirect-to: \"home\" is not a page; give carriers, billing or onboarding"},
      {{"mint", "--theme-id", "x"},
       "--theme-id: \"x\" is not a UUID; give one like 123e4567-e89b-12d3-a456-426614174000"},
      {{"mint", "--format", "xml"}, "--format: \"xml\" is not a format; give text, json or url"},
      {{"mint", "--accounts", ""}, "--accounts: is empty; give a name"},
      {{"sandbox", "--port", "65536"},
       "--port: \"65536\" is out of range; give a whole number of 0 to 65535"},
      {{"sandbox", "--limiter", "leaky"},
       "--limiter: \"leaky\" is not a limiter; give fixed, sliding or bucket"},
      {{"sandbox", "--http", "3"}, "--http: \"3\" is not a version of HTTP; give auto, 1.1 or 2"},
      {{"demo", "--accounts", "0"}, "--accounts: \"0\" is out of range; give a whole number of 1 to 100000"},
  };
  for (const auto& c : cases) EXPECT_EQ(complaint(c.arguments), c.line);
}

TEST(cli_arguments, http_versions_have_names) {
  EXPECT_EQ(mint({"se-1", "--http", "auto"}).http2, http2_use::automatic);
  EXPECT_EQ(mint({"se-1", "--http", "1.1"}).http2, http2_use::never);
  EXPECT_EQ(mint({"se-1", "--http", "2", "--http", "1.1"}).http2, http2_use::never);
}

TEST(cli_arguments, missing_values_are_named) {
  EXPECT_NE(complaint({"mint", "se-1", "--rate"}).find("--rate"), std::string::npos);
}

TEST(cli_arguments, option_that_is_given_twice_counts_as_it_was_given_last) {
  EXPECT_EQ(mint({"--rate", "1/1s", "se-1", "--rate=2/1s"}).rate, quota::declared(2, 1s));
  EXPECT_EQ(mint({"--format", "url", "--format", "json"}).format, result_format::json);
  EXPECT_EQ(mint({"--connections", "many", "--connections", "3"}).connections, 3u);
  EXPECT_EQ(sandbox_of({"--port", "1", "--port", "2"}).server.port, 2);
  EXPECT_EQ(std::get<demo_arguments>(parse({"demo", "--accounts", "1", "--accounts", "2"})).accounts, 2u);
}

TEST(cli_arguments, redirect_hosts_add_up) {
  EXPECT_EQ(mint({"--redirect-host", "a.example", "se-1", "--redirect-host=b.example"}).redirect_hosts,
            (std::vector<std::string>{"a.example", "b.example"}));
}

TEST(cli_arguments, help_is_asked_for_in_many_ways) {
  const auto text = [](const std::vector<const char*>& arguments) {
    return std::get<show_text>(parse(arguments)).text;
  };
  const std::string all = text({"--help"}), of_mint = text({"mint", "--help"});
  EXPECT_NE(all, of_mint);
  EXPECT_EQ(text({}), all);
  EXPECT_EQ(text({"help"}), all);
  EXPECT_EQ(text({"help", "help"}), all);
  EXPECT_EQ(text({"help", "mint"}), of_mint);
  EXPECT_EQ(text({"help", "sandbox"}), text({"sandbox", "-h"}));
  EXPECT_EQ(text({"help", "demo"}), text({"demo", "-h"}));
  EXPECT_EQ(complaint({"help", "mnt"}),
            "there is no command \"mnt\"; did you mean mint? See ephemint --help");
  EXPECT_EQ(of_mint.find("> tokens"), of_mint.npos) << "a token is no thing to keep";
}

TEST(cli_arguments, command_to_run_stands_behind_dashes) {
  EXPECT_TRUE(sandbox_of({}).command.empty());
  EXPECT_EQ(sandbox_of({"--port", "1", "--", "./portal", "--port", "2", "--", "x"}).command,
            (std::vector<std::string>{"./portal", "--port", "2", "--", "x"}));
  EXPECT_EQ(complaint({"sandbox", "--"}),
            "--: give the command to run behind it, as in ephemint sandbox -- ./portal");
}

TEST(cli_arguments, sandbox_faults_and_limits_are_checked) {
  EXPECT_TRUE(complaint({"sandbox", "--fault", "status=999"}).starts_with("--fault: "));
  EXPECT_TRUE(complaint({"sandbox", "--fault", "{}"}).starts_with("--fault: "));
  EXPECT_TRUE(complaint({"sandbox", "--rate-limit", "200"}).starts_with("--rate-limit: "));
}

TEST(cli_arguments, keys_on_the_command_line_are_refused_and_not_repeated) {  // behaviours: X5
  const std::string line =
      "--api-key: everybody on this machine can read the command line; put the key into the environment as "
      "EPHEMINT_API_KEY, or into a file for --api-key-file";
  EXPECT_EQ(complaint({"mint", "se-1", "--api-key", "TEST_secret"}), line);
  EXPECT_EQ(complaint({"mint", "se-1", "--api-key=TEST_secret"}), line);
  for (const char* misspelt : {"--apikey=TEST_secret", "-kTEST_secret", "--key=TEST_secret"})
    for (const char* command : {"mint", "sandbox", "demo"})
      EXPECT_EQ(complaint({command, misspelt}).find("TEST_secret"), std::string::npos) << misspelt;
}

}  // namespace
}  // namespace ephemint::cli
