#include "support/cli_fixture.hpp"
#include "support/gateway_process.hpp"
#include "support/plain_http.hpp"
#include "support/temporary_directory.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// behaviours: G19, G20, G21, G22, G23

namespace ephemint::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view link_secret = "planted-link-key-0123456789abcdefghij";
constexpr std::string_view bearer_token = "planted-bearer-token";

/// A directory with a test's files.
class files {
 public:
  std::string path(const std::string& name) const { return directory_.path() + '/' + name; }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream{path(name), std::ios::trunc} << text;
    ::chmod(path(name).c_str(), 0600);
    return path(name);
  }

 private:
  temporary_directory directory_;
};

std::string text_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

plain_http::answer mint_at(const std::string& address, plain_http::fields more = {},
                           const std::string& account = "se-1") {
  more["Content-Type"] = "application/json";
  if (address.starts_with("http://")) more["Host"] = address.substr(7);
  return ask_once(address, "POST", "/v1/tokens", more, R"({"account":")" + account + R"("})");
}

class cli_gateway : public cli_test {
 protected:
  explicit cli_gateway(sandbox::server_options options = {}) : cli_test{std::move(options)} {}

  std::vector<std::string> gateway_command(std::vector<std::string> options) const {
    std::vector<std::string> all{EPHEMINT_COMMAND, "gateway", "--ca-file",
                                 authority.path(), "--rate",  "unlimited"};
    std::move(options.begin(), options.end(), std::back_inserter(all));
    return all;
  }

  std::unique_ptr<gateway_process> start(std::vector<std::string> options,
                                         std::map<std::string, std::string> variables = {}) const {
    for (const auto& [name, value] : environment()) variables.emplace(name, value);
    return std::make_unique<gateway_process>(gateway_command(std::move(options)), std::move(variables));
  }

  outcome run(std::vector<std::string> options, std::map<std::string, std::string> variables = {}) const {
    for (const auto& [name, value] : environment()) variables.emplace(name, value);
    return run_command(gateway_command(std::move(options)), std::move(variables));
  }

  std::string socket() const { return "unix:" + at.path("e.sock"); }
  std::string link_keys() const { return at.write("link-keys", "k1 " + std::string{link_secret} + "\n"); }
  std::string bearers() const { return at.write("bearers", "shop " + hash_of_token() + " se-*\n"); }
  std::string key_file() const { return at.write("api-key", api.api_key() + "\n"); }
  static std::string hash_of_token();

  std::vector<std::string> login_options() const {
    return {"--listen",        socket(),    "--login-listen", "127.0.0.1:0",
            "--link-key-file", link_keys(), "--public-url",   "https://login.example.com"};
  }
  static std::string link_for(const std::string& account, std::string_view key = link_secret) {
    const auto keys = gateway::parse_link_keys("k1 " + std::string{key});
    const std::string link =
        gateway::make_login_link({.account = account}, keys.front(), "https://login.example.com");
    return link.substr(link.find("/login/"));
  }

  void await_requests(std::uint64_t count) const {
    while (api.stats().requests < count) std::this_thread::yield();
  }

  files at;
};

std::string cli_gateway::hash_of_token() {
  // sha256("planted-bearer-token"), by sha256sum
  return "dfeb409cd416f59c80c5ac5ccd83d6f61d4fcacc6a31a458feeb0c434ecf6d84";
}

// --- start and ready line ---

TEST_F(cli_gateway, ready_line_says_where_it_listens_and_faces_that_are_off_are_left_out) {
  const auto alone = start({"--listen", socket()});
  EXPECT_EQ(alone->ready, "{\"listen\":\"" + socket() + "\"}");
  EXPECT_EQ(mint_at(alone->backend).status, 200);
  EXPECT_EQ(alone->end(SIGTERM).status, 0);

  std::vector<std::string> all = login_options();
  all.insert(all.end(), {"--admin-listen", "127.0.0.1:0"});
  const auto three = start(all);
  EXPECT_THAT(three->login, StartsWith("http://127.0.0.1:"));
  EXPECT_THAT(three->admin, StartsWith("http://127.0.0.1:"));
  EXPECT_EQ(ask_once(three->admin, "GET", "/healthz").status, 200);
  EXPECT_EQ(three->end(SIGINT).status, 0);
}

TEST_F(cli_gateway, backend_without_an_address_is_a_socket_in_the_runtime_directory) {
  const auto running = start({}, {{"RUNTIME_DIRECTORY", at.path("")}});
  EXPECT_THAT(running->backend, StartsWith("unix:" + at.path("")));
  EXPECT_EQ(mint_at(running->backend).status, 200);
  struct stat facts {};
  ASSERT_EQ(::stat(running->backend.substr(5).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0660u);
  EXPECT_EQ(running->end(SIGTERM).status, 0);
  EXPECT_NE(::stat(running->backend.substr(5).c_str(), &facts), 0) << "its socket goes with it";
}

TEST_F(cli_gateway, options_come_from_the_environment) {
  const auto running = start({}, {{"EPHEMINT_LISTEN", socket()},
                                  {"EPHEMINT_SOCKET_MODE", "0600"},
                                  {"EPHEMINT_ADMIN_LISTEN", "127.0.0.1:0"},
                                  {"EPHEMINT_PER_ACCOUNT", "1/1h"}});
  EXPECT_NE(running->admin, "");
  EXPECT_EQ(mint_at(running->backend).status, 200);
  EXPECT_EQ(mint_at(running->backend).status, 429);
  struct stat facts {};
  ASSERT_EQ(::stat(socket().substr(5).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(running->end(SIGINT).status, 0);
}

TEST_F(cli_gateway, files_come_from_the_credentials_directory) {
  key_file();
  link_keys();
  bearers();
  const auto running =
      start({"--listen", "127.0.0.1:0", "--login-listen", "127.0.0.1:0", "--public-url",
             "https://login.example.com"},
            {{"CREDENTIALS_DIRECTORY", at.path("")}, {"EPHEMINT_API_KEY", "TEST_of_nobody"}});
  const std::string authorized = "Bearer " + std::string{bearer_token};
  EXPECT_EQ(mint_at(running->backend, {{"Authorization", authorized}}).status, 200);
  EXPECT_EQ(mint_at(running->backend).status, 401);
  EXPECT_EQ(mint_at(running->backend, {{"Authorization", authorized}}, "xx-1").status, 403);
  EXPECT_EQ(ask_once(running->login, "GET", link_for("se-2")).status, 302);
  EXPECT_EQ(running->end(SIGINT).status, 0);
}

TEST_F(cli_gateway, socket_that_nobody_listens_on_is_replaced) {
  const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, socket().substr(5).c_str());
  ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(left);
  const auto running = start({"--listen", socket()});
  EXPECT_EQ(mint_at(running->backend).status, 200);
  const outcome second = run({"--listen", socket()});
  EXPECT_EQ(second.status, 2);
  EXPECT_THAT(second.err, HasSubstr("something listens there already"));
  EXPECT_EQ(mint_at(running->backend).status, 200) << "the first one still serves";
}

// --- what is wrong ---

TEST_F(cli_gateway, what_is_wrong_is_told_in_one_line_with_and_without_check) {
  const std::string keys = link_keys(), bad_keys = at.write("bad-keys", "k1 hunter2\n");
  const std::string bad_bearers = at.write("bad-bearers", "shop hunter2\n");
  const std::string directory = at.path("");
  const struct {
    std::vector<std::string> options;
    std::map<std::string, std::string> variables;
    std::string message;
  } cases[] = {
      {{}, {}, "--listen: there is nowhere to listen; give unix:/path/to.sock or 127.0.0.1:PORT, or "},
      {{"--listen", "here"}, {}, "--listen: \"here\" isn't an address"},
      {{"--listen", "unix:e.sock"}, {}, "--listen: \"unix:e.sock\" isn't an absolute path"},
      {{"--listen", "127.0.0.1:70000"}, {}, "--listen: \"127.0.0.1:70000\" isn't an address"},
      {{"--listen", "0.0.0.0:0"}, {}, "--listen: "},
      {{"--listen", "127.0.0.1:0"}, {}, "--bearer-file: there is none"},
      {{"--listen", socket(), "--admin-listen", "0.0.0.0:0"}, {}, "--admin-listen: "},
      {{"--listen", socket(), "--login-listen", "127.0.0.1:0"}, {}, "--link-key-file: "},
      {{"--listen", socket(), "--login-listen", "127.0.0.1:0", "--link-key-file", keys},
       {},
       "--public-url: "},
      {{"--listen", socket(), "--login-listen", "127.0.0.1:0", "--link-key-file", keys, "--public-url",
        "http://login.example.com"},
       {},
       "--public-url: "},
      {{"--listen", socket(), "--login-listen", "127.0.0.1:0", "--link-key-file", keys, "--public-url",
        "https://login.example.com", "--back-url", "javascript:x"},
       {},
       "--back-url: "},
      {{"--listen", socket(), "--link-key-file", bad_keys},
       {},
       "--link-key-file: \"" + bad_keys + "\": line 1 "},
      {{"--listen", socket(), "--link-key-file", "/nowhere/k"},
       {},
       "--link-key-file: \"/nowhere/k\" can't be read"},
      {{"--listen", socket(), "--bearer-file", bad_bearers}, {}, "--bearer-file: \"" + bad_bearers + "\": "},
      {{"--listen", socket(), "--api-key-file", "/nowhere/k"},
       {},
       "--api-key-file: \"/nowhere/k\" can't be read"},
      {{"--listen", socket()}, {{"EPHEMINT_API_KEY", ""}}, "there is no API key; "},
      {{"--listen", socket()}, {{"EPHEMINT_API_KEY", "two words"}}, "API key: "},
      {{"--listen", socket(), "--ca-file", "/nowhere/ca"}, {}, "--ca-file: "},
      {{"--listen", socket(), "--base-url", "http://localhost"}, {}, "--base-url: "},
      {{"--listen", socket(), "--proxy", "nonsense"}, {}, "--proxy: "},
      {{"--listen", socket(), "--quota-share", "1/1s"}, {}, "--quota-share: there is no quota store"},
      {{"--listen", socket(), "--socket-mode", "rw"}, {}, "--socket-mode: "},
      {{"--listen", socket(), "--deadline", "2min"}, {}, "--deadline: "},
      // by their variables
      {{}, {{"EPHEMINT_LISTEN", "here"}}, "EPHEMINT_LISTEN: \"here\" isn't an address"},
      {{"--listen", socket()}, {{"EPHEMINT_ADMIN_LISTEN", "0.0.0.0:1"}}, "EPHEMINT_ADMIN_LISTEN: "},
      {{"--listen", socket()},
       {{"EPHEMINT_LINK_KEY_FILE", bad_keys}},
       "EPHEMINT_LINK_KEY_FILE: \"" + bad_keys},
      {{"--listen", socket()}, {{"EPHEMINT_BASE_URL", "http://localhost"}}, "EPHEMINT_BASE_URL: "},
      {{"--listen", socket()}, {{"EPHEMINT_PER_ACCOUNT", "6"}}, "EPHEMINT_PER_ACCOUNT: \"6\" is not a rate"},
      {{"--listen", socket()}, {{"EPHEMINT_CONFIRM", "perhaps"}}, "EPHEMINT_CONFIRM: "},
      // what the service manager hands over
      {{}, {{"RUNTIME_DIRECTORY", directory + std::string(100, 'x')}}, "--listen: "},
  };
  for (const auto& c : cases)
    for (const bool check : {false, true}) {
      std::vector<std::string> options = c.options;
      if (check) options.emplace_back("--check");
      const outcome all = run(options, c.variables);
      EXPECT_EQ(all.status, 2) << all.err;
      EXPECT_EQ(all.out, "");
      EXPECT_THAT(all.err, StartsWith("ephemint: " + c.message));
      EXPECT_EQ(lines_of(all.err).size(), 1u) << all.err;
      EXPECT_THAT(all.err, Not(HasSubstr("hunter2")));
      expect_no_secret(all.err);
    }
}

TEST_F(cli_gateway, check_says_that_it_would_start_and_binds_nothing) {
  std::vector<std::string> options = login_options();
  options.insert(options.end(), {"--check", "--bearer-file", bearers(), "--api-key-file", key_file()});
  const outcome all = run(options);
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_EQ(all.out, "ok: it would start\n");
  EXPECT_EQ(all.err, "");
  struct stat facts {};
  EXPECT_NE(::stat(socket().substr(5).c_str(), &facts), 0);
  EXPECT_EQ(api.stats().connections_opened, 0u);

  const auto running = start({"--listen", socket()});
  EXPECT_EQ(run(options).status, 0) << "beside one that runs";
}

TEST_F(cli_gateway, file_that_everybody_can_read_is_warned_of_in_the_log) {
  const std::string keys = link_keys();
  ::chmod(keys.c_str(), 0644);
  const auto running = start({"--listen", socket(), "--link-key-file", keys});
  const auto members = members_of(running->log_until("everybody on this machine can read"));
  EXPECT_THAT(members, ::testing::Contains(::testing::Key("message")));
  EXPECT_THAT(members, ::testing::Contains(::testing::Key("time")));
}

// --- signals ---

TEST_F(cli_gateway, after_sigterm_it_serves_on_for_the_drain_delay_and_says_that_it_goes) {
  const auto running = start({"--listen", socket(), "--admin-listen", "127.0.0.1:0", "--drain-delay", "1h"});
  running->log_until("started");
  running->program.signal(SIGTERM);
  EXPECT_THAT(running->log_until("stopping"), HasSubstr("3600000 ms"));
  const auto readiness = ask_once(running->admin, "GET", "/readyz");
  EXPECT_EQ(readiness.status, 503);
  EXPECT_THAT(readiness.body, HasSubstr("draining"));
  EXPECT_EQ(mint_at(running->backend).status, 200);
  EXPECT_EQ(running->end(SIGTERM).status, 0) << "the second one doesn't wait";
  EXPECT_THAT(running->log, ::testing::Contains(HasSubstr("told twice")));
}

TEST_F(cli_gateway, sigint_waits_for_no_drain_delay) {
  const auto running = start({"--listen", socket(), "--drain-delay", "1h"});
  EXPECT_EQ(running->end(SIGINT).status, 0);
}

TEST_F(cli_gateway, signal_right_behind_the_start_is_not_lost) {
  for (const int signal : {SIGTERM, SIGINT}) {
    command program{gateway_command({"--listen", socket(), "--drain-delay", "0s"}), environment()};
    program.read_line();
    program.signal(SIGHUP);
    program.signal(signal);
    EXPECT_EQ(program.wait().status, 0);
  }
}

class slow_cli_gateway : public cli_gateway {
 protected:
  slow_cli_gateway() : cli_gateway{{.latency = std::chrono::milliseconds{700}}} {}
};

TEST_F(slow_cli_gateway, login_under_way_gets_its_answer_after_sigterm) {
  const auto running = start({"--listen", socket()});
  plain_http asking{running->backend};
  asking.send_request("POST", "/v1/tokens", {{"Content-Type", "application/json"}}, R"({"account":"se-1"})");
  await_requests(1);
  running->program.signal(SIGTERM);
  EXPECT_EQ(asking.read_answer().status, 200);
  EXPECT_EQ(running->program.wait().status, 0);
}

TEST_F(cli_gateway, drained_under_load_it_loses_no_login) {
  const auto gateway = start({"--listen", socket(), "--per-account", "off"});
  std::atomic<int> answered{0}, lost{0};
  const auto keep_asking = [&](int account, bool by_one_connection) {
    const plain_http::fields json{{"Content-Type", "application/json"}};
    const std::string body = R"({"account":"se-)" + std::to_string(account) + R"("})";
    try {
      while (true) {
        plain_http client{gateway->backend};  // throws when nobody listens any more: that's the end
        try {
          bool kept = true;
          while (kept) {
            const auto answer = client.ask("POST", "/v1/tokens", json, body);
            ++(answer.status == 200 ? answered : lost);
            kept = by_one_connection && answer.header("connection") != "close";
          }
        } catch (const std::runtime_error&) {
          ++lost;
        }
      }
    } catch (const std::system_error&) {
    }
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) callers.emplace_back(keep_asking, i, i % 2 == 0);
  while (answered < 100 && lost == 0) std::this_thread::yield();
  const outcome over = gateway->end(SIGTERM);
  for (std::thread& one : callers) one.join();
  EXPECT_EQ(over.status, 0);
  EXPECT_EQ(lost, 0);
}

TEST_F(slow_cli_gateway, second_signal_ends_it_with_a_login_under_way) {
  const auto running = start({"--listen", socket(), "--attempt-timeout", "1h", "--deadline", "60s"});
  api.add_fault({.account = "se-9", .delay = std::chrono::hours{1}});
  plain_http asking{running->backend};
  asking.send_request("POST", "/v1/tokens", {{"Content-Type", "application/json"}}, R"({"account":"se-9"})");
  await_requests(1);
  running->program.signal(SIGTERM);
  running->log_until("stopping");
  EXPECT_EQ(running->end(SIGTERM).status, 0);
  EXPECT_TRUE(asking.ends_within(std::chrono::seconds{10}));
}

TEST_F(cli_gateway, sighup_reads_the_files_again) {
  const std::string key = key_file(), keys = link_keys(), names = bearers();
  const auto running =
      start({"--listen", "127.0.0.1:0", "--bearer-file", names, "--login-listen", "127.0.0.1:0",
             "--link-key-file", keys, "--public-url", "https://login.example.com", "--api-key-file", key});
  const plain_http::fields shop{{"Authorization", "Bearer " + std::string{bearer_token}}};
  EXPECT_EQ(mint_at(running->backend, shop).status, 200);

  constexpr std::string_view new_secret = "another-link-key-0123456789abcdefghij";
  api.set_api_key("TEST_rotated");
  at.write("api-key", "TEST_rotated\n");
  at.write("link-keys", "k1 " + std::string{new_secret} + "\n");
  at.write("bearers", "office " + hash_of_token() + " of-*\n");
  running->program.signal(SIGHUP);
  EXPECT_NE(running->log_until("bearers: read again"), "");
  EXPECT_THAT(running->log, ::testing::Contains(HasSubstr("API key: read again")));
  EXPECT_THAT(running->log, ::testing::Contains(HasSubstr("link keys: read again")));

  EXPECT_EQ(mint_at(running->backend, shop, "of-1").status, 200) << "by the new key";
  EXPECT_EQ(mint_at(running->backend, shop, "se-1").status, 403);
  EXPECT_EQ(ask_once(running->login, "GET", link_for("se-2")).status, 403);
  EXPECT_EQ(ask_once(running->login, "GET", link_for("se-2", new_secret)).status, 302);
  EXPECT_EQ(running->end(SIGINT).status, 0);
}

TEST_F(cli_gateway, broken_file_keeps_what_was_read_before) {
  const std::string key = key_file(), keys = link_keys(), names = bearers();
  const auto running =
      start({"--listen", "127.0.0.1:0", "--bearer-file", names, "--login-listen", "127.0.0.1:0",
             "--link-key-file", keys, "--public-url", "https://login.example.com", "--api-key-file", key});
  ::unlink(key.c_str());
  at.write("link-keys", "k1 hunter2\n");
  at.write("bearers", "shop hunter2\n");
  running->program.signal(SIGHUP);
  running->log_until("bearers: kept as before: --bearer-file: ");
  EXPECT_THAT(running->log, ::testing::Contains(HasSubstr("API key: kept as before: --api-key-file: ")));
  EXPECT_THAT(running->log, ::testing::Contains(HasSubstr("link keys: kept as before: --link-key-file: ")));
  const plain_http::fields shop{{"Authorization", "Bearer " + std::string{bearer_token}}};
  EXPECT_EQ(mint_at(running->backend, shop).status, 200);
  EXPECT_EQ(ask_once(running->login, "GET", link_for("se-2")).status, 302);
  EXPECT_EQ(running->end(SIGINT).status, 0);
  for (const std::string& line : running->log) EXPECT_THAT(line, Not(HasSubstr("hunter2")));
}

TEST_F(cli_gateway, key_of_the_environment_can_not_be_read_again_and_that_is_said) {
  const auto running = start({"--listen", socket()});
  running->program.signal(SIGHUP);
  EXPECT_NE(running->log_until("the API key came from the environment: there is nothing to read again"), "");
  EXPECT_EQ(mint_at(running->backend).status, 200);
}

// --- the log ---

TEST_F(cli_gateway, log_is_json_and_holds_no_secret) {
  std::vector<std::string> options = login_options();
  options.insert(options.end(), {"--admin-listen", "127.0.0.1:0"});
  const auto running = start(options);
  const auto minted = mint_at(running->backend);
  const std::string path = link_for("se-2"), ticket = path.substr(path.rfind('/') + 1);
  const auto login = ask_once(running->login, "GET", path);
  EXPECT_EQ(login.status, 302);
  const auto again = ask_once(running->login, "GET", path);
  EXPECT_EQ(again.status, 403);
  const auto refused = ask_once(running->login, "GET", path + "x");
  const auto metrics = ask_once(running->admin, "GET", "/metrics");
  EXPECT_THAT(metrics.body, HasSubstr("ephemint_mints_total"));
  EXPECT_EQ(running->end(SIGINT).status, 0);

  std::vector<std::string> texts{again.body, refused.body, metrics.body};
  std::map<std::string, int> routes;
  for (const std::string& line : running->log) {
    texts.push_back(line);
    const auto members = members_of(line);
    EXPECT_TRUE(members.contains("time")) << line;
    EXPECT_NE(members.contains("route"), members.contains("message")) << line;
    if (members.contains("route")) ++routes[members.at("listener") + ' ' + members.at("route")];
    for (const auto& [name, value] : members)
      EXPECT_THAT(name, AnyOf("time", "listener", "route", "status", "ms", "who", "code", "why", "account",
                              "request_id", "remaining_ms", "message"))
          << line;
  }
  EXPECT_EQ(routes["backend tokens"], 1);
  EXPECT_EQ(routes["login login"], 3);
  EXPECT_EQ(routes["admin metrics"], 1);
  const std::string& where = login.header("location");
  for (const std::string& text : texts) {
    expect_no_secret(text);
    for (const std::string& secret : {std::string{link_secret}, ticket, where})
      EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
  EXPECT_THAT(minted.body, Not(HasSubstr(api.api_key())));
}

TEST_F(cli_gateway, accounts_in_the_log_are_plain_hashed_or_left_out) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "se-1"}, {"hash", "f21989783bc4aedf"}, {"none", ""}};
  for (const auto& [how, shown] : cases) {
    const auto running = start({"--listen", socket(), "--log-accounts", how});
    EXPECT_EQ(mint_at(running->backend).status, 200);
    const auto members = members_of(running->log_until("\"tokens\""));
    EXPECT_EQ(members.contains("account") ? members.at("account") : "", shown);
    EXPECT_EQ(running->end(SIGINT).status, 0);
  }
}

TEST_F(cli_gateway, log_that_nobody_reads_holds_nobody_up) {
  const auto running = start({"--listen", socket()});
  plain_http asking{running->backend};
  // A pipe takes 64 KiB.
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(asking.ask("GET", "/nowhere").status, 404);
  EXPECT_NE(running->log_until("404"), "");
  running->log_until("lines of the log were lost");
}

TEST_F(cli_gateway, closed_stderr_and_stdout_end_nothing) {
  std::vector<std::string> words{"/bin/sh", "-c", "exec \"$0\" \"$@\" >&- 2>&-"};
  for (std::string& word : gateway_command({"--listen", socket()})) words.push_back(std::move(word));
  command program{words, environment()};
  struct stat facts {};
  while (::stat(socket().substr(5).c_str(), &facts) != 0) std::this_thread::yield();
  while (true) try {
      EXPECT_EQ(mint_at(socket()).status, 200);
      break;
    } catch (const std::system_error&) {  // between bind and listen
    }
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait().status, 0);
}

// --- the service manager ---

/// A service manager's end, which reads the notifications.
class notifications {
 public:
  explicit notifications(const std::string& path) : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  notifications(const notifications&) = delete;
  notifications& operator=(const notifications&) = delete;
  ~notifications() { ::close(socket_); }

  std::string next() {
    pollfd news{socket_, POLLIN, 0};
    char text[1000];
    if (::poll(&news, 1, 20'000) <= 0) return {};
    const ssize_t size = ::recv(socket_, text, sizeof text, 0);
    return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  int socket_;
};

TEST_F(cli_gateway, service_manager_hears_of_ready_reloading_and_stopping) {
  for (const std::string& path : {at.path("notify"), "@ephemint-test-" + std::to_string(::getpid())}) {
    notifications manager{path};
    const auto running =
        start({"--listen", socket(), "--api-key-file", key_file()}, {{"NOTIFY_SOCKET", path}});
    EXPECT_EQ(manager.next(), "READY=1\nSTATUS=serving");
    running->program.signal(SIGHUP);
    EXPECT_THAT(manager.next(), ::testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    EXPECT_EQ(manager.next(), "READY=1");
    running->program.signal(SIGTERM);
    EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
    EXPECT_EQ(running->program.wait().status, 0);
  }
}

TEST_F(cli_gateway, service_manager_that_is_gone_stops_nothing) {
  const auto running = start({"--listen", socket()}, {{"NOTIFY_SOCKET", at.path("nobody")}});
  EXPECT_EQ(mint_at(running->backend).status, 200);
  EXPECT_EQ(running->end(SIGTERM).status, 0);
}

/// A socket that listens, and that a child inherits, under a number that no shell uses.
class listening_socket {
 public:
  explicit listening_socket(const std::string& path = {}) {
    const int made = ::socket(path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::strcpy(at.sun_path, path.c_str());
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* address =
        path.empty() ? reinterpret_cast<const sockaddr*>(&loopback) : reinterpret_cast<const sockaddr*>(&at);
    EXPECT_EQ(::bind(made, address, path.empty() ? sizeof loopback : sizeof at), 0);
    EXPECT_EQ(::listen(made, 16), 0);
    descriptor = ::fcntl(made, F_DUPFD, 20);
    ::close(made);
  }
  listening_socket(const listening_socket&) = delete;
  listening_socket& operator=(const listening_socket&) = delete;
  ~listening_socket() { ::close(descriptor); }

  int descriptor;
};

/// The program as systemd starts it: the sockets from descriptor 3 on, and variables that say so.
std::vector<std::string> activated(std::vector<std::string> words, const std::vector<int>& sockets) {
  std::string script = "exec";
  for (std::size_t i = 0; i < sockets.size(); ++i)
    script += ' ' + std::to_string(3 + i) + "<&" + std::to_string(sockets[i]);
  script += "; LISTEN_PID=$$ exec \"$0\" \"$@\"";
  words.insert(words.begin(), {"/bin/bash", "-c", script});  // sh knows no descriptor above 9
  return words;
}

TEST_F(cli_gateway, activated_sockets_are_served_by_their_names_and_left_alone) {
  link_keys();
  const std::string path = at.path("activated.sock");
  const listening_socket login, backend{path};
  auto variables = environment();
  variables.insert({{"LISTEN_FDS", "2"},
                    {"LISTEN_FDNAMES", "login:backend"},
                    {"EPHEMINT_LINK_KEY_FILE", link_keys()},
                    {"EPHEMINT_PUBLIC_URL", "https://login.example.com"},
                    {"EPHEMINT_DRAIN_DELAY", ""}});
  gateway_process running{activated(gateway_command({}), {login.descriptor, backend.descriptor}), variables};
  EXPECT_EQ(running.backend, "unix:" + path);
  EXPECT_EQ(mint_at("unix:" + path).status, 200);
  EXPECT_EQ(ask_once(running.login, "GET", link_for("se-2")).status, 302);
  running.program.signal(SIGTERM);
  EXPECT_THAT(running.log_until("stopping"), HasSubstr("for 0 ms")) << "no balancer has to hear of it";
  EXPECT_EQ(running.program.wait().status, 0);
  struct stat facts {};
  EXPECT_EQ(::stat(path.c_str(), &facts), 0) << "it isn't ours";
}

TEST_F(cli_gateway, one_activated_socket_without_a_name_is_the_backend) {
  const std::string path = at.path("activated.sock");
  const listening_socket backend{path};
  auto variables = environment();
  variables["LISTEN_FDS"] = "1";
  gateway_process running{activated(gateway_command({}), {backend.descriptor}), variables};
  EXPECT_EQ(running.ready, "{\"listen\":\"unix:" + path + "\"}");
  EXPECT_EQ(mint_at("unix:" + path).status, 200);
  EXPECT_EQ(running.end(SIGTERM).status, 0);
}

TEST_F(cli_gateway, activated_sockets_that_are_not_ours_are_refused) {
  const listening_socket one{at.path("a.sock")}, two{at.path("b.sock")}, tcp;
  const int no_socket = ::fcntl(::open("/dev/null", O_RDONLY | O_CLOEXEC), F_DUPFD, 20);
  const struct {
    std::vector<int> sockets;
    std::string count, names, message;
    std::vector<std::string> options = {};
  } cases[] = {
      {{one.descriptor},
       "1",
       "web",
       "LISTEN_FDS: a socket is called \"web\"; give each socket unit FileDescr"},
      {{one.descriptor, two.descriptor}, "2", "", "LISTEN_FDS: a socket is called \"\"; "},
      {{one.descriptor, two.descriptor},
       "2",
       "backend:backend",
       "LISTEN_FDS: two sockets are called backend; "},
      {{one.descriptor}, "2", "backend:admin", "LISTEN_FDS: descriptor 4 is no socket that listens; "},
      {{no_socket}, "1", "backend", "LISTEN_FDS: descriptor 3 is no socket that listens; "},
      {{one.descriptor}, "many", "backend", "LISTEN_FDS: \"many\" is not a whole number"},
      {{one.descriptor},
       "1",
       "backend",
       "--listen: the service manager hands over a socket",
       {"--listen", socket()}},
      {{tcp.descriptor}, "1", "backend", "--bearer-file: there is none"},
  };
  for (const auto& c : cases) {
    auto variables = environment();
    variables.insert({{"LISTEN_FDS", c.count}, {"LISTEN_FDNAMES", c.names}});
    const outcome all = run_command(activated(gateway_command(c.options), c.sockets), variables);
    EXPECT_EQ(all.status, 2);
    EXPECT_THAT(all.err, StartsWith("ephemint: " + c.message));
  }
  ::close(no_socket);
}

TEST_F(cli_gateway, sockets_of_another_process_are_not_looked_at) {
  const auto running = start({"--listen", socket()}, {{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}});
  EXPECT_EQ(mint_at(running->backend).status, 200);
}

TEST_F(cli_gateway, units_are_right_and_leave_little_open) {
  const bool there = run_command({"/bin/sh", "-c", "command -v systemd-analyze"}).status == 0;
  if (!there) GTEST_SKIP() << "needs systemd-analyze (the package systemd)";
  const std::string name = "ephemint-gateway";
  std::string service = text_of(EPHEMINT_UNITS "/" + name + ".service.in");
  const std::string command = "@EPHEMINT_BINDIR@/ephemint";
  ASSERT_NE(service.find(command), service.npos);
  service.replace(service.find(command), command.size(), EPHEMINT_COMMAND);
  const std::string unit = at.write(name + ".service", service);
  const std::string socket_unit = at.write(name + ".socket", text_of(EPHEMINT_UNITS "/" + name + ".socket"));
  const outcome verified = run_command({"/usr/bin/env", "systemd-analyze", "verify", unit, socket_unit});
  EXPECT_EQ(verified.status, 0);
  EXPECT_EQ(verified.out + verified.err, "");
  const outcome secure =
      run_command({"/usr/bin/env", "systemd-analyze", "security", "--offline=true", "--threshold=15", unit});
  EXPECT_EQ(secure.status, 0) << secure.out;
}

}  // namespace
}  // namespace ephemint::test
