#include "http/listening.hpp"
#include "support/client_run.hpp"
#include "support/plain_http.hpp"
#include "support/sandbox_fixture.hpp"
#include "support/temporary_directory.hpp"
#include "support/token_account.hpp"
#include "tickets/signing.hpp"

#include <ephemint/gateway/login_link.hpp>
#include <ephemint/gateway/server.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>

// The gateway as a program that embeds it uses it: all of its faces with a sandbox, and its lifetime.

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;
using ephemint::test::ask_once;
using ephemint::test::eventually;
using ephemint::test::plain_http;
using ephemint::test::temporary_directory;
using ::testing::HasSubstr;

const plain_http::fields json{{"Content-Type", "application/json"}};

std::ptrdiff_t threads_of_this_process() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, {});
}

/// A gateway in front of a sandbox, with all of its faces.
class gateway_server : public ::testing::Test {
 protected:
  server_options options() {
    server_options o;
    o.client = test::options_for(api_);
    o.backend.at = "unix:" + socket_;
    o.login.at = "127.0.0.1:0";
    o.admin.at = "127.0.0.1:0";
    o.public_url = "https://Login.Example.com/";
    o.link_keys = parse_link_keys("k1 " + std::string(32, '1'));
    o.log = [this](std::string_view line) {
      const std::lock_guard lock{mutex_};
      log_.emplace_back(line);
    };
    return o;
  }

  static plain_http::answer mint(const std::string& at, const std::string& account = "se-1") {
    return ask_once(at, "POST", "/v1/tokens", json, "{\"account\":\"" + account + "\"}");
  }
  static std::string target_of_link(const link_key& key) {
    const std::string url = make_login_link({.account = "se-1"}, key, "https://login.example.com");
    return url.substr(url.find("/login/"));
  }
  std::vector<std::string> log() {
    const std::lock_guard lock{mutex_};
    return log_;
  }
  /// Holds a mint on the sandbox's side until it is told to go on.
  void slow_down(std::chrono::milliseconds delay) { api_.add_fault({.delay = delay}); }

  temporary_directory place_;
  std::string socket_ = place_.path() + "/e.sock";
  sandbox::server api_;
  std::mutex mutex_;
  std::vector<std::string> log_;
};

TEST_F(gateway_server, serves_on_a_thread_of_its_own) {
  server serving{options()};
  const server_addresses& at = serving.addresses();
  EXPECT_EQ(at.backend, "unix:" + socket_);
  EXPECT_TRUE(at.login.starts_with("http://127.0.0.1:"));
  EXPECT_TRUE(at.admin.starts_with("http://127.0.0.1:"));
  const auto minted = mint(at.backend);
  EXPECT_EQ(minted.status, 200) << minted.body;
  EXPECT_THAT(minted.body, HasSubstr("\"login_url\":\"" + api_.base_url()));
  const auto link = parse_link_keys("k1 " + std::string(32, '1'));
  const auto login = ask_once(at.login, "GET", target_of_link(link.front()));
  EXPECT_EQ(login.status, 302) << login.body;
  EXPECT_TRUE(login.header("location").starts_with(api_.base_url()));
  EXPECT_EQ(ask_once(at.admin, "GET", "/healthz").status, 200);
  EXPECT_TRUE(eventually([&] { return ask_once(at.admin, "GET", "/readyz").status == 200; }));
  EXPECT_EQ(api_.stats().minted, 2U);
  EXPECT_EQ(serving.stats().minted, 2U);
  EXPECT_THAT(log().front(), HasSubstr("\"listener\":\"backend\",\"route\":\"tokens\",\"status\":200"));
  for (const std::string& line : log()) EXPECT_EQ(line.find("eyJ"), line.npos) << "a token or ticket";
}

TEST_F(gateway_server, serves_on_a_callers_threads) {
  asio::thread_pool threads{3};
  std::optional<server> serving{std::in_place, threads.get_executor(), options()};
  const std::string at = serving->addresses().backend;
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t)
    clients.emplace_back([&at, t] {
      for (int i = 0; i < 3; ++i) EXPECT_EQ(mint(at, "se-" + std::to_string(10 * t + i)).status, 200);
    });
  for (std::thread& one : clients) one.join();
  EXPECT_EQ(api_.stats().minted, 12U);
  EXPECT_TRUE(serving->async_close(asio::use_future).get());
  serving.reset();
  threads.join();
}

// behaviours: G1, G14
TEST_F(gateway_server, callers_that_go_at_any_moment_leave_the_others_their_own_logins) {
  api_.add_fault({.delay = 2ms, .jitter = 3ms});
  asio::thread_pool threads{3};
  std::optional<server> serving{std::in_place, threads.get_executor(), options()};
  const std::string at = serving->addresses().backend;
  const auto ask_and_go = [&at](int caller) {
    std::optional<plain_http> client{std::in_place, at};
    for (int i = 0; i < 24; ++i) {
      const std::string account = "se-" + std::to_string(100 * caller + i);
      client->send_request("POST", "/v1/tokens", json,
                           R"({"fields":["token"],"account":")" + account + "\"}");
      if (i % 3 == 1) {
        if (i % 2 == 0) client->has_something(std::chrono::milliseconds{i / 6});
        i % 4 == 1 ? client->reset() : client->close();
        client.emplace(at);
        continue;
      }
      const auto answer = client->read_answer();
      EXPECT_EQ(answer.status, 200) << answer.body;
      const std::string token = answer.body.substr(answer.body.find("\"token\":\"") + 9);
      EXPECT_EQ(test::account_in(token.substr(0, token.find('"'))), account);
    }
  };
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) callers.emplace_back(ask_and_go, t);
  for (std::thread& one : callers) one.join();
  EXPECT_TRUE(serving->async_close(asio::use_future).get());
  const client_stats seen = serving->stats();
  EXPECT_EQ(seen.submitted, seen.minted + seen.failed);
  EXPECT_GE(seen.minted, 4U * 16);
  serving.reset();
  threads.join();
}

TEST_F(gateway_server, drained_server_says_so_and_serves) {
  server serving{options()};
  const server_addresses& at = serving.addresses();
  ASSERT_TRUE(eventually([&] { return ask_once(at.admin, "GET", "/readyz").status == 200; }));
  serving.drain();
  EXPECT_EQ(ask_once(at.admin, "GET", "/readyz").status, 503);
  const auto served = mint(at.backend);
  EXPECT_EQ(served.status, 200);
  EXPECT_EQ(served.header("connection"), "close") << "kept, it would be met by the end";
}

TEST_F(gateway_server, ready_whatever_the_api_does) {
  server_options o = options();
  o.client.base_url = "https://localhost:1";  // nobody listens
  server serving{std::move(o)};
  EXPECT_TRUE(
      eventually([&] { return ask_once(serving.addresses().admin, "GET", "/readyz").status == 200; }));
}

TEST_F(gateway_server, what_is_set_holds_from_the_next_request_on) {
  server_options o = options();
  o.backend.at = "127.0.0.1:0";
  o.bearers = {{.name = "old", .token_sha256 = sha256("old")}};
  server serving{std::move(o)};
  const server_addresses& at = serving.addresses();
  const auto with = [&](const std::string& token) {
    plain_http::fields headers = json;
    headers["Authorization"] = "Bearer " + token;
    headers["Host"] = at.backend.substr(7);
    return ask_once(at.backend, "POST", "/v1/tokens", headers, "{\"account\":\"se-2\"}").status;
  };
  EXPECT_EQ(with("old"), 200);
  serving.set_bearers({{.name = "new", .token_sha256 = sha256("new")}});
  EXPECT_EQ(with("old"), 401);
  EXPECT_EQ(with("new"), 200);
  EXPECT_THROW(serving.set_bearers({}), std::invalid_argument);

  const auto other = parse_link_keys("k2 " + std::string(32, '2'));
  EXPECT_EQ(ask_once(at.login, "GET", target_of_link(other.front())).status, 403);
  serving.set_link_keys(parse_link_keys("k2 " + std::string(32, '2')));
  EXPECT_EQ(ask_once(at.login, "GET", target_of_link(other.front())).status, 302);
  EXPECT_THROW(serving.set_link_keys({}), std::invalid_argument);

  api_.set_api_key("TEST_renewed");
  serving.set_api_key(secret{"TEST_renewed"});
  EXPECT_EQ(with("new"), 200);
}

TEST_F(gateway_server, metrics_can_be_had_from_any_thread) {
  server_options o = options();
  o.more_metrics = [] { return std::string{"more_of_them 1\n"}; };
  server serving{std::move(o)};
  EXPECT_EQ(mint(serving.addresses().backend).status, 200);
  EXPECT_TRUE(eventually([&] {
    return serving.metrics_text().find(
               "ephemint_gateway_answers_total{listener=\"backend\",status=\"200\"} 1") != std::string::npos;
  })) << serving.metrics_text();
  EXPECT_THAT(serving.metrics_text(), HasSubstr("more_of_them 1\n"));
}

TEST_F(gateway_server, close_lets_a_login_end) {
  slow_down(150ms);
  server_options o = options();
  server serving{std::move(o)};
  const std::string backend = serving.addresses().backend, admin = serving.addresses().admin;
  plain_http idle{admin}, busy{backend};
  EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
  busy.send_request("POST", "/v1/tokens", json, R"({"account":"se-1"})");
  ASSERT_TRUE(eventually([&] { return api_.stats().requests == 1; }));
  std::future<result<void>> closed = serving.async_close(asio::use_future);
  std::future<result<void>> again = serving.async_close(asio::use_future);
  const auto answer = busy.read_answer();
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("connection"), "close");
  busy.close();
  EXPECT_TRUE(closed.get());
  EXPECT_TRUE(again.get());
  EXPECT_TRUE(serving.async_close(asio::use_future).get()) << "a third time, when it is over";
  EXPECT_TRUE(idle.ends_within(10s));
  EXPECT_FALSE(std::filesystem::exists(socket_));
  EXPECT_THROW(plain_http{admin}, std::system_error);
  EXPECT_TRUE(eventually([&] { return api_.stats().connections_open == 0; }));
}

TEST_F(gateway_server, close_can_be_awaited) {
  asio::io_context context;
  std::optional<server> serving{std::in_place, context.get_executor(), options()};
  bool closed = false;
  asio::co_spawn(context, serving->close(), [&](std::exception_ptr thrown, const result<void>& how) {
    closed = !thrown && how.has_value();
    serving.reset();
  });
  context.run();
  EXPECT_TRUE(closed);
  EXPECT_FALSE(serving);
}

TEST_F(gateway_server, cancelled_wait_ends_and_the_close_goes_on) {
  slow_down(300ms);
  server serving{options()};
  plain_http busy{serving.addresses().backend};
  busy.send_request("POST", "/v1/tokens", json, R"({"account":"se-1"})");
  ASSERT_TRUE(eventually([&] { return api_.stats().requests == 1; }));
  asio::io_context context;
  asio::cancellation_signal signal;
  std::optional<result<void>> how;
  serving.async_close(asio::bind_executor(
      context.get_executor(),
      asio::bind_cancellation_slot(signal.slot(), [&](const result<void>& told) { how = told; })));
  signal.emit(asio::cancellation_type::total);
  context.run();
  ASSERT_TRUE(how);
  ASSERT_TRUE(how->has_error());
  EXPECT_EQ(how->error().value(), mint_errc::cancelled);
  EXPECT_EQ(busy.read_answer().status, 200);
  busy.close();
  EXPECT_TRUE(serving.async_close(asio::use_future).get());
}

TEST_F(gateway_server, handler_of_its_close_may_destroy_it) {
  const std::ptrdiff_t before = threads_of_this_process();
  std::promise<void> destroyed;
  auto serving = std::make_unique<server>(options());
  server* const alias = serving.get();
  alias->async_close([&destroyed, held = std::move(serving)](const result<void>&) mutable {
    held.reset();
    destroyed.set_value();
  });
  EXPECT_EQ(destroyed.get_future().wait_for(10s), std::future_status::ready);
  // Its own thread, which nobody can join then, is still giving back what it had.
  EXPECT_TRUE(eventually([before] { return threads_of_this_process() == before; }));
}

TEST_F(gateway_server, destruction_ends_logins_under_way) {
  slow_down(1h);
  std::optional<server> serving{options()};
  plain_http busy{serving->addresses().backend}, idle{serving->addresses().admin};
  EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
  busy.send_request("POST", "/v1/tokens", json, R"({"account":"se-1"})");
  ASSERT_TRUE(eventually([&] { return api_.stats().requests == 1; }));
  serving.reset();
  EXPECT_TRUE(busy.ends_within(10s));
  EXPECT_TRUE(idle.ends_within(10s));
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(gateway_server, destruction_beside_running_threads_ends_logins_under_way) {
  slow_down(1h);
  asio::thread_pool threads{2};
  std::optional<server> serving{std::in_place, threads.get_executor(), options()};
  plain_http busy{serving->addresses().backend};
  busy.send_request("POST", "/v1/tokens", json, R"({"account":"se-1"})");
  ASSERT_TRUE(eventually([&] { return api_.stats().requests == 1; }));
  serving.reset();
  EXPECT_FALSE(std::filesystem::exists(socket_));
  EXPECT_TRUE(busy.ends_within(10s));
  threads.join();  // hangs if anything is left
}

TEST_F(gateway_server, destruction_tells_who_waits_for_its_close) {
  slow_down(1h);
  std::optional<server> serving{options()};
  plain_http busy{serving->addresses().backend};
  busy.send_request("POST", "/v1/tokens", json, R"({"account":"se-1"})");
  ASSERT_TRUE(eventually([&] { return api_.stats().requests == 1; }));
  asio::io_context context;
  bool told = false;
  serving->async_close(
      asio::bind_executor(context.get_executor(), [&](const result<void>&) { told = true; }));
  serving.reset();
  context.run();
  EXPECT_TRUE(told);
}

TEST_F(gateway_server, context_that_never_runs_again_leaves_nothing) {
  slow_down(1h);
  std::optional<asio::io_context> context{std::in_place};
  std::optional<server> serving{std::in_place, context->get_executor(), options()};
  plain_http busy{serving->addresses().backend}, idle{serving->addresses().login};
  busy.send_request("POST", "/v1/tokens", json, R"({"account":"se-1"})");
  while (api_.stats().requests == 0) context->run_one_for(10ms);
  serving.reset();
  EXPECT_FALSE(std::filesystem::exists(socket_));
  context.reset();  // a leak is the sanitizer's to tell
  EXPECT_TRUE(busy.ends_within(10s));
  EXPECT_TRUE(idle.ends_within(10s));
}

TEST_F(gateway_server, context_that_never_ran_leaves_nothing) {
  asio::io_context context;
  const server serving{context.get_executor(), options()};
}

TEST_F(gateway_server, second_server_finds_the_first) {
  const server first{options()};
  server_options o = options();
  EXPECT_THROW(server{std::move(o)}, std::system_error);
  EXPECT_EQ(mint(first.addresses().backend).status, 200);
}

TEST_F(gateway_server, what_was_handed_over_is_closed_if_another_can_not_listen) {
  for (listen_address server_options::*const taken : {&server_options::backend, &server_options::login})
    for (listen_address server_options::*const given : {&server_options::login, &server_options::admin}) {
      if (taken == given) continue;
      server_options o = options();
      listening handed_over{{.at = "unix:" + place_.path() + "/given.sock"}, 0600};
      o.*given = {.descriptor = handed_over.release()};
      const int descriptor = (o.*given).descriptor;
      (o.*taken).at = "unix:/nonexistent/e.sock";
      EXPECT_THROW(server{std::move(o)}, std::system_error);
      EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
    }
}

TEST_F(gateway_server, bad_options_are_named) {
  const std::pair<std::function<void(server_options&)>, std::string_view> cases[] = {
      {[](server_options& o) { o.deadline = 0ms; }, "deadline: "},
      {[](server_options& o) { o.backend.at = "here"; }, "backend: "},
      {[](server_options& o) { o.client.api_key = {}; }, "api_key: "},
      {[](server_options& o) { o.client.max_attempts = 0; }, "max_attempts: "},
  };
  for (const auto& [change, beginning] : cases) {
    server_options o = options();
    change(o);
    try {
      const server made{std::move(o)};
      ADD_FAILURE() << beginning;
    } catch (const std::invalid_argument& wrong) {
      EXPECT_TRUE(std::string_view{wrong.what()}.starts_with(beginning)) << wrong.what();
    }
    EXPECT_FALSE(std::filesystem::exists(socket_));
  }
}

}  // namespace
}  // namespace ephemint::gateway
