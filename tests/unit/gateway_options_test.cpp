#include <ephemint/gateway/server_options.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;

server_options good_options() {
  server_options o;
  o.backend.at = "127.0.0.1:0";
  o.login.at = "0.0.0.0:8080";
  o.admin.at = "[::1]:0";
  o.bearers = {{.name = "app"}};
  o.link_keys.push_back({"a", secret{std::string(32, 'k')}});
  o.public_url = "https://login.example.com";
  return o;
}

/// The error of the check of good options after `change`; empty: none.
std::string fault_after(const std::function<void(server_options&)>& change) {
  server_options o = good_options();
  change(o);
  try {
    check(o);
    return {};
  } catch (const std::invalid_argument& wrong) {
    return wrong.what();
  }
}

TEST(gateway_options, what_is_right_passes) {
  const std::function<void(server_options&)> changes[] = {
      [](auto&) {},
      [](auto& o) { o.admin = {}; },
      [](auto& o) { o.login = {}, o.link_keys.clear(), o.public_url.clear(); },
      [](auto& o) { o.backend = {}, o.bearers.clear(); },
      [](auto& o) { o.backend.at = "unix:/run/e.sock", o.bearers.clear(); },
      [](auto& o) { o.warm_up = 0, o.per_account.requests = 0; },
      [](auto& o) {
        o.public_url = "http://localhost:8080", o.back_url = "https://app.example.com/portal?a=b";
      },
      [](auto& o) {
        o.bearers[0].accounts = {"se-*", "*", "se-1"};
      },
  };
  for (const auto& change : changes) EXPECT_EQ(fault_after(change), "");
}

TEST(gateway_options, what_is_wrong_is_named_with_what_is_right) {
  const struct {
    std::function<void(server_options&)> change;
    std::string_view fault;
  } cases[] = {
      {[](auto& o) { o.warm_up = 1001; }, "warm_up: 1001 is out of range; give 0 to 1000"},
      {[](auto& o) { o.deadline = 99ms; }, "deadline: 99 ms is out of range; give 100 ms to 60 s"},
      {[](auto& o) { o.deadline = 61s; }, "deadline: 61 s is out of range; give 100 ms to 60 s"},
      {[](auto& o) { o.backend = o.login = {}; },
       "backend: neither it nor login has an address; give one of them"},
      {[](auto& o) { o.backend.at = "0.0.0.0:80"; },
       "backend: \"http://0.0.0.0:80\" can be reached from other machines; give a Unix socket or a loopback "
       "address"},
      {[](auto& o) { o.admin.at = "10.0.0.1:80"; },
       "admin: \"http://10.0.0.1:80\" can be reached from other machines; give a Unix socket or a loopback "
       "address"},
      {[](auto& o) { o.login.at = "login.example.com:80"; },
       "login: \"login.example.com:80\" isn't an address; give unix:/path, or a numeric host and a port, "
       "like "
       "127.0.0.1:8080 or [::1]:8080"},
      {[](auto& o) { o.backend.descriptor = 99'999; },
       "backend: descriptor 99999 isn't a stream socket, TCP or Unix, that listens; give one that does"},
      {[](auto& o) { o.socket_mode = 01000; }, "socket_mode: 1000 isn't a mode; give 0 to 777, octal"},
      {[](auto& o) { o.max_connections = 0; }, "max_connections: 0 is out of range; give 1 to 100000"},
      {[](auto& o) { o.max_connections = 100'001; },
       "max_connections: 100001 is out of range; give 1 to 100000"},
      {[](auto& o) { o.transfer_timeout = 9ms; },
       "transfer_timeout: 9 ms is out of range; give 10 ms to 1 h"},
      {[](auto& o) { o.keep_alive = 2h; }, "keep_alive: 2 h is out of range; give 10 ms to 1 h"},
      {[](auto& o) { o.bearers.clear(); },
       "bearers: there is none, and any process can reach a TCP address; give one at least, or listen on a "
       "Unix socket"},
      {[](auto& o) { o.bearers[0].name = "a b"; },
       "bearers: a name is malformed; give 1 to 64 of A-Z a-z 0-9 _ - ."},
      {[](auto& o) { o.bearers.push_back(o.bearers[0]); },
       "bearers: app is there twice; give each a name of its own"},
      {[](auto& o) { o.bearers[0].accounts = {"s*e"}; },
       "bearers: \"s*e\" of app isn't a pattern; give an account, or its beginning and *"},
      {[](auto& o) { o.bearers[0].accounts = {""}; },
       "bearers: \"\" of app isn't a pattern; give an account, or its beginning and *"},
      {[](auto& o) { o.per_account.requests = 1'000'001; },
       "per_account.requests: 1000001 is out of range; give 0 to 1000000"},
      {[](auto& o) { o.per_account.window = 0ms; },
       "per_account.window: 0 ms is out of range; give 1 ms to 24 h"},
      {[](auto& o) { o.per_account.burst = 0; }, "per_account.burst: 0 is out of range; give 1 to 6"},
      {[](auto& o) { o.per_account.burst = 7; }, "per_account.burst: 7 is out of range; give 1 to 6"},
      {[](auto& o) { o.link_keys.clear(); }, "link_keys: there is no key; give at least one"},
      {[](auto& o) { o.public_url.clear(); },
       "public_url: is needed where login links are; give the origin that browsers see, like "
       "https://login.example.com"},
      {[](auto& o) { o.max_link_age = 0s; }, "max_link_age: 0 s is out of range; give 1 s to 300 s"},
      {[](auto& o) { o.max_link_age = 301s; }, "max_link_age: 301 s is out of range; give 1 s to 300 s"},
      {[](auto& o) { o.back_url = "javascript:alert(1)"; },
       "back_url: \"javascript:alert(1)\" isn't a page's URL; give one like https://app.example.com/"},
      {[](auto& o) { o.back_url = "/back"; },
       "back_url: \"/back\" isn't a page's URL; give one like https://app.example.com/"},
      {[](auto& o) { o.log_accounts = static_cast<account_logging>(7); },
       "log_accounts: 7 is no choice; give plain, hash or none"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_after(c.change), c.fault);
}

TEST(gateway_options, origin_that_is_none_is_refused) {
  for (const char* url : {"http://login.example.com", "https://login.example.com/path", "login.example.com",
                          "https://user@login.example.com"})
    EXPECT_TRUE(fault_after([&](auto& o) { o.public_url = url; }).starts_with("public_url: ")) << url;
}

}  // namespace
}  // namespace ephemint::gateway
