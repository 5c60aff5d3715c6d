// Names that aren't found at once, and servers whose authority isn't known at once. A program of its own, as
// its getaddrinfo replaces the C library's.

#include "support/client_run.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_file.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>

#include <dlfcn.h>
#include <netdb.h>

namespace {

std::atomic<int> look_ups = 0, failures_left = 0;

}  // namespace

/// `api.test` is 127.0.0.1, once it is known.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr || std::string{name} != "api.test.") return real(name, service, hints, found);
  ++look_ups;
  if (failures_left.fetch_sub(1) > 0) return EAI_AGAIN;
  return real("127.0.0.1", service, hints, found);
}

namespace ephemint {
namespace {

using namespace test;

/// Mints on one connection after the other.
void mint(peer& client) {
  static constexpr std::string_view body =
      R"({"token":"t0ken","redirect_url":"https://dashboard.shipengine.com/api/directlogin?token=t0ken"})";
  if (!client.shake_hands()) return;
  while (!client.read_request().empty())
    client.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + std::string{body});
}

client_options options_for(const scripted_server& api) {
  client_options o;
  o.base_url = "https://api.test.:" + std::to_string(api.port());
  o.api_key = secret{"TEST_names"};
  o.system_authorities = false;
  return o;
}

// behaviours: N10, N9
TEST(ClientNames, failed_look_up_costs_a_login_a_tenth_of_a_second) {
  const identity root = make_root();
  scripted_server api{{.shown = issue(root, {})}, {&mint}};
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.authority_pem = root.pem();
    client c{co_await asio::this_coro::executor, std::move(options)};
    look_ups = 0;
    failures_left = 1;
    const auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_TRUE(minted.has_value()) << (minted ? "" : to_string(minted.error()));
    EXPECT_EQ(look_ups, 2) << "none is made, and no attempt spent, while the failure is remembered";
    EXPECT_EQ(c.stats().failed_dials, 1u);
  });
}

// behaviours: N10
TEST(ClientNames, login_that_cannot_wait_is_told_to_come_when_the_name_is_looked_up_again) {
  const identity root = make_root();
  scripted_server api{{.shown = issue(root, {})}, {&mint}};
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.authority_pem = root.pem();
    options.max_attempts = 1;
    client c{co_await asio::this_coro::executor, std::move(options)};
    look_ups = 0;
    failures_left = 1;
    const auto refused = co_await c.mint({.account = "se-1"});
    EXPECT_TRUE(refused.has_error());
    if (!refused.has_error()) co_return;
    EXPECT_EQ(refused.error().value(), mint_errc::connect_failed);
    EXPECT_TRUE(refused.error().retry_after()) << refused.error();
    EXPECT_EQ(look_ups, 1);
    const auto minted = co_await c.mint({.account = "se-2"});  // has the time
    EXPECT_TRUE(minted.has_value()) << (minted ? "" : to_string(minted.error()));
    EXPECT_EQ(look_ups, 2);
  });
}

// behaviours: T10
TEST(ClientNames, authority_that_was_replaced_on_disk_costs_no_login) {
  const identity old_root = make_root("Old"), new_root = make_root("New");
  const temporary_file file{old_root.pem()};
  scripted_server api{{.shown = issue(new_root, {})}, {&mint}};
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.authority_file = file.path();
    options.max_attempts = 1;
    client c{co_await asio::this_coro::executor, std::move(options)};
    failures_left = 0;
    std::ofstream{file.path()} << new_root.pem();
    const auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_TRUE(minted.has_value()) << (minted ? "" : to_string(minted.error()));
    EXPECT_EQ(api.connections(), 1) << "not even a second dial";
  });
}

}  // namespace
}  // namespace ephemint
