#include "net/dial/resolver.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

lookup_result found(const char* address) { return {{asio::ip::make_address(address)}, {}}; }

struct listener final : resolver::waiter {
  void on_addresses(const lookup_result& result) noexcept override { told = result; }
  std::optional<lookup_result> told;
};

std::shared_ptr<serial_gate> gate() { return std::make_shared<serial_gate>(false); }

/// Runs until somebody was told: a look-up under way is no work of the context.
void run_until_told(asio::io_context& io, const listener& who) {
  const auto guard = asio::make_work_guard(io);
  io.restart();
  while (!who.told && io.run_one_for(5s) != 0) continue;
}

TEST(Resolver, tells_who_asked_and_remembers) {
  asio::io_context io{1};
  int asked = 0;
  const auto names =
      std::make_shared<resolver>(io.get_executor(), gate(), "api.test", [&](const std::string& host) {
        ++asked;
        EXPECT_EQ(host, "api.test");
        return found("192.0.2.1");
      });
  EXPECT_FALSE(names->known(clock::now()));
  const auto who = std::make_shared<listener>();
  names->find(who);
  run_until_told(io, *who);
  ASSERT_TRUE(who->told);
  EXPECT_EQ(who->told->found, found("192.0.2.1").found);
  EXPECT_EQ(names->known(clock::now())->found, found("192.0.2.1").found);
  EXPECT_FALSE(names->known(clock::now() + 61s));
  EXPECT_EQ(names->stale(), found("192.0.2.1").found);
  EXPECT_EQ(asked, 1);
}

TEST(Resolver, knows_an_address_by_heart) {
  asio::io_context io{1};
  for (const char* literal : {"192.0.2.1", "2001:db8::1"}) {
    const auto names = std::make_shared<resolver>(io.get_executor(), gate(), literal);
    EXPECT_EQ(names->known(clock::now())->found, found(literal).found);
  }
}

// behaviours: N8
TEST(Resolver, localhost_is_loopback_and_nobody_is_asked) {
  asio::io_context io{1};
  const auto asked = [](const std::string&) -> lookup_result {
    ADD_FAILURE() << "looked up";
    return {};
  };
  for (const char* name : {"localhost", "localhost.", "LocalHost", "api.localhost", "a.b.localhost."}) {
    const auto names = std::make_shared<resolver>(io.get_executor(), gate(), name, asked);
    EXPECT_EQ(names->known(clock::now())->found,
              (addresses{asio::ip::make_address("::1"), asio::ip::make_address("127.0.0.1")}))
        << name;
  }
  for (const char* name : {"notlocalhost", "localhost.test", "localhos", ".", ""}) {
    const auto names = std::make_shared<resolver>(io.get_executor(), gate(), name, asked);
    EXPECT_FALSE(names->known(clock::now())) << name;
  }
}

TEST(Resolver, a_look_up_that_throws_is_a_failed_one) {
  asio::io_context io{1};
  const auto names =
      std::make_shared<resolver>(io.get_executor(), gate(), "api.test",
                                 [](const std::string&) -> lookup_result { throw std::bad_alloc{}; });
  const auto who = std::make_shared<listener>();
  names->find(who);
  run_until_told(io, *who);
  ASSERT_TRUE(who->told);
  EXPECT_TRUE(who->told->found.empty());
  EXPECT_NE(who->told->problem, "");
}

// behaviours: N2
TEST(Resolver, who_has_gone_is_not_told) {
  asio::io_context io{1};
  const auto names = std::make_shared<resolver>(io.get_executor(), gate(), "api.test",
                                                [](const std::string&) { return found("192.0.2.1"); });
  auto gone = std::make_shared<listener>();
  const auto stays = std::make_shared<listener>();
  names->find(gone);
  names->find(stays);
  gone.reset();
  run_until_told(io, *stays);
  EXPECT_TRUE(stays->told);
}

// behaviours: N2 C7
TEST(Resolver, a_look_up_may_outlive_everything) {
  for (bool resolver_goes_first : {true, false}) {
    std::promise<void> release, back;
    auto released = release.get_future().share();
    // Destroyed with the last copy of the look-up function, when the thread is done.
    const auto set_back = [&back](void*) { back.set_value(); };
    auto last_copy = std::shared_ptr<void>{nullptr, set_back};
    auto io = std::make_unique<asio::io_context>(1);
    // A strand's executor is the one that must not be touched when its context has gone.
    auto names = std::make_shared<resolver>(asio::make_strand(*io), gate(), "api.test",
                                            [released, copy = std::move(last_copy)](const std::string&) {
                                              released.wait();
                                              return found("192.0.2.1");
                                            });
    names->find(std::make_shared<listener>());
    if (resolver_goes_first) names.reset();
    io.reset();
    names.reset();
    release.set_value();
    EXPECT_EQ(back.get_future().wait_for(5s), std::future_status::ready);
  }
}

}  // namespace
}  // namespace ephemint::net
