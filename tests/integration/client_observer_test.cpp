// Which reports a client's observer gets, on which thread, and what it may do in them.
#include "shell/credential_access.hpp"
#include "support/client_run.hpp"
#include "support/recording_observer.hpp"
#include "support/scripted_governor.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <thread>

namespace ephemint {
namespace {

using namespace test;
using heard = recording_observer::heard;
using event = connection_report::event;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

clock::duration sum_of(const mint_report& m) {
  return std::accumulate(m.waited.begin(), m.waited.end(), m.on_the_wire);
}

clock::duration waited(const heard& m, wait_reason why) {
  return m.mint.waited[static_cast<std::size_t>(why)];
}

/// A client whose observer keeps all, on a context that only this thread runs.
class Observed : public testing::TestWithParam<http2_use> {
 protected:
  client_options observed(const sandbox::server& api) {
    auto o = options_for(api);
    o.http2 = GetParam();
    o.first_backoff = 1ms;
    o.observer = seen;
    return o;
  }
  void make(const sandbox::server& api) { make(observed(api)); }
  void make(client_options o) { minter.emplace(context, std::move(o)); }

  void begin(mint_request request = {.account = "se-1"}) {
    inside = true;
    minter->async_mint(request, [this](const mint_result& r) { ends.push_back(name_of(r)); });
    inside = false;
  }
  /// Until so many mints have ended.
  void run_until(std::size_t ended) {
    const auto limit = clock::now() + 20s;
    while (ends.size() < ended && clock::now() < limit) {
      context.restart();
      context.run_for(1ms);
    }
    EXPECT_EQ(ends.size(), ended);
  }
  void close() {
    if (minter) minter->async_close([](const result<void>&) {});
    context.restart();
    context.run_for(10s);
  }
  std::vector<event> connection_events() const {
    std::vector<event> all;
    for (const auto& c : seen->connections()) all.push_back(c.connection.what);
    return all;
  }

  std::shared_ptr<recording_observer> seen = std::make_shared<recording_observer>();
  asio::io_context context{1};
  std::optional<client> minter;
  std::vector<std::string> ends;
  bool inside = false;  ///< one of the client's functions
};

INSTANTIATE_TEST_SUITE_P(, Observed, testing::ValuesIn(protocols()), [](const auto& instance) {
  return std::string{instance.param == http2_use::never ? "http1" : "http2"};
});

// behaviours: O1
TEST_P(Observed, mint_is_told_with_all_that_it_met) {
  sandbox::server api{faulty({"status=503,count=1"})};
  make(api);
  begin({.account = "se-7", .tag = 42});
  run_until(1);
  close();

  const auto attempts = seen->attempts();
  ASSERT_EQ(attempts.size(), 2u);
  const attempt_report& first = attempts[0].attempt;
  EXPECT_EQ(first.mint, 1u);
  EXPECT_EQ(first.tag, 42u);
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(first.why, attempt_reason::first);
  EXPECT_EQ(first.outcome, attempt_outcome::server_error);
  EXPECT_EQ(first.http_status, 503);
  EXPECT_EQ(attempts[0].text.size(), 36u) << "its request id";
  EXPECT_TRUE(first.first_on_connection);
  EXPECT_TRUE(first.next_try.has_value());
  const attempt_report& second = attempts[1].attempt;
  EXPECT_EQ(second.number, 2);
  EXPECT_EQ(second.why, attempt_reason::retry);
  EXPECT_EQ(second.outcome, attempt_outcome::minted);
  EXPECT_EQ(second.http_status, 200);
  EXPECT_EQ(attempts[1].text.size(), 36u);
  EXPECT_FALSE(second.next_try.has_value());
  EXPECT_GE(second.sent_at, first.sent_at + first.took);

  const auto mints = seen->mints();
  ASSERT_EQ(mints.size(), 1u);
  const mint_report& m = mints[0].mint;
  EXPECT_EQ(m.mint, 1u);
  EXPECT_EQ(m.tag, 42u);
  EXPECT_EQ(mints[0].account, "se-7");
  EXPECT_EQ(m.urgency, priority::interactive);
  EXPECT_EQ(m.error, std::nullopt);
  EXPECT_EQ(m.attempts, 2);
  EXPECT_EQ(mints[0].text, attempts[1].text);
  EXPECT_EQ(m.took, sum_of(m));
  EXPECT_EQ(m.on_the_wire, first.took + second.took);
  EXPECT_GT(waited(mints[0], wait_reason::connection), 0s);
  EXPECT_GT(waited(mints[0], wait_reason::backoff), 0s);
  EXPECT_EQ(m.at, second.sent_at + second.took);
  EXPECT_EQ(m.remaining, token_lifetime - second.took);
}

// behaviours: O1
TEST_P(Observed, failed_mint_is_told_with_its_code_and_the_last_reply_s_id) {
  sandbox::server api{faulty({"status=400"})};
  make(api);
  begin();
  run_until(1);
  close();
  const auto mints = seen->mints();
  ASSERT_EQ(mints.size(), 1u);
  EXPECT_EQ(mints[0].mint.error, mint_errc::rejected);
  EXPECT_EQ(mints[0].mint.remaining, 0s);
  EXPECT_EQ(mints[0].text.size(), 36u);
  EXPECT_EQ(mints[0].text, seen->attempts().at(0).text);
}

// behaviours: O1
TEST_P(Observed, connections_are_told_from_their_dial_to_their_end) {
  sandbox::server api;
  make(api);
  begin();
  run_until(1);
  close();
  ASSERT_EQ(connection_events(), (std::vector{event::dialled, event::established, event::closed}));
  const auto all = seen->connections();
  EXPECT_EQ(all[1].connection.http2, GetParam() == http2_use::only);
  EXPECT_FALSE(all[1].connection.resumed);
  EXPECT_GT(all[1].connection.connect, 0s);
  EXPECT_GT(all[1].connection.handshake, 0s);
  EXPECT_EQ(all[1].connection.open, 1u);
  EXPECT_EQ(all[2].text, "") << "we closed it";
  EXPECT_EQ(all[2].connection.open, 0u);
  for (const auto& c : all) EXPECT_EQ(c.connection.connection, seen->attempts().at(0).attempt.connection);
}

// behaviours: O1
TEST_P(Observed, failed_dial_says_why) {
  sandbox::server api;
  auto options = observed(api);
  options.authority_pem = sandbox::server{}.ca_pem();
  make(std::move(options));
  begin();
  run_until(1);
  close();
  ASSERT_EQ(connection_events(), (std::vector{event::dialled, event::failed}));
  EXPECT_EQ(seen->connections()[1].connection.error, mint_errc::tls_failed);
  EXPECT_THAT(seen->connections()[1].text, HasSubstr("certificate"));
  ASSERT_EQ(seen->mints().size(), 1u);
  EXPECT_EQ(seen->mints()[0].mint.error, mint_errc::tls_failed);
  EXPECT_THAT(seen->attempts(), IsEmpty());
}

// behaviours: O1
TEST_P(Observed, connection_that_the_server_ends_says_so) {
  sandbox::server api{faulty({"close=before,nth=2,count=1"})};
  make(api);
  for (std::size_t i = 1; i <= 2; ++i) {
    begin();
    run_until(i);
  }
  const auto all = seen->connections();
  const auto closed = std::ranges::find(all, event::closed, [](const auto& c) { return c.connection.what; });
  ASSERT_NE(closed, all.end());
  EXPECT_NE(closed->text, "");
  const auto attempts = seen->attempts();
  ASSERT_EQ(attempts.size(), 3u);
  EXPECT_EQ(attempts[1].attempt.number, attempts[2].attempt.number);
  EXPECT_EQ(attempts[2].attempt.why, attempt_reason::replacement);
  close();
}

// behaviours: O1
TEST_P(Observed, reports_come_on_the_executor_before_the_caller_hears_and_never_from_inside_a_call) {
  sandbox::server api;
  auto options = observed(api);
  options.max_queued = 2;
  make(std::move(options));
  std::size_t told = 0;
  seen->on_any = [&](const heard& h) {
    EXPECT_FALSE(inside) << "from inside a function of the client's";
    EXPECT_TRUE(context.get_executor().running_in_this_thread());
    if (h.what != heard::kind::mint) return;
    EXPECT_LE(ends.size(), told++) << "its caller has heard already";
  };
  begin();
  begin();
  begin();                       // no place
  begin({.account = "se\r\n"});  // it can't be one
  begin({.account = "se-1", .deadline = -1ms});
  EXPECT_THAT(seen->all(), IsEmpty());
  run_until(5);
  inside = true;
  minter.reset();
  inside = false;
  close();
  EXPECT_EQ(told, 5u);
  EXPECT_EQ(connection_events().back(), event::closed);
}

// behaviours: O1
TEST_P(Observed, refused_mint_is_told_and_no_account_that_can_t_be_one) {
  sandbox::server api;
  make(api);
  begin({.account = "se\r\nevil", .tag = 7});
  begin({.account = "se-1", .urgency = priority::background, .deadline = -1ms, .tag = 8});
  run_until(2);
  const auto mints = seen->mints();
  ASSERT_EQ(mints.size(), 2u);
  for (const auto& m : mints) {
    EXPECT_EQ(m.mint.error, mint_errc::invalid_request);
    EXPECT_EQ(m.mint.mint, 0u);
    EXPECT_EQ(m.mint.took, 0s);
    EXPECT_EQ(m.mint.attempts, 0);
  }
  EXPECT_EQ(mints[0].account, "");
  EXPECT_EQ(mints[0].mint.tag, 7u);
  EXPECT_EQ(mints[1].account, "se-1");
  EXPECT_EQ(mints[1].mint.urgency, priority::background);
}

// behaviours: O1
TEST_P(Observed, cancelled_mint_is_told) {
  sandbox::server api{faulty({"stall"})};
  make(api);
  asio::cancellation_signal stop;
  minter->async_mint({.account = "se-1"},
                     asio::bind_cancellation_slot(
                         stop.slot(), [this](const mint_result& r) { ends.push_back(name_of(r)); }));
  while (api.stats().requests == 0) {
    context.restart();
    context.run_for(1ms);
  }
  stop.emit(asio::cancellation_type::terminal);
  EXPECT_THAT(seen->mints(), IsEmpty()) << "from inside the signal";
  run_until(1);
  EXPECT_THAT(ends, ElementsAre("cancelled"));
  ASSERT_EQ(seen->attempts().size(), 1u);
  EXPECT_EQ(seen->attempts()[0].attempt.outcome, attempt_outcome::cancelled);
  ASSERT_EQ(seen->mints().size(), 1u);
  EXPECT_EQ(seen->mints()[0].mint.error, mint_errc::cancelled);
  close();
}

// behaviours: O1
TEST_P(Observed, stream_s_mints_are_told) {
  sandbox::server api;
  make(api);
  std::vector<account_id> accounts{"se-1", "not\nan account", "se-2"};
  std::size_t taken = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto results = minter->mint_many(accounts);
        while (co_await results.next()) ++taken;
      },
      [this](std::exception_ptr thrown) {
        EXPECT_FALSE(thrown);
        context.stop();
      });
  context.run_for(10s);
  EXPECT_EQ(taken, 3u);
  EXPECT_EQ(seen->mints().size(), 3u);
  close();
}

// behaviours: O4
TEST_P(Observed, observer_may_call_back_into_its_client) {
  sandbox::server api{faulty({"status=503,every=3,count=2"})};
  make(api);
  int more = 20;
  std::uint64_t asked = 0;
  seen->on_any = [&](const heard&) {
    const auto stats = seen->view.stats();
    ASSERT_TRUE(stats.has_value());
    asked += minter->stats().submitted + static_cast<std::uint64_t>(minter->estimate().count() >= 0);
    if (more-- > 0) begin();
    if (more == 5) minter->async_warm_up(2, [](const result<void>&) {});
  };
  begin();
  run_until(21);
  EXPECT_EQ(ends, std::vector<std::string>(21, "minted"));
  EXPECT_GT(asked, 0u);
  EXPECT_FALSE(seen->overlapped);
  close();
}

// behaviours: O4
TEST_P(Observed, observer_may_close_its_client) {
  sandbox::server api;
  make(api);
  seen->on_any = [&](const heard& h) {
    if (h.what == heard::kind::attempt) minter->async_close([](const result<void>&) {});
  };
  begin();
  begin({.account = "se-2"});
  run_until(2);
  EXPECT_THAT(ends, testing::Each(testing::AnyOf("minted", "closed")));
  begin();
  run_until(3);
  EXPECT_EQ(ends.back(), "closed");
  context.restart();
  context.run_for(10s);
  EXPECT_TRUE(context.stopped());
}

// behaviours: O4
TEST_P(Observed, observer_may_destroy_its_client_at_any_report) {
  sandbox::server api{faulty({"status=503,every=3"})};
  bool reached = true;
  for (std::size_t at = 1; reached; ++at) {
    SCOPED_TRACE(at);
    seen = std::make_shared<recording_observer>();
    ends.clear();
    make(api);
    reached = false;
    seen->on_any = [&](const heard&) {
      if (seen->count() != at) return;
      reached = true;
      minter.reset();
    };
    for (const auto& account : accounts(3)) begin({.account = account_id{account}});
    run_until(3);
    close();
    EXPECT_TRUE(context.stopped()) << "work is left";
    EXPECT_EQ(seen->mints().size(), 3u);
    minter.reset();
  }
}

// behaviours: O1
TEST_P(Observed, nothing_is_told_when_the_context_goes) {
  sandbox::server api{faulty({"stall"})};
  {
    asio::io_context short_lived{1};
    client c{short_lived, observed(api)};
    for (int i = 0; i < 3; ++i) c.async_mint({.account = "se-1"}, [](const mint_result&) {});
    c.async_mint({.account = ""}, [](const mint_result&) {});  // what is told of it is on its way
    short_lived.poll_one();
    seen->on_any = [](const heard&) { ADD_FAILURE() << "its executor is gone"; };
  }
  EXPECT_FALSE(seen->view.stats().has_value());
}

// behaviours: O3, I5
TEST_P(Observed, no_secret_is_in_any_report) {
  sandbox::server_options so;
  so.api_key = "TEST_planted-secret-0123456789";
  const std::string echoes[] = {
      R"(header="X-ShipEngine-RequestID: TEST_planted-secret-0123456789",count=1)",
      R"(status=400,message="TEST_planted-secret-0123456789",code="TEST_planted-secret-0123456789",count=1)",
      R"(status=503,header="X-ShipEngine-RequestID: TEST_planted-secret-0123456789",count=1)",
  };
  for (const auto& spec : echoes) so.faults.push_back(sandbox::parse_fault(spec));
  if (GetParam() == http2_use::never)
    so.faults.push_back(sandbox::parse_fault(
        R"(template="HTTP/1.1 200 OK\r\nX-ShipEngine-RequestID: $TOKEN\r\nContent-Length: $LENGTH\r\n\r\n$BODY",count=1)"));
  sandbox::server api{so};
  std::vector<std::string> secrets{so.api_key};
  make(api);
  for (std::size_t i = 1; i <= 5; ++i) {
    minter->async_mint({.account = "se-1"}, [&](const mint_result& r) {
      ends.push_back(name_of(r));
      if (!r) return;
      secrets.emplace_back(r->value());
      secrets.emplace_back(r->redirect_url());
    });
    run_until(i);
  }
  close();
  EXPECT_GE(secrets.size(), 3u);
  for (const heard& h : seen->all())
    for (const auto& secret : secrets) {
      EXPECT_THAT(h.text, Not(HasSubstr(secret)));
      EXPECT_THAT(h.account, Not(HasSubstr(secret)));
    }
}

// behaviours: O1
TEST(ObservedThreads, reports_come_one_at_a_time_and_each_mint_after_its_attempts) {
  constexpr std::size_t mints = 400;
  sandbox::server api{faulty({"status=503,every=7"})};
  const auto seen = std::make_shared<recording_observer>();
  std::atomic<std::size_t> ended{0};
  asio::thread_pool pool{4};
  {
    auto options = options_for(api);
    options.observer = seen;
    options.first_backoff = 1ms;
    client c{pool.get_executor(), std::move(options)};
    std::vector<std::thread> callers;
    for (int t = 0; t < 4; ++t)
      callers.emplace_back([&] {
        for (std::size_t i = 0; i < mints / 4; ++i)
          c.async_mint({.account = i % 5 == 0 ? "not\nan account" : "se-1"},
                       [&](const mint_result&) { ++ended; });
      });
    for (auto& each : callers) each.join();
    while (ended < mints) std::this_thread::yield();
  }
  pool.join();
  EXPECT_FALSE(seen->overlapped);
  EXPECT_EQ(seen->mints().size(), mints);
  std::set<std::uint64_t> over;
  for (const heard& h : seen->all()) {
    if (h.what == heard::kind::attempt) {
      EXPECT_FALSE(over.contains(h.attempt.mint));
    } else if (h.what == heard::kind::mint && h.mint.mint != 0) {
      EXPECT_TRUE(over.insert(h.mint.mint).second) << "told of twice";
      EXPECT_EQ(h.mint.took, sum_of(h.mint));
    }
  }
  EXPECT_EQ(over.size(), mints * 4 / 5);
}

// behaviours: O1
TEST(ObservedPause, is_told_behind_the_429_that_began_it_and_when_it_is_over) {
  sandbox::server api{faulty({"status=429,retry_after=1,count=1"})};
  const auto governor = std::make_shared<scripted_governor>();
  const auto seen = std::make_shared<recording_observer>();
  seen->on_any = [&](const heard& h) {
    if (h.attempt.outcome == attempt_outcome::rate_limited) governor->known.pause = 1s;
    if (h.what == heard::kind::quota) governor->known = {};
  };
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.rate.reset();
    options.governor = governor;
    options.observer = seen;
    client c{co_await asio::this_coro::executor, std::move(options)};
    const auto r = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(r), "minted");
  });
  const auto limited = seen->attempts().at(0).attempt;
  EXPECT_EQ(limited.outcome, attempt_outcome::rate_limited);
  EXPECT_EQ(limited.retry_after, 1s);
  const auto quotas = seen->quotas();
  ASSERT_EQ(quotas.size(), 2u);
  EXPECT_EQ(quotas[0].quota.what, quota_report::event::paused);
  EXPECT_EQ(quotas[0].quota.pause, 1s);
  EXPECT_EQ(quotas[0].quota.at, limited.sent_at + limited.took);
  EXPECT_EQ(quotas[1].quota.what, quota_report::event::resumed);
}

// behaviours: O1
TEST(ObservedKey, that_is_refused_is_told_and_so_is_another_one_in_its_place) {
  sandbox::server api;
  auto seen = std::make_shared<recording_observer>();
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.observer = seen;
    credential key = options.api_key;
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto& guard = detail::credential_access::state(key)->guard();
    const auto now = clock::now();
    guard.adopt_refused(now, now - 2min, now + 1min, true, guard.version());  // others have found it so
    const auto refused = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(refused), "unauthorized");
    key.rotate(secret{api.api_key()});
    const auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "minted");
  });
  std::vector<quota_report::event> events;
  for (const auto& q : seen->quotas()) events.push_back(q.quota.what);
  EXPECT_THAT(events, ElementsAre(quota_report::event::key_refused, quota_report::event::key_accepted));
}

}  // namespace
}  // namespace ephemint
