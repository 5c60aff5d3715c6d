#pragma once

#include "client_run.hpp"
#include "frame_server.hpp"
#include "token_account.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <future>
#include <map>
#include <string>
#include <vector>

namespace ephemint::test {

namespace h2 = http2;

/// How often each outcome came. A token that names another account is an outcome of its own.
using outcomes = std::map<std::string, int>;

inline constexpr const char* anothers_token = "another's token";

/// Options for a client of that server: its authority trusted and nothing else, no quota, hardly any
/// back-off, and so much time that only what a test means to time out does.
inline client_options options_for(const frame_server& api) {
  client_options o;
  o.base_url = api.base_url();
  o.api_key = secret{"TEST_key-of-a-hostile-server"};
  o.system_authorities = false;
  o.authority_pem = frame_server::authority_pem();
  o.redirect_hosts = {"localhost"};
  o.rate = quota::unlimited();
  o.first_backoff = 1ms;
  o.attempt_timeout = 10s;
  o.deadline = 20s;
  return o;
}

/// So many mints at once, of se-`first` and the accounts that follow.
struct batch {
  int mints = 1;
  int first = 0;
};

/// What came of a batch.
struct batch_results {
  std::vector<std::string> names;  ///< in the accounts' order
  outcomes all;
};

/// A batch under way.
struct batch_progress {
  batch_results results;
  int under_way;
  asio::steady_timer ended;

  void take(int index, const std::string& account, const mint_result& r) {
    const bool is_own = !r || account_in(r->value()) == account;
    const std::string name = is_own ? name_of(r) : anothers_token;
    ++results.all[name];
    results.names[static_cast<std::size_t>(index)] = name;
    if (--under_way == 0) ended.cancel();
  }
};

inline asio::awaitable<batch_results> mint_batch(client& c, batch what) {
  batch_progress progress{
      {}, what.mints, {co_await asio::this_coro::executor, asio::steady_timer::time_point::max()}};
  progress.results.names.resize(static_cast<std::size_t>(what.mints));
  for (int i = 0; i < what.mints; ++i) {
    const std::string account = "se-" + std::to_string(what.first + i);
    c.async_mint({.account = account}, [&, i, account](mint_result r) { progress.take(i, account, r); });
  }
  boost::system::error_code ignored;
  while (progress.under_way > 0)
    co_await progress.ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return std::move(progress.results);
}

/// What a client of its own came to.
struct trial {
  std::vector<batch_results> batches;
  client_stats stats;

  const outcomes& all(std::size_t n = 0) const { return batches.at(n).all; }
  const std::vector<std::string>& names(std::size_t n = 0) const { return batches.at(n).names; }
};

/// These batches, one behind the other, by one client, which is gone when this returns.
inline trial mint_through(client_options options, const std::vector<batch>& batches = {{}}) {
  trial seen;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    for (const auto& each : batches) seen.batches.push_back(co_await mint_batch(c, each));
    seen.stats = c.stats();
  });
  return seen;
}

/// Lets a script wait for the test.
class signal_to_script {
 public:
  void give() { given_.set_value(); }
  /// Whether it was given within 10 s.
  bool wait() { return waiting_.wait_for(10s) == std::future_status::ready; }

 private:
  std::promise<void> given_;
  std::shared_future<void> waiting_ = given_.get_future().share();
};

}  // namespace ephemint::test
