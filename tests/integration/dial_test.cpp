#include "connection_run.hpp"
#include "net/dial/connector.hpp"
#include "scripted_server.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

namespace ephemint::net {
namespace {

using test::connection_run;
using test::heard;
using test::peer;
using test::scripted_server;
using test::server_wishes;
using test::silent_listener;
using kind = test::heard::kind;
using namespace std::chrono_literals;

void accept_and_wait(peer& client) {
  if (client.shake_hands()) client.wait_for_goodbye();
}

lookup_function gives(const std::vector<std::string>& texts) {
  lookup_result result;
  for (const std::string& text : texts) result.found.push_back(asio::ip::make_address(text));
  return [result](const std::string&) { return result; };
}

int open_descriptors() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

void expect_failure(const heard& seen, mint_errc code, bool retryable, const std::string& said) {
  EXPECT_EQ(seen.what, kind::connect_failed);
  EXPECT_EQ(seen.why.code, code);
  EXPECT_EQ(seen.why.retryable, retryable);
  EXPECT_NE(seen.why.message.view().find(said), std::string::npos) << seen.why.message.view();
}

// --- names

// behaviours: N1, N10
TEST(Dial, an_unknown_name_is_told_and_not_asked_for_again_at_once) {
  std::atomic<int> asked = 0;
  connection_run run{443, "nowhere.test", [&](const std::string& host) {
                       ++asked;
                       EXPECT_EQ(host, "nowhere.test");
                       return lookup_result{{}, "Name or service not known"};
                     }};
  const auto begin = clock::now();
  const heard seen = run.dial();
  expect_failure(
      seen, mint_errc::connect_failed, true,
      "no connection to nowhere.test:443: its name could not be resolved: Name or service not known");
  EXPECT_EQ(asked, 1);
  EXPECT_GE(seen.why.not_before, begin + 100ms);
  EXPECT_EQ(seen.why.not_before, run.end->names->next_look_up());
  EXPECT_TRUE(run.end->names->known(seen.why.not_before - 1ns));
  EXPECT_FALSE(run.end->names->known(seen.why.not_before));
}

// behaviours: N2
TEST(Dial, a_look_up_that_hangs_holds_nobody_past_its_time) {
  std::promise<void> release;
  auto released = release.get_future().share();
  {
    connection_run run{443, "slow.test", [released](const std::string&) {
                         released.wait();
                         return lookup_result{{}, "too late"};
                       }};
    const auto begin = clock::now();
    run.connect(50ms);
    expect_failure(run.next(), mint_errc::connect_failed, true, "its name was not resolved within 50 ms");
    EXPECT_LT(clock::now() - begin, 2s);
    run.run_dry();
  }
  release.set_value();  // the thread comes back to a context that is gone
}

TEST(Dial, many_who_ask_share_one_look_up) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  std::atomic<int> asked = 0;
  connection_run run{server.port(), "api.test", [&](const std::string&) {
                       ++asked;
                       return gives({"127.0.0.1"})("");
                     }};
  std::vector<std::shared_ptr<connection>> others;
  for (int i = 0; i < 4; ++i)
    others.push_back(std::make_shared<connection>(run.io.get_executor(), run.gate, run.end, run.id, run));
  for (const auto& each : others) each->connect(5s, 5s);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run.next().what, kind::connected);
  EXPECT_EQ(asked, 1);
  for (const auto& each : others) each->close();
}

// behaviours: N1
TEST(Dial, the_system_knows_localhost_and_not_a_name_that_cannot_be) {
  EXPECT_FALSE(system_lookup("localhost").found.empty());
  EXPECT_EQ(system_lookup("::1").found, addresses{asio::ip::make_address("::1")});
  const lookup_result none = system_lookup("a..b");
  EXPECT_TRUE(none.found.empty());
  EXPECT_NE(none.problem, "");
}

TEST(Dial, an_address_needs_no_look_up) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  connection_run run{server.port(), "127.0.0.1", [](const std::string&) -> lookup_result {
                       ADD_FAILURE() << "looked up";
                       return {};
                     }};
  EXPECT_EQ(run.dial().what, kind::connected);
}

// behaviours: N8
TEST(Dial, localhost_is_reached_without_a_look_up) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  for (const char* name : {"localhost", "localhost."}) {
    connection_run run{server.port(), name, [](const std::string&) -> lookup_result {
                         ADD_FAILURE() << "looked up";
                         return {};
                       }};
    EXPECT_EQ(run.dial().what, kind::connected);
  }
}

// behaviours: N9
TEST(Dial, an_absolute_name_is_asked_for_as_it_is_and_shown_without_its_dot) {
  scripted_server server{
      {.shown = test::issue(connection_run::root(), {.alternative_names = {"DNS:api.test"}})},
      {accept_and_wait}};
  std::string asked;
  connection_run run{server.port(), "api.test.", [&](const std::string& host) {
                       asked = host;
                       return gives({"127.0.0.1"})("");
                     }};
  EXPECT_EQ(run.dial().what, kind::connected);
  EXPECT_EQ(asked, "api.test.");
  connection_run nowhere{server.port(), "nowhere.test.", [](const std::string&) {
                           return lookup_result{{}, "unknown"};
                         }};
  expect_failure(nowhere.dial(), mint_errc::connect_failed, true, "no connection to nowhere.test:");
}

// --- addresses

// behaviours: N3
TEST(Dial, the_eighth_address_is_reached_when_seven_are_silent) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}, "127.0.0.9"};
  std::vector<std::string> addresses;
  std::vector<std::unique_ptr<silent_listener>> silent;
  for (int i = 2; i <= 8; ++i) {
    addresses.push_back("127.0.0." + std::to_string(i));
    silent.push_back(std::make_unique<silent_listener>(addresses.back(), server.port()));
  }
  addresses.push_back("127.0.0.9");
  connection_run run{server.port(), "api.test", gives(addresses)};
  const auto begin = clock::now();
  run.connect(1s);
  EXPECT_EQ(run.next().what, kind::connected);
  EXPECT_GT(clock::now() - begin, 500ms);  // they were silent indeed
}

// behaviours: N4
TEST(Dial, ipv4_is_reached_in_a_moment_when_ipv6_is_silent) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  std::optional<silent_listener> silent;
  try {
    silent.emplace("::1", server.port());
  } catch (const std::exception&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  connection_run run{server.port(), "api.test", gives({"::1", "127.0.0.1"})};
  const int before = open_descriptors();
  const auto begin = clock::now();
  EXPECT_EQ(run.dial().what, kind::connected);
  EXPECT_GE(clock::now() - begin, 250ms);
  EXPECT_LT(clock::now() - begin, 1500ms);
  EXPECT_EQ(open_descriptors(), before + 2);  // ours and the server's: the loser is closed
}

// behaviours: N5
TEST(Dial, refused_silent_and_impossible_addresses_are_told_apart) {
  const std::uint16_t closed = test::closed_port();
  {
    connection_run run{closed};
    expect_failure(
        run.dial(), mint_errc::connect_failed, true,
        "no connection to 127.0.0.1:" + std::to_string(closed) + ": Connection refused (127.0.0.1)");
  }
  {
    connection_run run{closed, "api.test", gives({"127.0.0.1", "127.0.0.2"})};
    expect_failure(run.dial(), mint_errc::connect_failed, true, "Connection refused (127.0.0.2)");
  }
  {
    const silent_listener silent{"127.0.0.1"};
    connection_run run{silent.port(), "api.test", gives({"127.0.0.2", "127.0.0.1"})};
    run.connect(100ms);
    expect_failure(run.next(), mint_errc::connect_failed, true,
                   "not established within 100 ms; the last cause was: Connection refused (127.0.0.2)");
  }
  {
    connection_run run{closed, "::1", gives({})};
    const heard seen = run.dial();
    expect_failure(seen, mint_errc::connect_failed, true, "no connection to [::1]:");
  }
}

// behaviours: N6
TEST(Dial, without_descriptors_it_fails_cleanly_and_recovers) {
  {
    // UBSan needs descriptors itself the first time that it meets a type: both courses once.
    scripted_server server{connection_run::good_server(), {accept_and_wait}};
    EXPECT_EQ(connection_run{server.port()}.dial().what, kind::connected);
    EXPECT_EQ(connection_run{test::closed_port()}.dial().what, kind::connect_failed);
  }
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  connection_run run{server.port()};
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  run.connect();
  const heard failed = run.next();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  expect_failure(failed, mint_errc::connect_failed, true, "Too many open files");
  run.renew();
  EXPECT_EQ(run.dial().what, kind::connected);
}

TEST(Dial, closing_at_any_moment_tells_nothing) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  for (int steps = 0; steps < 8; ++steps) {
    connection_run run{server.port(), "api.test", gives({"127.0.0.1"})};
    run.connect();
    for (int i = 0; i < steps && run.told.empty(); ++i) run.io.run_one_for(connection_run::patience);
    run.told.clear();
    run.link->close();
    run.run_dry();
  }
}

/// Whoever waits for a connector.
struct socket_waiter final : connector::waiter {
  void on_socket(asio::ip::tcp::socket made) noexcept override { socket.emplace(std::move(made)); }
  void on_no_socket(const failure& why) noexcept override { told = why.message.view(); }
  std::optional<asio::ip::tcp::socket> socket;
  std::string told;
};

/// A resolver whose first look-up was answered, is too old to be used, and whose second one does what it
/// will.
std::shared_ptr<resolver> resolver_with_old_addresses(asio::io_context& io, std::shared_ptr<serial_gate> gate,
                                                      lookup_function second) {
  struct listener final : resolver::waiter {
    void on_addresses(const lookup_result&) noexcept override { told = true; }
    bool told = false;
  };
  const auto first = std::make_shared<std::atomic<bool>>(true);
  const auto names = std::make_shared<resolver>(
      io.get_executor(), std::move(gate), "api.test",
      [first, second](const std::string& host) {
        return first->exchange(false) ? lookup_result{{asio::ip::make_address("127.0.0.1")}, {}}
                                      : second(host);
      },
      clock::duration{0});
  const auto who = std::make_shared<listener>();
  names->find(who);
  const auto guard = asio::make_work_guard(io);
  while (!who->told && io.run_one_for(5s) != 0) continue;
  return names;
}

// behaviours: N2
TEST(Dial, old_addresses_serve_when_a_new_look_up_fails_or_hangs) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  std::promise<void> release;
  auto released = release.get_future().share();
  const std::vector<lookup_function> second = {[](const std::string&) {
                                                 return lookup_result{{}, "name server down"};
                                               },
                                               [released](const std::string&) {
                                                 released.wait();
                                                 return lookup_result{{}, "too late"};
                                               }};
  for (const lookup_function& lookup : second) {
    asio::io_context io{1};
    const auto gate = std::make_shared<serial_gate>(false);
    const auto names = resolver_with_old_addresses(io, gate, lookup);
    const auto who = std::make_shared<socket_waiter>();
    std::make_shared<connector>(io.get_executor(), gate, names, "api.test", server.port())->start(who, 400ms);
    io.restart();
    io.run_for(5s);
    EXPECT_TRUE(who->socket) << who->told;
  }
  release.set_value();
}

template <int Level, int Name>
int socket_option(asio::ip::tcp::socket& socket) {
  int value = 0;
  socklen_t size = sizeof value;
  getsockopt(socket.native_handle(), Level, Name, &value, &size);
  return value;
}

// behaviours: S7
TEST(Dial, a_socket_notices_a_peer_that_has_gone_silent) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  asio::io_context io{1};
  const auto who = std::make_shared<socket_waiter>();
  const auto gate = std::make_shared<serial_gate>(false);
  const auto names = std::make_shared<resolver>(io.get_executor(), gate, "127.0.0.1");
  std::make_shared<connector>(io.get_executor(), gate, names, "127.0.0.1", server.port())->start(who, 5s);
  io.run_for(5s);
  ASSERT_TRUE(who->socket) << who->told;
  EXPECT_EQ((socket_option<IPPROTO_TCP, TCP_USER_TIMEOUT>(*who->socket)), 10'000);
  EXPECT_EQ((socket_option<SOL_SOCKET, SO_KEEPALIVE>(*who->socket)), 1);
  EXPECT_EQ((socket_option<IPPROTO_TCP, TCP_NODELAY>(*who->socket)), 1);
}

// behaviours: H7
TEST(Dial, nothing_that_the_host_starts_inherits_a_socket) {
  scripted_server server{connection_run::good_server(), {accept_and_wait}};
  asio::io_context io{1};
  const auto gate = std::make_shared<serial_gate>(false);
  const auto who = std::make_shared<socket_waiter>();
  const auto names = std::make_shared<resolver>(io.get_executor(), gate, "127.0.0.1");
  std::make_shared<connector>(io.get_executor(), gate, names, "127.0.0.1", server.port())->start(who, 5s);
  io.run_for(5s);
  ASSERT_TRUE(who->socket) << who->told;
  EXPECT_NE(fcntl(who->socket->native_handle(), F_GETFD) & FD_CLOEXEC, 0);
}

// --- handshakes

/// What the client hears, and whether the server heard a byte of a request.
heard handshake_with(const server_wishes& wishes, const std::string& host = "127.0.0.1") {
  std::atomic<bool> request_came = false;
  scripted_server server{wishes, {[&](peer& client) {
                           if (client.shake_hands()) request_came = !client.read_request().empty();
                         }}};
  connection_run run{server.port(), host, gives({"127.0.0.1"})};
  const heard seen = run.dial();
  EXPECT_FALSE(request_came);
  return seen;
}

// behaviours: T1
TEST(Dial, a_server_that_is_not_believed_gets_not_one_byte_of_a_request) {
  const test::identity stranger = test::make_root("A stranger");
  struct {
    test::identity shown;
    const char* said;
  } const table[] = {
      {test::issue(connection_run::root(), {.from = -2h, .until = -1h}), "has expired"},
      {test::issue(connection_run::root(), {.alternative_names = {"DNS:other.test"}}),
       "not for this host name"},
      {test::self_signed({}), "self-signed"},
      {test::issue(stranger, {}), "issuer is not known"},
  };
  for (const auto& each : table)
    expect_failure(handshake_with({.shown = each.shown}, "api.test"), mint_errc::tls_failed, false,
                   each.said);
}

// behaviours: T2
TEST(Dial, plain_http_on_the_port_is_told) {
  std::promise<std::string> heard_first;
  scripted_server server{connection_run::good_server(), {[&](peer& client) {
                           heard_first.set_value(client.read_raw(4096));
                           client.write_raw("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                         }}};
  connection_run run{server.port()};
  expect_failure(run.dial(), mint_errc::tls_failed, false, "plain HTTP");
  EXPECT_EQ(heard_first.get_future().get().substr(0, 2), "\x16\x03");  // a ClientHello and nothing else
}

// behaviours: T3
TEST(Dial, a_server_that_leaves_or_stalls_in_the_handshake_is_told_apart) {
  {
    scripted_server server{connection_run::good_server(), {[](peer& client) { client.read_raw(4096); }}};
    connection_run run{server.port()};
    expect_failure(run.dial(), mint_errc::connect_failed, true, "broke off the TLS handshake");
  }
  {
    scripted_server server{connection_run::good_server(), {[](peer& client) {
                             client.read_raw(4096);
                             client.reset();
                           }}};
    connection_run run{server.port()};
    expect_failure(run.dial(), mint_errc::connect_failed, true, "broke off the TLS handshake");
  }
  {
    scripted_server server{connection_run::good_server(), {[](peer& client) {
                             while (!client.read_raw(4096).empty()) continue;
                           }}};
    connection_run run{server.port()};
    run.connect(5s, 60ms);
    expect_failure(run.next(), mint_errc::connect_failed, true, "stalled in the TLS handshake for 60 ms");
  }
}

// behaviours: T4
TEST(Dial, a_demand_for_a_client_certificate_is_told) {
  server_wishes wishes = connection_run::good_server();
  wishes.demands_client_certificate = true;
  scripted_server server{wishes, {accept_and_wait}};
  connection_run run{server.port()};
  heard seen = run.dial();
  if (seen.what == kind::connected) seen = run.next();  // TLS 1.3 tells only afterwards
  EXPECT_EQ(seen.what, seen.what == kind::lost ? kind::lost : kind::connect_failed);
  EXPECT_EQ(seen.why.code, mint_errc::tls_failed);
  EXPECT_FALSE(seen.why.retryable);
  EXPECT_NE(seen.why.message.view().find("client certificate"), std::string::npos) << seen.why.message.view();
}

// behaviours: S9
TEST(Dial, a_server_that_speaks_first_is_not_listened_to) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    server_wishes wishes = connection_run::good_server();
    wishes.greatest_version = version;
    scripted_server server{wishes, {[](peer& client) {
                             client.join_writes();
                             if (!client.shake_hands()) return;
                             client.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken");
                             client.wait_for_goodbye();
                           }}};
    connection_run run{server.port()};
    heard seen = run.dial();
    if (seen.what == kind::connected) seen = run.next();
    EXPECT_NE(seen.what, kind::reply);
    EXPECT_TRUE(seen.why.retryable);
    EXPECT_EQ(seen.why.code, mint_errc::connect_failed);
  }
}

// behaviours: T5
TEST(Dial, a_later_connection_resumes_the_session_of_an_earlier_one) {
  scripted_server server{connection_run::good_server(), {[](peer& client) {
                           if (!client.shake_hands()) return;
                           client.write("HTTP/1.1 204 No Content\r\n\r\n");
                           client.wait_for_goodbye();
                         }}};
  connection_run run{server.port()};
  EXPECT_FALSE(run.dial().resumed);
  EXPECT_EQ(run.next().what, kind::lost);  // unasked bytes; the tickets came before them
  run.renew();
  EXPECT_TRUE(run.dial().resumed);
  run.next();
}

}  // namespace
}  // namespace ephemint::net
