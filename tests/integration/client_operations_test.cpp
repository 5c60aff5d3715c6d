// Each of the four operations, with each kind of completion token and each type of cancellation.
#include "support/client_run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <optional>
#include <tuple>
#include <type_traits>

namespace ephemint::test {

/// A completion token that begins nothing, and returns the initiation's executor, which `cancel_after` of
/// newer versions of Asio and tokens of coroutine libraries need.
struct executor_of_initiation {};

}  // namespace ephemint::test

template <class... Signatures>
struct boost::asio::async_result<ephemint::test::executor_of_initiation, Signatures...> {
  template <class Initiation, class... Args>
  static auto initiate(Initiation&& initiation, ephemint::test::executor_of_initiation, Args&&...) {
    // Asio looks at a token with an initiation of its own, which has none.
    if constexpr (requires { typename std::decay_t<Initiation>::executor_type; }) {
      const typename std::decay_t<Initiation>::executor_type executor = initiation.get_executor();
      return executor;
    }
  }
};

namespace ephemint {
namespace {

using namespace test;

const auto four_accounts = [] { return std::vector<std::string>{"se-1", "se-2", "se-3", "se-4"}; };

// behaviours: C6
TEST(Operations, initiations_say_which_executor_is_theirs) {
  sandbox::server api;
  asio::io_context context;
  client c{context, options_for(api)};
  auto results = c.mint_many(four_accounts());
  const asio::any_io_executor own = context.get_executor();
  EXPECT_EQ(c.async_mint({.account = "se-1"}, executor_of_initiation{}), own);
  EXPECT_EQ(c.async_warm_up(1, executor_of_initiation{}), own);
  EXPECT_EQ(c.async_close(executor_of_initiation{}), own);
  EXPECT_EQ(results.async_next(executor_of_initiation{}), own);
}

TEST(Operations, call_their_handlers) {
  sandbox::server api;
  asio::io_context context;
  client c{context, options_for(api)};
  auto results = c.mint_many(four_accounts());
  int told = 0;
  c.async_warm_up(1, [&](result<void> r) { told += r.has_value(); });
  c.async_mint({.account = "se-1"}, [&](mint_result r) { told += r.has_value(); });
  results.async_next([&](std::exception_ptr e, std::optional<account_result> one) {
    told += !e && one && one->result;
    c.async_close([&](result<void> r) { told += r.has_value(); });
  });
  EXPECT_EQ(told, 0) << "called from inside the initiating function";
  context.run_for(30s);
  EXPECT_EQ(told, 4);
}

TEST(Operations, give_futures) {
  sandbox::server api;
  asio::io_context context;
  client c{context, options_for(api)};
  auto results = c.mint_many(four_accounts());
  auto warm = c.async_warm_up(1, asio::use_future);
  auto minted = c.async_mint({.account = "se-1"}, asio::use_future);
  auto next = results.async_next(asio::use_future);
  while (next.wait_for(0s) != std::future_status::ready && context.run_one_for(10s) > 0) continue;
  auto closed = c.async_close(asio::use_future);
  context.run_for(30s);
  ASSERT_TRUE(context.stopped());
  EXPECT_TRUE(warm.get());
  EXPECT_TRUE(minted.get());
  EXPECT_TRUE(next.get());
  EXPECT_TRUE(closed.get());
}

TEST(Operations, may_be_begun_and_left_alone) {
  sandbox::server api;
  asio::io_context context;
  client c{context, options_for(api)};
  auto results = c.mint_many(four_accounts());
  c.async_warm_up(1, asio::detached);
  c.async_mint({.account = "se-1"}, asio::detached);
  results.async_next(asio::detached);
  context.run_for(100ms);
  c.async_close(asio::detached);
  context.run_for(30s);
  EXPECT_TRUE(context.stopped());
  EXPECT_EQ(c.stats().submitted, c.stats().minted + c.stats().failed);
}

// behaviours: C6
TEST(Operations, begin_when_a_deferred_one_is_called) {
  sandbox::server api;
  asio::io_context context;
  client c{context, options_for(api)};
  auto results = c.mint_many(four_accounts());
  auto warm = c.async_warm_up(1, asio::deferred);
  auto mint = c.async_mint({.account = "se-1"}, asio::deferred);
  auto next = results.async_next(asio::deferred);
  auto close = c.async_close(asio::deferred);
  EXPECT_EQ(c.stats().submitted, 0u);
  int told = 0;
  std::move(warm)([&](result<void> r) { told += r.has_value(); });
  std::move(mint)([&](mint_result r) { told += r.has_value(); });
  std::move(next)([&](std::exception_ptr e, std::optional<account_result> one) {
    told += !e && one;
    std::move(close)([&](result<void> r) { told += r.has_value(); });
  });
  context.run_for(30s);
  EXPECT_EQ(told, 4);
}

/// All four, awaited with that token.
template <class Executor, class Token>
asio::awaitable<int, Executor> await_all(client& c, Token token) {
  int good = 0;
  const auto warm = co_await c.async_warm_up(1, token);
  good += warm.has_value();
  const mint_request request{.account = "se-1"};
  const auto minted = co_await c.async_mint(request, token);
  good += minted.has_value();
  auto results = c.mint_many(four_accounts());
  const auto next = co_await results.async_next(token);
  good += next && next->result;
  const auto closed = co_await c.async_close(token);
  good += closed.has_value();
  co_return good;
}

/// The same with `as_tuple`.
template <class Executor, class Token>
asio::awaitable<int, Executor> await_tuples(client& c, Token token) {
  const auto whole = asio::as_tuple(token);
  int good = 0;
  const std::tuple<result<void>> warm = co_await c.async_warm_up(1, whole);
  good += std::get<0>(warm).has_value();
  const mint_request request{.account = "se-1"};
  const std::tuple<mint_result> minted = co_await c.async_mint(request, whole);
  good += std::get<0>(minted).has_value();
  auto results = c.mint_many(four_accounts());
  const auto next = co_await results.async_next(whole);
  good += !std::get<0>(next) && std::get<1>(next);
  const std::tuple<result<void>> closed = co_await c.async_close(whole);
  good += std::get<0>(closed).has_value();
  co_return good;
}

template <class Awaitable>
int awaited(asio::io_context& context, Awaitable task) {
  int good = -1;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, int n) { good = e ? -2 : n; });
  context.run_for(30s);
  EXPECT_TRUE(context.stopped());
  return good;
}

// behaviours: C6
TEST(Operations, are_awaited_on_any_executors_type) {
  sandbox::server api;
  using any = asio::any_io_executor;
  using own = asio::io_context::executor_type;
  {
    asio::io_context context;
    client c{context, options_for(api)};
    EXPECT_EQ(awaited(context, await_all<any>(c, asio::use_awaitable)), 4);
  }
  {
    asio::io_context context;
    client c{context, options_for(api)};
    EXPECT_EQ(awaited(context, await_all<own>(c, asio::use_awaitable_t<own>{})), 4);
  }
  {
    asio::io_context context;
    client c{context, options_for(api)};
    EXPECT_EQ(awaited(context, await_tuples<any>(c, asio::use_awaitable)), 4);
  }
  {
    asio::io_context context;
    client c{context, options_for(api)};
    EXPECT_EQ(awaited(context, await_tuples<own>(c, asio::use_awaitable_t<own>{})), 4);
  }
}

// --- cancellation ---

class CancelledOperation : public ::testing::TestWithParam<asio::cancellation_type> {
 protected:
  /// Calls `begin` with a slot, then emits the signal. Returns whether the wait ended at once.
  template <class Begin, class Ended>
  asio::awaitable<bool> cancel(Begin begin, Ended ended) {
    asio::cancellation_signal signal;
    begin(signal.slot());
    co_await pause_for(30ms);
    EXPECT_FALSE(ended()) << "it had ended before";
    signal.emit(GetParam());
    co_await pause_for(20ms);
    co_return ended();
  }
};

// behaviours: C6
TEST_P(CancelledOperation, warm_up_ends_at_once_and_the_client_goes_on) {
  sandbox::server api{faulty({"handshake=stall,count=1"})};
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.handshake_timeout = 150ms;
    client c{co_await asio::this_coro::executor, std::move(options)};
    std::string ended;
    auto begin = [&](asio::cancellation_slot slot) {
      c.async_warm_up(1, asio::bind_cancellation_slot(
                             slot, [&](result<void> r) { ended = r ? "up" : to_string(r.error().value()); }));
    };
    auto has_ended = [&] { return !ended.empty(); };
    const bool at_once = co_await cancel(begin, has_ended);
    EXPECT_TRUE(at_once);
    EXPECT_EQ(ended, "cancelled");
    const auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "minted");
    const auto up = co_await c.warm_up(2);
    EXPECT_TRUE(up);
  });
}

// behaviours: C6
TEST_P(CancelledOperation, close_ends_at_once_and_the_client_closes_all_the_same) {
  sandbox::server api{faulty({"delay=200ms"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    std::string minted, ended;
    c.async_mint({.account = "se-1"}, [&](mint_result r) { minted = name_of(r); });
    auto begin = [&](asio::cancellation_slot slot) {
      c.async_close(asio::bind_cancellation_slot(
          slot, [&](result<void> r) { ended = r ? "closed" : to_string(r.error().value()); }));
    };
    auto has_ended = [&] { return !ended.empty(); };
    const bool at_once = co_await cancel(begin, has_ended);
    EXPECT_TRUE(at_once);
    EXPECT_EQ(ended, "cancelled");
    const auto late = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(late), "closed");
    const auto closed = co_await c.close();
    EXPECT_TRUE(closed);
    EXPECT_EQ(minted, "minted") << "what was under way finishes";
    EXPECT_EQ(c.stats().connections, 0u);
  });
}

// behaviours: C6
TEST_P(CancelledOperation, next_ends_at_once_and_the_stream_goes_on) {
  sandbox::server api{faulty({"delay=200ms"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(four_accounts());
    std::string ended;
    auto begin = [&](asio::cancellation_slot slot) {
      results.async_next(asio::bind_cancellation_slot(
          slot, [&](std::exception_ptr thrown, std::optional<account_result> one) {
            EXPECT_FALSE(one);
            try {
              if (thrown) std::rethrow_exception(thrown);
            } catch (const mint_exception& e) {
              ended = to_string(e.error().value());
            }
          }));
    };
    auto has_ended = [&] { return !ended.empty(); };
    const bool at_once = co_await cancel(begin, has_ended);
    EXPECT_TRUE(at_once);
    EXPECT_EQ(ended, "cancelled");
    int minted = 0;
    while (const auto one = co_await results.next()) minted += one->result.has_value();
    EXPECT_EQ(minted, 4);
    const auto single = co_await c.mint({.account = "se-5"});
    EXPECT_EQ(name_of(single), "minted");
  });
}

INSTANTIATE_TEST_SUITE_P(Each, CancelledOperation,
                         ::testing::Values(asio::cancellation_type::terminal,
                                           asio::cancellation_type::partial, asio::cancellation_type::total,
                                           asio::cancellation_type::all),
                         [](const auto& info) {
                           switch (info.param) {
                             case asio::cancellation_type::terminal:
                               return "terminal";
                             case asio::cancellation_type::partial:
                               return "partial";
                             case asio::cancellation_type::total:
                               return "total";
                             default:
                               return "all";
                           }
                         });

}  // namespace
}  // namespace ephemint
