#include "http2_trial.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace ephemint::test {

namespace {

/// A batch under way.
struct batch_progress {
  batch_progress(const asio::any_io_executor& executor, int mints)
      : under_way{mints}, ended{executor, asio::steady_timer::time_point::max()} {
    results.names.resize(static_cast<std::size_t>(mints));
  }

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

}  // namespace

client_options options_for(const frame_server& api) {
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

asio::awaitable<batch_results> mint_batch(client& c, int mints, int first) {
  const auto executor = co_await asio::this_coro::executor;
  batch_progress progress{executor, mints};
  for (int i = 0; i < mints; ++i) {
    const std::string account = "se-" + std::to_string(first + i);
    c.async_mint({.account = account}, [&, i, account](mint_result r) { progress.take(i, account, r); });
  }
  boost::system::error_code ignored;
  while (progress.under_way > 0)
    co_await progress.ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return std::move(progress.results);
}

trial mint_through(client_options options, const std::vector<batch>& batches) {
  trial seen;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    for (const auto& each : batches) seen.batches.push_back(co_await mint_batch(c, each.mints, each.first));
    seen.stats = c.stats();
  });
  return seen;
}

}  // namespace ephemint::test
