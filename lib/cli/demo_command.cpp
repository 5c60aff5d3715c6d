#include "batch_display.hpp"
#include "commands.hpp"
#include "demo_report.hpp"
#include "talk.hpp"
#include "tally.hpp"
#include "text.hpp"

#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <utility>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t requests_admitted = 60;
constexpr std::chrono::milliseconds window = 5s;
constexpr std::uint64_t too_many_failures = 5;  // here none is expected
constexpr quota rate = quota::declared(requests_admitted, window);
constexpr int failures = 3, closed_connections = 2;

sandbox::server_options demo_sandbox() {
  sandbox::server_options options;
  options.limit = {
      .kind = sandbox::limiter_kind::sliding_window, .requests = requests_admitted, .window = window};
  options.latency = 20ms;
  options.jitter = 10ms;
  options.faults = {sandbox::parse_fault(fmt::format("status=503,skip=20,every=25,count={}", failures)),
                    sandbox::parse_fault(fmt::format("close=before,nth=4,count={}", closed_connections))};
  return options;
}

client_options demo_client(const sandbox::server& api, std::shared_ptr<rate_governor> governor) {
  client_options options;
  options.base_url = api.base_url();
  options.api_key = secret{api.api_key()};
  options.system_authorities = false;
  options.authority_pem = api.ca_pem();
  options.governor = std::move(governor);
  options.single_threaded = true;
  // A connection is closed with all its requests, and so one account may meet all that goes wrong.
  options.max_attempts = failures + closed_connections + 1;
  return options;
}

/// Mints for so many accounts and writes down what it sees.
class demo_run {
 public:
  explicit demo_run(std::size_t accounts)
      : governor_{make_rate_governor(rate)}, display_{context_.get_executor(), client_, accounts} {
    figures_.accounts = accounts;
    figures_.least = window * ((accounts - 1) / requests_admitted);
    figures_.quota = requests_admitted;
    figures_.window = window;
  }

  exit_status run() {
    client_.emplace(context_.get_executor(), demo_client(api_, governor_));
    many_.in_flight = client_->options().max_connections;  // a queue here would only be waited in
    many_.urgency = priority::interactive;
    many_.outage_patience = std::chrono::milliseconds{0};  // the sandbox stands here: it isn't waited for
    display_.start(rate, governor_, many_);
    std::exception_ptr thrown;
    boost::asio::co_spawn(context_, mint_all(), [&](std::exception_ptr error) {
      thrown = std::move(error);
      context_.stop();
    });
    context_.run();
    display_.stop();
    if (thrown) std::rethrow_exception(thrown);
    return conclude();
  }

 private:
  boost::asio::awaitable<void> mint_all() {
    const clock::time_point begin = clock::now();
    mint_stream results = client_->mint_many(accounts(), many_);
    while (true) {
      const std::optional<account_result> one = co_await results.next();
      if (!one) break;
      record(*one);
      if (tally_.failed() == too_many_failures) break;
    }
    figures_.taken = clock::now() - begin;
  }

  account_source accounts() {
    return [this, next = std::size_t{0}]() mutable -> std::optional<account_id> {
      if (next == figures_.accounts) return std::nullopt;
      return account_id{fmt::format("se-{}", 1000 + next++)};
    };
  }

  void record(const account_result& one) {
    figures_.latencies.push_back(one.latency);
    if (!one.result) {
      tally_.count_failed(one.result.error());
      return display_.failed();
    }
    tally_.count_minted();
    figures_.seconds_left.push_back(one.result->remaining());
    display_.minted();
  }

  exit_status conclude() {
    if (tally_.failed() == too_many_failures) {
      complain(fmt::format("gave up: {}", tally_.summary()));
      return exit_status::some_failed;
    }
    figures_.minted = tally_.minted();
    figures_.client = client_->stats();
    const sandbox::server_stats seen = api_.stats();
    figures_.peak = seen.peak_per_window;
    figures_.http2_requests = seen.http2_requests;
    const std::string text = report(std::move(figures_));
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) != 0) return exit_status::some_failed;
    if (tally_.failed() == 0) return exit_status::all_minted;
    complain(tally_.summary());
    return exit_status::some_failed;
  }

  sandbox::server api_{demo_sandbox()};
  boost::asio::io_context context_{1};
  std::shared_ptr<rate_governor> governor_;
  std::optional<client> client_;
  many_options many_;
  batch_display display_;
  tally tally_;
  demo_figures figures_;
};

}  // namespace

exit_status run_demo(const demo_arguments& given) {
  fmt::print(
      "Minting login tokens for {} accounts. The sandbox, in this process, admits {} requests in any\n"
      "{} s, answers in 20 to 30 ms, fails now and then, and has its connections closed.\n\n",
      with_thousands(given.accounts), requests_admitted, window / 1s);
  std::fflush(stdout);
  return demo_run{given.accounts}.run();
}

}  // namespace ephemint::cli
