// Each token is for the caller's account. A mix-up anywhere between call and handler would log one customer
// in to another's account. So the test decodes each token that a caller gets, while everything goes wrong at
// once. It also runs under ThreadSanitizer.
#include "support/client_run.hpp"
#include "support/token_account.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string_view>
#include <thread>

namespace ephemint {
namespace {

using namespace test;

// ThreadSanitizer makes all of it some fifteen times slower.
#ifdef EPHEMINT_THREAD_SANITIZER
constexpr int callers = 600, streams = 2, in_a_stream = 100;
#else
constexpr int callers = 3'000, streams = 3, in_a_stream = 400;
#endif
constexpr int all_calls = callers + streams * in_a_stream;
constexpr auto patience = 90s;

/// The outcome of every call: how often it ended and how, and the account of its token. May be used by any
/// thread.
class ledger {
 public:
  void end(const std::string& account, const mint_result& got) {
    const std::scoped_lock lock{mutex_};
    if (!ended_.insert(account).second) wrong_.push_back(account + " ended twice");
    ++ends_[name_of(got)];
    if (got) look_at(account, *got);
    news_.notify_all();
  }

  bool wait_for(std::size_t calls) {
    std::unique_lock lock{mutex_};
    return news_.wait_for(lock, patience, [&] { return ended_.size() >= calls; });
  }

  const std::vector<std::string>& wrong() const noexcept { return wrong_; }
  const std::map<std::string, std::size_t>& ends() const noexcept { return ends_; }
  std::size_t count(const std::string& name) const {
    const auto found = ends_.find(name);
    return found == ends_.end() ? 0 : found->second;
  }
  std::size_t calls() const noexcept { return ended_.size(); }

 private:
  void look_at(const std::string& account, const ephemeral_token& token) {
    const std::string whose = account_in(token.value());
    if (whose != account) wrong_.push_back(account + " got the token of " + whose);
    if (token.redirect_url().find(token.value()) == std::string_view::npos)
      wrong_.push_back(account + " got another's URL");
    if (!tokens_.insert(std::string{token.value()}).second) wrong_.push_back(account + " got a used token");
  }

  std::mutex mutex_;
  std::condition_variable news_;
  std::set<std::string> ended_;
  std::set<std::string> tokens_;
  std::map<std::string, std::size_t> ends_;
  std::vector<std::string> wrong_;
};

/// One mint, called in one of many ways, and perhaps cancelled at some time.
class caller : public std::enable_shared_from_this<caller> {
 public:
  caller(client& of, ledger& book, asio::any_io_executor home, int number)
      : client_{of},
        book_{book},
        home_{std::move(home)},
        gives_up_{home_},
        account_{"se-" + std::to_string(number)},
        random_{static_cast<unsigned>(number)} {}

  /// On its home, which runs one thing at a time: a signal may only be sent from there.
  void call() {
    mint_request request{account_id{account_}};
    request.urgency = one_in(3) ? priority::background : priority::interactive;
    request.deadline = one_in(6) ? any_time() : std::chrono::milliseconds{patience};
    auto handler =
        asio::bind_cancellation_slot(cancelled_.slot(), [self = shared_from_this()](mint_result r) {
          self->gives_up_.cancel();
          self->book_.end(self->account_, r);
        });
    client_.async_mint(request, asio::bind_executor(home_, std::move(handler)));
    if (one_in(4)) give_up_after(any_time());
  }

 private:
  bool one_in(unsigned n) { return random_() % n == 0; }
  std::chrono::milliseconds any_time() { return std::chrono::milliseconds{1 + random_() % 400}; }

  void give_up_after(std::chrono::milliseconds time) {
    gives_up_.expires_after(time);
    gives_up_.async_wait(
        asio::bind_executor(home_, [self = shared_from_this()](boost::system::error_code over) {
          if (!over) self->cancelled_.emit(asio::cancellation_type::terminal);
        }));
  }

  client& client_;
  ledger& book_;
  const asio::any_io_executor home_;
  asio::steady_timer gives_up_;
  asio::cancellation_signal cancelled_;
  const std::string account_;
  std::minstd_rand random_;
};

asio::awaitable<void> read_stream(client& c, ledger& book, int first) {
  std::vector<std::string> accounts;
  for (int n = 0; n < in_a_stream; ++n) accounts.push_back("se-" + std::to_string(first + n));
  many_options how;
  how.in_flight = 50;
  auto results = c.mint_many(std::move(accounts), how);
  while (true) {
    const std::optional<account_result> one = co_await results.next();
    if (!one) co_return;
    book.end(std::string{one->account.str()}, one->result);
  }
}

/// The faults of a network and of a failing server, all at once.
sandbox::server_options sick_server() {
  auto o = faulty({"status=503,every=11", "close=before,every=17", "reset=before,every=41",
                   "cut=inside:60,every=53", "announce_close,every=37", "stall,every=211"});
  o.jitter = 3ms;
  o.tracked_accounts = all_calls;
  return o;
}

client_options patient_client(const sandbox::server& api) {
  auto o = options_for(api);
  o.max_connections = 32;
  o.max_attempts = 50;
  o.retry_budget = 1'000'000;
  o.first_backoff = 1ms;
  o.max_backoff = 20ms;
  o.attempt_timeout = 300ms;
  o.min_remaining = 0ms;
  return o;
}

/// Makes all calls, each on the executor that `home_of` returns, and checks their outcomes.
template <class HomeOf>
void all_get_their_own(sandbox::server& api, asio::any_io_executor executor, client_options options,
                       HomeOf home_of) {
  const auto most_attempts = static_cast<std::uint64_t>(options.max_attempts) + 1;  // a stale one's besides
  ledger book;
  {
    auto held = std::make_unique<client>(executor, std::move(options));
    client& c = *held;
    for (int n = 0; n < callers; ++n) {
      const asio::any_io_executor home = home_of();
      asio::post(home, [one = std::make_shared<caller>(c, book, home, n)] { one->call(); });
    }
    for (int n = 0; n < streams; ++n)
      asio::co_spawn(home_of(), read_stream(c, book, callers + n * in_a_stream),
                     [](std::exception_ptr thrown) { EXPECT_EQ(thrown, nullptr); });
    EXPECT_TRUE(book.wait_for(all_calls)) << "calls that never end";

    const client_stats did = c.stats();
    EXPECT_EQ(did.submitted, book.calls());
    EXPECT_EQ(did.minted, book.count("minted"));
    EXPECT_EQ(did.failed, book.calls() - book.count("minted"));
    EXPECT_GT(did.retries, did.stale_retries);
    EXPECT_GT(did.stale_retries, 0u);
    // Where its calls came from, as a client for one thread wants it.
    asio::post(executor, asio::use_future([&] { held.reset(); })).get();
  }
  EXPECT_THAT(book.wrong(), ::testing::IsEmpty());
  EXPECT_EQ(book.calls(), static_cast<std::size_t>(all_calls));
  // Each kind of end was there; most got their token.
  EXPECT_GT(book.count("minted"), static_cast<std::size_t>(all_calls) / 2);
  EXPECT_GT(book.count("cancelled"), 0u);
  EXPECT_GT(book.count("timed_out"), 0u);
  for (const auto& [account, requests] : api.stats().requests_by_account)
    EXPECT_LE(requests, most_attempts) << account;
}

/// An io_context and the threads that run it.
class running_context {
 public:
  explicit running_context(int threads) {
    for (int n = 0; n < threads; ++n) threads_.emplace_back([this] { context_.run(); });
  }
  ~running_context() {
    work_.reset();
    for (auto& each : threads_) each.join();
  }
  asio::any_io_executor executor() { return context_.get_executor(); }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::vector<std::thread> threads_;
};

// behaviours: I1, I3, I4
TEST(Identity, callers_of_a_whole_pool_get_their_own_tokens_from_a_context_of_one_thread) {
  sandbox::server api{sick_server()};
  asio::thread_pool callers_threads{4};
  running_context home{1};
  all_get_their_own(api, home.executor(), patient_client(api),
                    [&] { return asio::make_strand(callers_threads.get_executor()); });
  callers_threads.join();
}

// behaviours: I1, I3, I4
TEST(Identity, callers_get_their_own_tokens_from_a_context_of_several_threads) {
  sandbox::server api{sick_server()};
  running_context home{4};
  all_get_their_own(api, home.executor(), patient_client(api),
                    [&] { return asio::make_strand(home.executor()); });
}

// behaviours: I1, I3, I4
TEST(Identity, callers_get_their_own_tokens_from_a_thread_pool) {
  sandbox::server api{sick_server()};
  asio::thread_pool pool{4};
  all_get_their_own(api, pool.get_executor(), patient_client(api),
                    [&] { return asio::make_strand(pool.get_executor()); });
  pool.join();
}

// behaviours: I1, I3, I4
TEST(Identity, callers_on_the_one_thread_of_a_single_threaded_client_get_their_own_tokens) {
  sandbox::server api{sick_server()};
  running_context home{1};
  auto options = patient_client(api);
  options.single_threaded = true;
  const asio::any_io_executor all_of_it = asio::make_strand(home.executor());
  all_get_their_own(api, all_of_it, std::move(options), [&] { return all_of_it; });
}

// behaviours: I1, I3, I4
TEST(Identity, callers_on_the_strand_of_a_single_threaded_client_get_their_own_tokens) {
  sandbox::server api{sick_server()};
  asio::thread_pool pool{4};
  auto options = patient_client(api);
  options.single_threaded = true;
  const asio::any_io_executor strand = asio::make_strand(pool.get_executor());
  all_get_their_own(api, strand, std::move(options), [&] { return strand; });
  pool.join();
}

/// A token of that account's, from a real client.
ephemeral_token token_of(const sandbox::server& api, account_id account) {
  return mint_once(api, options_for(api), {account}).value();
}

// behaviours: I3
TEST(Identity, strangers_token_would_be_seen) {
  const sandbox::server api;
  ledger book;
  book.end("se-1", token_of(api, "se-1"));
  EXPECT_THAT(book.wrong(), ::testing::IsEmpty());
  book.end("se-2", token_of(api, "se-3"));
  EXPECT_THAT(book.wrong(), ::testing::ElementsAre("se-2 got the token of se-3"));
}

TEST(Identity, second_end_used_token_and_wrong_url_would_be_seen) {
  const sandbox::server api;
  ledger book;
  const ephemeral_token first = token_of(api, "se-1");
  const ephemeral_token other = token_of(api, "se-1");
  const auto copy = [](const ephemeral_token& token, const ephemeral_token& url) {
    return ephemeral_token{token.value(), url.redirect_url(), clock::now()};
  };
  book.end("se-1", copy(first, first));
  book.end("se-1", copy(first, first));
  EXPECT_THAT(book.wrong(), ::testing::ElementsAre("se-1 ended twice", "se-1 got a used token"));
  book.end("se-1", copy(other, first));
  EXPECT_THAT(book.wrong(), ::testing::Contains("se-1 got another's URL"));
}

}  // namespace
}  // namespace ephemint
