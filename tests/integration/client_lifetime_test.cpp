#include "support/client_run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Which objects a client and a stream may outlive, and which may outlive them. Sanitizers detect uses of
// freed memory.

namespace ephemint {
namespace {

using namespace test;

using next_result = std::optional<account_result>;

/// What a stream is doing when its context goes.
enum class doing { nothing, minting, waiting_for_a_source, having_results };

struct outliving_case {
  std::string name;
  bool strand;
  bool single_threaded;
  doing what;
};

class Outliving : public testing::TestWithParam<outliving_case> {};

TEST_P(Outliving, client_and_its_stream_may_be_destroyed_behind_their_context) {
  const auto& how = GetParam();
  const sandbox::server api{faulty({"account=se-1,stall"})};
  auto context = std::make_unique<asio::io_context>();
  auto options = options_for(api);
  options.single_threaded = how.single_threaded;
  // No executor of the test's own: a strand may not outlive its context, unlike the client that was given it.
  client c{how.strand ? asio::any_io_executor{asio::make_strand(*context)} : context->get_executor(),
           std::move(options)};
  int ended = 0;
  c.async_mint({.account = "se-0"}, [&](mint_result) { ++ended; });
  while (ended == 0) context->run_one();

  auto stream = [&] {
    if (how.what != doing::waiting_for_a_source) return c.mint_many(accounts(3), {.in_flight = 3});
    return c.mint_many(account_source{[]() -> asio::awaitable<std::optional<account_id>> {
      asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
      co_await timer.async_wait(asio::use_awaitable);
      co_return std::nullopt;
    }});
  }();
  if (how.what != doing::nothing) {
    stream.async_next([&](std::exception_ptr, next_result) { ++ended; });
    if (how.what == doing::waiting_for_a_source) {
      context->run_for(20ms);
    } else {
      while (ended == 1) context->run_one();
    }
  }
  if (how.what == doing::minting) stream.async_next([&](std::exception_ptr, next_result) { ++ended; });
  if (how.what == doing::having_results) context->run_for(50ms);
  const int before = ended;
  context.reset();
  EXPECT_EQ(ended, before) << "a handler of a context that is gone was called";
  EXPECT_TRUE(c.valid() && stream.valid());
}

std::vector<outliving_case> outliving_cases() {
  std::vector<outliving_case> all;
  for (const auto& [name, what] : {std::pair{"idle", doing::nothing}, std::pair{"minting", doing::minting},
                                   std::pair{"waiting_for_a_source", doing::waiting_for_a_source},
                                   std::pair{"having_results", doing::having_results}}) {
    all.push_back({std::string{name}, false, false, what});
    all.push_back({std::string{name} + "_on_a_strand", true, false, what});
    all.push_back({std::string{name} + "_on_one_thread", false, true, what});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Lifetime, Outliving, testing::ValuesIn(outliving_cases()),
                         [](const auto& each) { return each.param.name; });

// A source that is never cancelled would keep `run()` from returning.
TEST(Lifetime, dropped_stream_cancels_a_source_that_waits_for_a_timer) {
  const sandbox::server api;
  bool cancelled = false;
  run([&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    client c{executor, options_for(api)};
    auto stream =
        std::make_optional(c.mint_many(account_source{[&]() -> asio::awaitable<std::optional<account_id>> {
          asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
          try {
            co_await timer.async_wait(asio::use_awaitable);
          } catch (const boost::system::system_error&) {
            cancelled = true;
            throw;
          }
          co_return std::nullopt;
        }}));
    stream->async_next(asio::bind_executor(executor, [](std::exception_ptr, next_result) {}));
    co_await pause_for(20ms);
    EXPECT_FALSE(cancelled);
    stream.reset();
    co_await pause_for(20ms);
  });
  EXPECT_TRUE(cancelled);
}

TEST(Lifetime, dropped_stream_ends_the_feeder_of_a_source_that_waits_for_room) {
  const sandbox::server api{faulty({"stall"})};
  int read = 0;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto stream =
        std::make_optional(c.mint_many(account_source{[&]() -> asio::awaitable<std::optional<account_id>> {
                                         co_return account_id{"se-" + std::to_string(read++)};
                                       }},
                                       {.in_flight = 2}));
    stream->async_next([](std::exception_ptr, next_result) {});
    co_await pause_for(20ms);
    stream.reset();
  });
  EXPECT_GT(read, 0);
  EXPECT_LT(read, 10);
}

// The first wait is over; what cancels it comes late and must not end the second.
TEST(Lifetime, late_signal_of_one_reader_leaves_the_next_ones_wait_alone) {
  const sandbox::server api{faulty({"account=se-1,delay=100ms"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto stream = c.mint_many(accounts(2), {.in_flight = 2});
    asio::cancellation_signal first;
    std::string ends;
    const auto noting = [&](const char* who) {
      return [&ends, who](std::exception_ptr error, const next_result& result) {
        ends += std::string{who} + (error ? " threw " : result ? " got one " : " is over ");
      };
    };
    stream.async_next(asio::bind_cancellation_slot(first.slot(), noting("first")));
    while (ends.empty()) co_await pause_for(1ms);
    stream.async_next(noting("second"));
    co_await pause_for(10ms);
    first.emit(asio::cancellation_type::all);
    while (ends == "first got one ") co_await pause_for(1ms);
    EXPECT_EQ(ends, "first got one second got one ");
  });
}

TEST(Lifetime, what_was_moved_from_may_be_asked_assigned_to_and_destroyed) {
  const sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client first{co_await asio::this_coro::executor, options_for(api)};
    auto stream = first.mint_many(accounts(2));
    client second{std::move(first)};
    auto same = std::move(stream);
    EXPECT_FALSE(first.valid());
    EXPECT_TRUE(second.valid());
    EXPECT_FALSE(stream.valid());
    EXPECT_TRUE(same.valid());
    first = std::move(second);
    stream = std::move(same);
    EXPECT_TRUE(first.valid());
    EXPECT_FALSE(second.valid());
    EXPECT_TRUE(stream.valid());
    EXPECT_FALSE(same.valid());
    auto next = co_await stream.next();
    EXPECT_TRUE(next && next->result);
    EXPECT_TRUE((co_await first.mint({"se-1"})).has_value());
  });
}

}  // namespace
}  // namespace ephemint
