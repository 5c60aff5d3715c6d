// A client with mints under way in a `fork`: in the child everything ends with `closed` and nothing is read
// or written, and the parent's client isn't affected. Everything runs on one thread, the stand-in for the API
// too, as locks that a second thread held at the fork, OpenSSL's for instance, would be held for ever in the
// child.
#include "support/child.hpp"
#include "support/client_run.hpp"
#include "support/recording_observer.hpp"
#include "support/token_account.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace ephemint::test {
namespace {

/// Whether the child tells the context that it was forked, as Asio asks for.
enum class told_of_fork { yes, no };

struct fork_case {
  told_of_fork told;
  http2_use http2;

  friend void PrintTo(const fork_case& each, std::ostream* to) {
    *to << (each.told == told_of_fork::yes ? "told" : "untold");
    if (each.http2 == http2_use::only) *to << "_http2";
  }
};

constexpr std::string_view closed_by_fork =
    "closed: this client was made before fork(): make one in each process\n";

std::string line_of(const mint_result& r) {
  return r ? "a token of " + account_in(r->value()) : to_string(r.error());
}
std::string line_of(const result<void>& r) { return r ? "done" : to_string(r.error()); }

std::string times(int n, std::string_view line) {
  std::string all;
  while (n-- > 0) all += line;
  return all;
}

class Fork : public testing::TestWithParam<fork_case> {
 protected:
  static client_options options_for_parent(const sandbox::server& api) {
    auto o = options_for(api);
    o.http2 = GetParam().http2;
    o.max_connections = 4;
    o.attempt_timeout = 1s;
    o.handshake_timeout = 500ms;
    return o;
  }

  /// Tells the context of the fork before the child runs it, if the test wants that.
  void in_child() {
    if (GetParam().told == told_of_fork::yes) context->notify_fork(asio::io_context::fork_child);
  }

  /// Lets the API continue.
  void serve() {
    api_context.restart();
    api_context.poll();
  }

  /// Runs the context until that holds, in the parent.
  void run_until(const std::function<bool()>& holds) {
    const auto limit = clock::now() + 20s;
    while (!holds() && clock::now() < limit) {
      serve();
      context->restart();
      context->run_for(100us);
    }
    EXPECT_TRUE(holds());
  }

  std::string told_by(child& forked) {
    return forked.told([this] { serve(); });
  }

  /// Begins so many mints, one for each account.
  void begin_mints(int n) {
    for (const auto& account : accounts(n))
      minter->async_mint({.account = account_id{account}}, [this, account](mint_result r) {
        results.push_back(r && account_in(r->value()) != account ? "another's token" : line_of(r));
      });
  }

  void warm_up() {
    std::optional<result<void>> warm;
    minter->async_warm_up(4, [&](result<void> r) { warm = r; });
    run_until([&] { return warm.has_value(); });
    ASSERT_TRUE(warm->has_value());
  }

  /// The parent mints with the connections that it had before.
  void expect_unharmed() {
    const auto before = minter->stats();
    results.clear();
    begin_mints(4);
    run_until([&] { return results.size() == 4; });
    EXPECT_THAT(results, testing::UnorderedElementsAre("a token of se-0", "a token of se-1",
                                                       "a token of se-2", "a token of se-3"));
    EXPECT_EQ(minter->stats().dials, before.dials);
    EXPECT_EQ(minter->stats().retries, before.retries);
  }

  asio::io_context api_context{1};
  sandbox::server api{api_context.get_executor()};
  std::unique_ptr<asio::io_context> context = std::make_unique<asio::io_context>(1);
  std::optional<client> minter{std::in_place, context->get_executor(), options_for_parent(api)};
  std::vector<std::string> results;
};

// behaviours: I9
TEST_P(Fork, childs_operations_end_as_closed_and_say_why) {
  warm_up();
  child forked{[&](auto report) {
    in_child();
    minter->async_mint({.account = "se-1"}, [&](mint_result r) { report(line_of(r)); });
    minter->async_warm_up(1, [&](result<void> r) { report(line_of(r)); });
    minter->async_close([&](result<void> r) { report(line_of(r)); });
    context->restart();
    context->run_for(5s);
    report(context->stopped() ? "nothing is left" : "work is left");
  }};
  EXPECT_EQ(told_by(forked), times(3, closed_by_fork) + "nothing is left\n");
  expect_unharmed();
}

// behaviours: I9, O1
TEST_P(Fork, observer_hears_nothing_in_the_child) {
  const auto seen = std::make_shared<recording_observer>();
  auto options = options_for_parent(api);
  options.observer = seen;
  minter.emplace(context->get_executor(), std::move(options));
  warm_up();
  api.add_fault(sandbox::parse_fault("delay=200ms"));
  begin_mints(4);
  run_until([&] { return api.stats().requests == 4; });
  child forked{[&](auto report) {
    const auto heard = seen->count();
    in_child();
    minter->async_mint({.account = ""}, [](const mint_result&) {});
    minter->async_mint({.account = "se-1"}, [](const mint_result&) {});
    context->restart();
    context->run_for(5s);
    minter.reset();
    report(seen->count() == heard ? "nothing was heard" : "it was heard");
  }};
  EXPECT_EQ(told_by(forked), "nothing was heard\n");
  run_until([&] { return results.size() == 4; });
  EXPECT_EQ(seen->mints().size(), 4u);
}

// behaviours: I9
TEST_P(Fork, mints_under_way_end_as_closed_in_the_child_and_with_tokens_in_the_parent) {
  warm_up();
  api.add_fault(sandbox::parse_fault("delay=200ms"));
  begin_mints(4);
  run_until([&] { return api.stats().requests == 4; });
  child forked{[&](auto report) {
    in_child();
    minter->async_mint({.account = "se-9"}, [&](mint_result r) { results.push_back(line_of(r)); });
    context->restart();
    context->run_for(5s);
    for (const auto& each : results) report(each);
  }};
  EXPECT_EQ(told_by(forked), times(5, closed_by_fork));
  run_until([&] { return results.size() == 4; });
  EXPECT_THAT(results, testing::UnorderedElementsAre("a token of se-0", "a token of se-1", "a token of se-2",
                                                     "a token of se-3"));
}

// The replies are there when the child first runs the context. If it wasn't told of the fork, its reactor is
// still the parent's. behaviours: I9
TEST_P(Fork, replies_that_wait_for_the_parent_arent_read_by_the_child) {
  warm_up();
  begin_mints(4);
  // Their requests leave as they are begun, or at the end of the turn over HTTP/2; nobody reads the replies
  // before the child does.
  context->restart();
  context->poll();
  for (int i = 0; api.stats().minted < 4 && i < 2'000; ++i) {
    serve();
    ::usleep(100);
  }
  ASSERT_EQ(api.stats().minted, 4u);
  child forked{[&](auto report) {
    in_child();
    context->restart();
    context->run_for(3s);
    for (const auto& each : results) report(each);
  }};
  EXPECT_EQ(told_by(forked), times(4, closed_by_fork));
  // A child that wasn't told may have taken the parent's timer: the next mint sets it again.
  const std::size_t further = GetParam().told == told_of_fork::no ? 1 : 0;
  if (further != 0) begin_mints(1);
  run_until([&] { return results.size() == 4 + further; });
  EXPECT_THAT(results, testing::IsSupersetOf(
                           {"a token of se-0", "a token of se-1", "a token of se-2", "a token of se-3"}));
  EXPECT_THAT(results, testing::Each(testing::StartsWith("a token of ")));
  if (GetParam().told == told_of_fork::yes) {
    EXPECT_EQ(minter->stats().retries, 0u);
  }
}

// behaviours: I9
TEST_P(Fork, child_that_destroys_client_and_context_leaves_the_parents_connections_alone) {
  warm_up();
  child client_first{[&](auto report) {
    in_child();
    minter.reset();
    context->restart();
    context->poll();
    context.reset();
    report("both are gone");
  }};
  EXPECT_EQ(told_by(client_first), "both are gone\n");
  child context_first{[&](auto report) {
    in_child();
    context.reset();
    minter.reset();
    report("both are gone");
  }};
  EXPECT_EQ(told_by(context_first), "both are gone\n");
  expect_unharmed();
}

// behaviours: I9
TEST_P(Fork, child_that_closes_while_mints_are_under_way_leaves_the_parents_connections_alone) {
  warm_up();
  api.add_fault(sandbox::parse_fault("delay=200ms,count=4"));
  begin_mints(4);
  run_until([&] { return api.stats().requests == 4; });
  child forked{[&](auto report) {
    in_child();
    minter->async_close([&](result<void>) {});
    minter.reset();
    report("it is gone");
  }};
  EXPECT_EQ(told_by(forked), "it is gone\n");
  run_until([&] { return results.size() == 4; });
  EXPECT_EQ(minter->stats().retries, 0u);
  expect_unharmed();
}

// behaviours: I9
TEST_P(Fork, token_that_was_not_told_yet_is_told_to_the_parent_alone) {
  asio::io_context slow;
  std::string met;
  minter->async_mint({.account = "se-1"},
                     asio::bind_executor(slow.get_executor(), [&](mint_result r) { met = line_of(r); }));
  run_until([&] { return minter->stats().minted == 1; });
  child forked{[&](auto report) {
    in_child();
    slow.run();
    report(met);
  }};
  EXPECT_EQ(told_by(forked), closed_by_fork);
  slow.run();
  EXPECT_EQ(met, "a token of se-1");
}

// behaviours: I9
TEST_P(Fork, dials_under_way_end_in_the_child_and_go_on_in_the_parent) {
  api.add_fault(sandbox::parse_fault("handshake=stall,count=1"));
  std::optional<result<void>> warm;
  minter->async_warm_up(1, [&](result<void> r) { warm = r; });
  minter->async_mint({.account = "se-1"}, [&](mint_result r) { results.push_back(line_of(r)); });
  run_until([&] { return api.stats().connections_open == 1; });
  child forked{[&](auto report) {
    in_child();
    minter->async_mint({.account = "se-1"}, [&](mint_result r) { results.push_back(line_of(r)); });
    context->restart();
    context->run_for(5s);
    for (const auto& each : results) report(each);
    report(warm ? line_of(*warm) : "no end");
  }};
  EXPECT_EQ(told_by(forked), times(3, closed_by_fork));
  run_until([&] { return results.size() == 1; });
  EXPECT_THAT(results, testing::ElementsAre("a token of se-1"));
}

// behaviours: I9, Y1
TEST_P(Fork, tunnel_under_way_ends_in_the_child_and_goes_on_in_the_parent) {
  asio::ip::tcp::acceptor proxy{api_context, {asio::ip::address_v4::loopback(), 0}};
  client_options o = options_for_parent(api);
  o.proxy = "http://127.0.0.1:" + std::to_string(proxy.local_endpoint().port());
  o.connect_timeout = 20s;
  minter.emplace(context->get_executor(), std::move(o));
  asio::ip::tcp::socket asked{api_context};
  proxy.async_accept(asked, [](boost::system::error_code) {});
  begin_mints(1);
  run_until([&] { return asked.is_open() && asked.available() > 0; });
  child forked{[&](auto report) {
    in_child();
    begin_mints(1);
    context->restart();
    context->run_for(5s);
    for (const auto& each : results) report(each);
  }};
  EXPECT_EQ(told_by(forked), times(2, closed_by_fork));
  asio::write(asked, asio::buffer(std::string_view{"HTTP/1.1 403 No\r\n\r\n"}));
  run_until([&] { return results.size() == 1; });
  EXPECT_THAT(results, testing::ElementsAre(testing::HasSubstr("it answered 403")));
}

// behaviours: I9
TEST_P(Fork, stream_ends_in_the_child_without_a_look_at_its_source_and_goes_on_in_the_parent) {
  api.add_fault(sandbox::parse_fault("delay=100ms"));
  int read = 0;
  auto source = [&read]() -> std::optional<account_id> {
    if (read == 20) return std::nullopt;
    return account_id{"se-" + std::to_string(read++)};
  };
  auto results_of = minter->mint_many(account_source{source}, {.in_flight = 4});
  std::string met;
  int minted = 0;
  std::function<void()> next = [&] {
    results_of.async_next([&](std::exception_ptr error, std::optional<account_result> r) {
      try {
        if (error) std::rethrow_exception(error);
      } catch (const mint_exception& e) {
        met = e.what();
        return;
      }
      if (!r) {
        met = "all";
        return;
      }
      minted += r->result && account_in(r->result->value()) == r->account.str();
      next();
    });
  };
  next();
  run_until([&] { return minted >= 5; });
  child forked{[&](auto report) {
    in_child();
    const int read_before = read;
    minter->async_mint({.account = "se-1"}, [&](mint_result) {});
    context->restart();
    context->run_for(5s);
    report(met);
    report(read == read_before ? "nothing was read" : "accounts were read");
  }};
  EXPECT_EQ(told_by(forked), std::string{closed_by_fork} + "nothing was read\n");
  run_until([&] { return met == "all"; });
  EXPECT_EQ(minted, 20);
}

asio::awaitable<void> read_one(mint_stream results, std::string& met) {
  try {
    co_await results.next();
  } catch (const mint_exception& e) {
    met = e.what();
  }
}

// behaviours: I9
TEST_P(Fork, reader_of_a_stream_whose_source_has_nothing_yet_hears_it_in_the_child) {
  auto source = [timer = std::make_shared<asio::steady_timer>(
                     *context, 1h)]() -> asio::awaitable<std::optional<account_id>> {
    co_await timer->async_wait(asio::use_awaitable);
    co_return std::nullopt;
  };
  std::string met;
  asio::co_spawn(*context, read_one(minter->mint_many(account_source{std::move(source)}), met),
                 asio::detached);
  context->poll();
  child forked{[&](auto report) {
    in_child();
    minter->async_mint({.account = "se-1"}, [&](mint_result) {});
    context->restart();
    while (met.empty()) context->run_one();
    report(met);
  }};
  EXPECT_EQ(told_by(forked), closed_by_fork);
  EXPECT_EQ(met, "") << "the parent waits on";
}

// behaviours: I9, I3
TEST_P(Fork, workers_forked_under_load_mint_with_clients_of_their_own) {
  constexpr int mints = 200;
  int begun = 0, good = 0, ended = 0;
  std::function<void()> again = [&] {
    if (begun == mints) return;
    const std::string account = "se-" + std::to_string(begun++);
    minter->async_mint({.account = account_id{account}}, [&, account](mint_result r) {
      ++ended;
      good += r && account_in(r->value()) == account;
      again();
    });
  };
  for (int i = 0; i < 4; ++i) again();
  std::vector<std::unique_ptr<child>> workers;
  for (int worker = 0; worker < 5; ++worker) {
    run_until([&] { return ended >= 30 * (worker + 1); });
    workers.push_back(std::make_unique<child>([&](auto report) {
      in_child();
      minter->async_mint({.account = "se-1"}, [&](mint_result r) { report(line_of(r)); });
      // Without `notify_fork`, the child must not run the parent's context.
      if (GetParam().told == told_of_fork::yes) context->poll();
      minter.reset();
      const auto own = mint_once(api, options_for(api), {account_id{"se-w" + std::to_string(worker)}});
      report(line_of(own));
    }));
  }
  run_until([&] { return ended == mints; });
  EXPECT_EQ(good, mints);
  EXPECT_EQ(minter->stats().retries, 0u);
  for (int worker = 0; worker < 5; ++worker) {
    const std::string own = "a token of se-w" + std::to_string(worker) + '\n';
    EXPECT_EQ(told_by(*workers[static_cast<std::size_t>(worker)]),
              GetParam().told == told_of_fork::yes ? std::string{closed_by_fork} + own : own);
  }
}

/// A context that wasn't told of the fork is the parent's, by Asio's rule.
class ToldFork : public Fork {};

// behaviours: I9
TEST_P(ToldFork, client_made_in_the_child_is_a_client_like_any_other) {
  warm_up();
  child forked{[&](auto report) {
    in_child();
    minter.emplace(context->get_executor(), options_for_parent(api));
    begin_mints(1);
    context->restart();
    while (results.empty()) context->run_one();  // the API is served by the parent
    report(results.front());
  }};
  EXPECT_EQ(told_by(forked), "a token of se-0\n");
  expect_unharmed();
}

#ifdef EPHEMINT_HTTP2
const http2_use protocols[]{http2_use::never, http2_use::only};
#else
const http2_use protocols[]{http2_use::never};
#endif

std::vector<fork_case> cases_of(const std::vector<told_of_fork>& all) {
  std::vector<fork_case> cases;
  for (const auto told : all)
    for (const auto http2 : protocols) cases.push_back({told, http2});
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<fork_case>& each) {
  return testing::PrintToString(each.param);
}

INSTANTIATE_TEST_SUITE_P(, ToldFork, testing::ValuesIn(cases_of({told_of_fork::yes})), &name_of_case);
INSTANTIATE_TEST_SUITE_P(, Fork, testing::ValuesIn(cases_of({told_of_fork::yes, told_of_fork::no})),
                         &name_of_case);

}  // namespace
}  // namespace ephemint::test
