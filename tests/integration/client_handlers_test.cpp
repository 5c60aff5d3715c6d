// What a caller's handler may do to the client that calls it.
#include "support/client_run.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>

#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

namespace ephemint {
namespace {

using namespace test;

/// Runs the context until nothing is left to do, although handlers throw out of it. Returns how often one
/// did.
int run_through_throws(asio::io_context& context) {
  const auto until = clock::now() + 30s;
  for (int thrown = 0;;) {
    try {
      context.run_until(until);
      EXPECT_TRUE(context.stopped()) << "hangs";
      return thrown;
    } catch (const std::runtime_error& e) {
      EXPECT_STREQ(e.what(), "thrown by a handler");
      ++thrown;
    }
  }
}

class ThrowingHandler : public ::testing::TestWithParam<bool> {};

// behaviours: H3
TEST_P(ThrowingHandler, comes_out_of_run_and_nothing_else_is_lost) {
  sandbox::server api{faulty({"status=503,every=5"})};
  asio::io_context context;
  auto options = options_for(api);
  options.first_backoff = 1ms;
  options.max_attempts = 20;
  options.single_threaded = GetParam();
  std::optional<client> c{std::in_place, context, std::move(options)};
  int ended = 0;
  std::string last;
  const auto after_all = [&] {
    c->async_mint({.account = "se-last"}, [&](mint_result r) {
      last = name_of(r);
      c.reset();
    });
  };
  for (int i = 0; i < 60; ++i)
    c->async_mint({.account = "se-1"}, [&, i](mint_result r) {
      EXPECT_EQ(name_of(r), "minted");
      if (++ended == 60) after_all();
      if (i % 3 == 0) throw std::runtime_error{"thrown by a handler"};
    });
  EXPECT_EQ(run_through_throws(context), 20);
  EXPECT_EQ(ended, 60);
  EXPECT_EQ(last, "minted");
}

INSTANTIATE_TEST_SUITE_P(Either, ThrowingHandler, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "single_threaded" : "of_many_threads"; });

// behaviours: H3
TEST(Handler, of_another_executor_throws_there_and_the_client_hears_nothing_of_it) {
  sandbox::server api;
  asio::io_context home, foreign;
  std::string other;
  {
    client c{home, options_for(api)};
    c.async_mint({.account = "se-1"}, asio::bind_executor(foreign.get_executor(), [](const mint_result&) {
                   throw std::runtime_error{"thrown by a handler"};
                 }));
    c.async_mint({.account = "se-2"}, [&](mint_result r) {
      other = name_of(r);
      c.async_close(asio::detached);
    });
    home.run_for(30s);
    EXPECT_EQ(run_through_throws(foreign), 1);
  }
  EXPECT_EQ(other, "minted");
}

// behaviours: H3
TEST(Handler, of_warm_up_and_close_may_throw_too) {
  sandbox::server api;
  asio::io_context context;
  client c{context, options_for(api)};
  c.async_warm_up(2, [&](const result<void>& up) {
    EXPECT_TRUE(up);
    c.async_mint({.account = "se-1"}, [&](mint_result r) {
      EXPECT_EQ(name_of(r), "minted");
      c.async_close([](const result<void>&) { throw std::runtime_error{"thrown by a handler"}; });
    });
    throw std::runtime_error{"thrown by a handler"};
  });
  EXPECT_EQ(run_through_throws(context), 2);
  EXPECT_EQ(c.stats().connections, 0u);
}

// behaviours: H3
TEST(Handler, that_mints_again_gets_its_next_token) {
  sandbox::server api;
  asio::io_context context;
  client c{context, options_for(api)};
  int minted = 0;
  std::function<void(mint_result)> next = [&](mint_result r) {
    minted += r.has_value();
    if (minted == 50) return c.async_close(asio::detached);
    c.async_mint({.account = "se-1"}, [&](mint_result again) { next(std::move(again)); });
  };
  c.async_mint({.account = "se-1"}, [&](mint_result r) { next(std::move(r)); });
  context.run_for(30s);
  EXPECT_EQ(minted, 50);
  EXPECT_TRUE(context.stopped());
}

/// Many mints, of which the first to end does something to the client. Returns the outcomes of all.
struct after_the_first {
  std::map<std::string, int> ends;
  bool stopped = false;

  template <class Act>
  after_the_first(bool single_threaded, Act act) {
    sandbox::server api{faulty({"skip=1,stall"})};
    asio::io_context context;
    auto options = options_for(api);
    options.max_connections = 4;
    options.single_threaded = single_threaded;
    auto c = std::make_unique<client>(context, std::move(options));
    for (int i = 0; i < 20; ++i)
      c->async_mint({.account = "se-1", .deadline = 500ms}, [&](mint_result r) {
        const bool first = ends.empty();
        ++ends[name_of(r)];
        if (first) act(c);
      });
    context.run_for(30s);
    stopped = context.stopped();
  }
};

// behaviours: H3, C7
TEST(Handler, that_destroys_the_client_ends_the_others_with_closed) {
  for (const bool single_threaded : {false, true}) {
    const after_the_first happened{single_threaded, [](std::unique_ptr<client>& c) { c.reset(); }};
    EXPECT_EQ(happened.ends, (std::map<std::string, int>{{"minted", 1}, {"closed", 19}}));
    EXPECT_TRUE(happened.stopped);
  }
}

// behaviours: H3
TEST(Handler, that_closes_the_client_lets_the_others_end) {
  for (const bool single_threaded : {false, true}) {
    bool closed = false;
    const after_the_first happened{single_threaded, [&](std::unique_ptr<client>& c) {
                                     c->async_close([&](const result<void>& r) { closed = r.has_value(); });
                                   }};
    EXPECT_EQ(happened.ends, (std::map<std::string, int>{{"minted", 1}, {"timed_out", 19}}));
    EXPECT_TRUE(closed);
    EXPECT_TRUE(happened.stopped);
  }
}

// behaviours: H3, C7
TEST(Handler, of_a_close_or_warm_up_may_destroy_the_client) {
  sandbox::server api;
  asio::io_context context;
  auto closes = std::make_unique<client>(context, options_for(api));
  auto warms = std::make_unique<client>(context, options_for(api));
  closes->async_close([&](const result<void>&) { closes.reset(); });
  warms->async_warm_up(1, [&](const result<void>&) { warms.reset(); });
  context.run_for(30s);
  EXPECT_TRUE(context.stopped());
  EXPECT_EQ(closes, nullptr);
  EXPECT_EQ(warms, nullptr);
}

// behaviours: H3, C7
TEST(Handler, that_drops_its_stream_and_client_ends_both) {
  sandbox::server api;
  asio::io_context context;
  auto c = std::make_unique<client>(context, options_for(api));
  std::optional<mint_stream> results{c->mint_many(std::vector<std::string>(50, "se-1"))};
  bool told = false;
  results->async_next([&](std::exception_ptr thrown, std::optional<account_result> one) {
    told = !thrown && one && one->result;
    results.reset();
    c.reset();
  });
  context.run_for(30s);
  EXPECT_TRUE(told);
  EXPECT_TRUE(context.stopped());
}

/// A 429 whose `Retry-After` is a date one second after its `Date`, by a clock that differs from ours.
std::string busy_until(std::chrono::hours off) {
  const auto date = [](std::chrono::system_clock::time_point when) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[64];
    return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  };
  const auto there = std::chrono::system_clock::now() + off;
  return "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nDate: " + date(there) +
         "\r\nRetry-After: " + date(there + 1s) + "\r\n\r\n";
}

// The library reads the wall clock only for a `Retry-After` that is a date. So a server's clock that is an
// hour off has the same effect as a jump of ours by an hour. behaviours: H5, R4
TEST(WallClock, hour_between_ours_and_the_servers_moves_neither_back_off_nor_deadline) {
  for (const auto off : {-1h, 0h, 1h}) {
    sandbox::server_options so;
    so.faults.push_back(sandbox::fault::raw(busy_until(off)));
    so.faults.back().count = 1;
    sandbox::server api{so};
    auto options = options_for(api);
    options.first_backoff = 1ms;
    const auto begun = clock::now();
    const auto minted = mint_once(api, std::move(options));
    const auto took = clock::now() - begun;
    EXPECT_EQ(name_of(minted), "minted");
    EXPECT_GE(took, 1s) << off.count();
    EXPECT_LT(took, 3s) << off.count();
    EXPECT_GT(minted ? minted->remaining() : 0s, 9s);
  }
}

// behaviours: H5, R4
TEST(WallClock, mint_whose_deadline_comes_before_that_date_ends_with_the_time_to_wait) {
  for (const auto off : {-1h, 1h}) {
    sandbox::server_options so;
    so.faults.push_back(sandbox::fault::raw(busy_until(off)));
    sandbox::server api{so};
    const auto begun = clock::now();
    const auto refused = mint_once(api, options_for(api), {.account = "se-1", .deadline = 700ms});
    EXPECT_LT(clock::now() - begun, 950ms);
    EXPECT_EQ(name_of(refused), "rate_limited");
    if (refused) continue;
    const auto wait = refused.error().retry_after().value_or(0s);
    EXPECT_GT(wait, 500ms);
    EXPECT_LT(wait, 2s);  // a little jitter is added
  }
}

}  // namespace
}  // namespace ephemint
