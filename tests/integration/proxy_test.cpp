// A dial that leads through a proxy: a CONNECT proxy on this machine, and behind it a TLS server.
#include "connection_run.hpp"
#include "scripted_server.hpp"
#include "test_proxy.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::net {
namespace {

using test::connection_run;
using test::heard;
using test::peer;
using test::proxy_client;
using test::proxy_reply;
using test::relay_for;
using test::relay_gladly;
using test::scripted_server;
using test::test_proxy;
using kind = test::heard::kind;
using words = std::vector<std::string>;
using namespace std::chrono_literals;

constexpr std::string_view reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers every request, and keeps what it was asked.
struct api_server {
  scripted_server server{connection_run::good_server(), {[this](peer& client) {
                           if (!client.shake_hands()) return;
                           for (std::string request; !(request = client.read_request()).empty();) {
                             asked += request;
                             client.write(reply);
                           }
                         }}};
  std::string asked;  ///< to be read when the server has finished
};

endpoint_settings through(const test_proxy& proxy, std::uint16_t port, std::string_view credentials = {}) {
  endpoint_settings made = connection_run::settings_for(port, "api.test");
  made.proxy = proxy_settings{.host = "proxy.test", .port = proxy.port()};
  if (!credentials.empty()) made.proxy->credentials = std::make_shared<const secret>(credentials);
  return made;
}

/// A resolver that knows the proxy alone.
lookup_function proxy_at(const words& texts) {
  lookup_result result;
  for (const std::string& text : texts) result.found.push_back(asio::ip::make_address(text));
  return [result](const std::string& host) {
    EXPECT_EQ(host, "proxy.test");
    return result;
  };
}

/// A dial through one, on this machine; writes down what it met at which address.
struct proxied_run : connection_run {
  explicit proxied_run(const endpoint_settings& settings, const words& at = {"127.0.0.1"})
      : connection_run{settings, proxy_at(at)} {}
  void on_address(link_id, const asio::ip::address& which, address_news what) override {
    static constexpr const char* names[] = {"taken", "broke", "silent"};
    news.push_back(which.to_string() + ' ' + names[static_cast<int>(what)]);
  }
  words news;
};

void expect_ok(connection_run& run) {
  ASSERT_TRUE(run.send("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n"));
  const heard answered = run.next();
  EXPECT_EQ(answered.what, kind::reply);
  EXPECT_EQ(answered.body, "ok");
}

/// What is told first of a dial through a proxy that says this, behind the tunnel's name.
void expect_no_tunnel(const std::string& bytes, bool retryable, const std::string& told,
                      std::chrono::milliseconds patience = 5s) {
  std::string behind;
  {
    test_proxy proxy{{[&](proxy_client& client) {
      client.say(bytes);
      behind = client.read_all();
    }}};
    proxied_run run{through(proxy, 443, "user:hunter2")};
    run.connect(patience, 5s);
    const heard seen = run.next();
    EXPECT_EQ(seen.what, kind::connect_failed);
    EXPECT_EQ(seen.why.code, mint_errc::connect_failed);
    EXPECT_EQ(seen.why.retryable, retryable);
    const std::string_view all = seen.why.message.view();
    EXPECT_TRUE(all.starts_with("no tunnel to api.test:443 through the proxy proxy.test:" +
                                std::to_string(proxy.port()) + ": " + told))
        << all;
    EXPECT_EQ(all.find("hunter2"), all.npos);
    EXPECT_EQ(proxy.connections(), 1);
  }
  EXPECT_EQ(behind, "") << "nothing goes where no tunnel is";
}

TEST(Proxy, host_is_asked_for_by_its_name_and_only_the_proxys_is_looked_up) {
  api_server api;
  test_proxy proxy{{relay_gladly}};
  {
    proxied_run run{through(proxy, api.server.port())};
    ASSERT_EQ(run.dial().what, kind::connected);
    expect_ok(run);
    expect_ok(run);
    EXPECT_EQ(run.news, words{"127.0.0.1 taken"});
  }
  const std::string host = "api.test:" + std::to_string(api.server.port());
  EXPECT_EQ(proxy.requests(), words{"CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"});
  EXPECT_EQ(api.server.connections(), 1);
}

TEST(Proxy, host_that_is_an_address_or_localhost_is_the_proxys_to_find_too) {
  api_server api;
  const std::string port = std::to_string(api.server.port());
  const std::pair<std::string, std::string> table[] = {{"::1", "[::1]:" + port},
                                                       {"127.0.0.1", "127.0.0.1:" + port},
                                                       {"localhost", "localhost:" + port},
                                                       {"api.test.", "api.test:" + port}};
  for (const auto& [host, asked] : table) {
    test_proxy proxy{{relay_gladly}};
    endpoint_settings settings = through(proxy, api.server.port());
    settings.host = host;
    EXPECT_EQ(proxied_run{settings}.dial().what, kind::connected) << host;
    ASSERT_EQ(proxy.requests().size(), 1u);
    EXPECT_TRUE(proxy.requests()[0].starts_with("CONNECT " + asked + " HTTP/1.1\r\n")) << proxy.requests()[0];
  }
}

// behaviours: N8, N9
TEST(Proxy, proxy_that_is_an_address_or_localhost_is_reached_without_a_look_up) {
  api_server api;
  test_proxy proxy{{relay_gladly}};
  for (const char* host : {"127.0.0.1", "localhost", "localhost."}) {
    endpoint_settings settings = through(proxy, api.server.port());
    settings.proxy->host = host;
    connection_run run{settings, [](const std::string&) -> lookup_result {
                         ADD_FAILURE() << "looked up";
                         return {};
                       }};
    EXPECT_EQ(run.dial().what, kind::connected);
  }
}

// behaviours: Y1
TEST(Proxy, credentials_are_shown_to_the_proxy_alone) {
  api_server api;
  test_proxy proxy{{relay_for("user:hunter2")}};
  {
    proxied_run run{through(proxy, api.server.port(), "user:hunter2")};
    ASSERT_EQ(run.dial().what, kind::connected);
    expect_ok(run);
  }
  api.server.finish();
  EXPECT_EQ(api.asked, "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n");
}

TEST(Proxy, session_is_resumed_through_another_tunnel) {
  scripted_server api{connection_run::good_server(), {[](peer& client) {
                        if (!client.shake_hands()) return;
                        client.read_request();
                        client.write(reply);
                        client.wait_for_goodbye();
                      }}};
  test_proxy proxy{{relay_gladly}};
  proxied_run run{through(proxy, api.port())};
  EXPECT_FALSE(run.dial().resumed);
  expect_ok(run);
  run.link->close();
  run.renew();
  EXPECT_TRUE(run.dial().resumed);
}

TEST(Proxy, answer_that_comes_byte_by_byte_behind_interim_ones_is_understood) {
  api_server api;
  test_proxy proxy{{[](proxy_client& client) {
    client.say_byte_by_byte("HTTP/1.1 102 Wait\r\n\r\n" + proxy_reply(200));
    client.relay();
  }}};
  proxied_run run{through(proxy, api.server.port())};
  ASSERT_EQ(run.dial().what, kind::connected);
  expect_ok(run);
}

// --- refusals

// behaviours: Y1, I5
TEST(Proxy, refusals_name_the_proxy_and_its_status_and_no_credentials) {
  expect_no_tunnel(proxy_reply(403), false,
                   "it answered 403: its rules don't allow this host and port; ask who runs it");
  expect_no_tunnel(proxy_reply(407), false,
                   "it answered 407: it refused proxy_credentials (they are sent as Basic; Digest, NTLM and "
                   "Negotiate aren't spoken)");
  expect_no_tunnel(proxy_reply(502), true, "it answered 502: it couldn't reach the host");
  expect_no_tunnel("HTTP/1.1 502 x\r\nContent-Length: 99999\r\n\r\n<html>", true,
                   "it answered 502: it couldn't reach the host");
  expect_no_tunnel("HTTP/1.1 405 x\r\n\r\n", false,
                   "it answered 405; does it take CONNECT, and is it a proxy at all?");
}

// behaviours: Y1
TEST(Proxy, what_is_no_answer_is_refused) {
  expect_no_tunnel("SSH-2.0-x\r\n", false, "the reply was refused: a reply that isn't HTTP/1.0 or HTTP/1.1");
  expect_no_tunnel("HTTP/1.1 200 OK\r\nA: " + std::string(20'000, 'a'), false,
                   "the reply was refused: a header of more than 16384 bytes");
  expect_no_tunnel(proxy_reply(200) + "surplus", false,
                   "it answered 200, and sent something behind it before TLS had begun");
  expect_no_tunnel("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", false,
                   "it answered 200, and sent something behind it before TLS had begun");
}

// behaviours: Y1
TEST(Proxy, silence_is_borne_for_as_long_as_a_connection_may_take) {
  expect_no_tunnel("", true, "it didn't answer within ", 500ms);
  expect_no_tunnel("HTTP/1.1 200 OK\r\nA: ", true, "it stalled in its reply for ", 500ms);
}

// behaviours: Y1
TEST(Proxy, proxy_that_hangs_up_or_resets_may_be_tried_again) {
  const auto expect = [](const test_proxy::script& act, const std::string& said) {
    test_proxy proxy{{act}};
    proxied_run run{through(proxy, 443)};
    const heard seen = run.dial();
    EXPECT_EQ(seen.what, kind::connect_failed);
    EXPECT_EQ(seen.why.code, mint_errc::connect_failed);
    EXPECT_TRUE(seen.why.retryable);
    EXPECT_TRUE(seen.why.message.view().ends_with(said)) << seen.why.message.view();
    EXPECT_EQ(run.news, words{"127.0.0.1 broke"});
  };
  expect([](proxy_client&) {}, "it didn't answer: it closed the connection");
  expect([](proxy_client& client) { client.reset(); }, "it didn't answer: Connection reset by peer");
  expect([](proxy_client& client) { client.say("HTTP/1.1 200 OK\r\n"); },
         "its reply was cut off: it closed the connection");
}

// --- the dial before and behind it

// behaviours: N1, N5
TEST(Proxy, proxy_that_cannot_be_reached_is_called_one) {
  endpoint_settings settings = connection_run::settings_for(443, "api.test");
  settings.proxy = proxy_settings{.host = "proxy.test", .port = test::closed_port()};
  const std::string name = "the proxy proxy.test:" + std::to_string(settings.proxy->port);
  const heard refused = proxied_run{settings}.dial();
  EXPECT_EQ(refused.what, kind::connect_failed);
  EXPECT_EQ(refused.why.message.view(), "no connection to " + name + ": Connection refused (127.0.0.1)");
  EXPECT_TRUE(refused.why.retryable);
  connection_run unknown{settings, [](const std::string&) {
                           return lookup_result{{}, "Name or service not known"};
                         }};
  const heard nameless = unknown.dial();
  EXPECT_EQ(nameless.why.message.view(),
            "no connection to " + name + ": its name could not be resolved: Name or service not known");
}

// behaviours: A1
TEST(Proxy, address_of_it_that_is_sick_gives_the_next_its_turn) {
  const auto hang = [](proxy_client& client) { client.read_all(); };
  const std::pair<test_proxy::script, std::string> table[] = {
      {[](proxy_client&) {}, "127.0.0.2 broke"},
      {[](proxy_client& client) { client.reset(); }, "127.0.0.2 broke"},
      {test::answer(proxy_reply(503)), "127.0.0.2 broke"},
      {hang, "127.0.0.2 silent"},
  };
  api_server api;
  for (const auto& [sickness, met] : table) {
    test_proxy healthy{{relay_gladly}, "127.0.0.3"};
    test_proxy sick{{sickness}, "127.0.0.2", healthy.port()};
    proxied_run run{through(healthy, api.server.port()), {"127.0.0.2", "127.0.0.3"}};
    run.connect(5s, 300ms);
    ASSERT_EQ(run.next().what, kind::connected);
    EXPECT_EQ(run.news, (words{met, "127.0.0.3 taken"}));
    expect_ok(run);
  }
}

// behaviours: Y1
TEST(Proxy, refusal_that_all_its_addresses_would_repeat_ends_the_dial) {
  for (const int refusal : {403, 407}) {
    test_proxy other{{relay_gladly}, "127.0.0.3"};
    test_proxy refusing{{test::answer(proxy_reply(refusal))}, "127.0.0.2", other.port()};
    proxied_run run{through(other, 443), {"127.0.0.2", "127.0.0.3"}};
    EXPECT_EQ(run.dial().what, kind::connect_failed);
    EXPECT_EQ(other.connections(), 0);
  }
}

// behaviours: T1, T3
TEST(Proxy, host_behind_it_is_verified_as_ever) {
  scripted_server stranger{
      {.shown = test::issue(connection_run::root(), {.alternative_names = {"DNS:x.test"}})},
      {[](peer& client) { client.shake_hands(); }}};
  scripted_server hangs_up{connection_run::good_server(), {[](peer& client) { client.read_raw(1); }}};
  test_proxy proxy{{relay_gladly}};
  const heard refused = proxied_run{through(proxy, stranger.port())}.dial();
  EXPECT_EQ(refused.why.code, mint_errc::tls_failed);
  EXPECT_FALSE(refused.why.retryable);
  const heard broken = proxied_run{through(proxy, hangs_up.port())}.dial();
  EXPECT_EQ(broken.why.code, mint_errc::connect_failed);
  EXPECT_TRUE(broken.why.retryable);
  EXPECT_TRUE(broken.why.message.view().starts_with(
      "api.test (through the proxy proxy.test:" + std::to_string(proxy.port()) +
      ") broke off the TLS handshake: "))
      << broken.why.message.view();
}

TEST(Proxy, tunnel_that_ends_later_is_a_connection_lost) {
  api_server api;
  test_proxy proxy{{[](proxy_client& client) {
    client.say(proxy_reply(200));
    client.relay(3000);
  }}};
  proxied_run run{through(proxy, api.server.port())};
  ASSERT_EQ(run.dial().what, kind::connected);
  for (int i = 0; i < 100 && run.told.empty(); ++i) {
    if (!run.send("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")) return;  // it was seen in time
    if (run.next().what == kind::lost) return;
  }
  ADD_FAILURE() << "3000 bytes carried more than that";
}

TEST(Proxy, closing_at_any_moment_tells_nothing) {
  api_server api;
  test_proxy proxy{{relay_gladly}};
  for (int steps = 0; steps < 10; ++steps) {
    proxied_run run{through(proxy, api.server.port())};
    run.connect();
    for (int i = 0; i < steps && run.told.empty(); ++i) run.io.run_one_for(connection_run::patience);
    run.told.clear();
    run.link->close();
    run.run_dry();
  }
}

}  // namespace
}  // namespace ephemint::net
