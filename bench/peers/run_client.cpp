#include "run_client.hpp"

#include "harness/open_loop.hpp"
#include "harness/process_figures.hpp"
#include "harness/units.hpp"

namespace ephemint::bench {
namespace {

constexpr std::uint32_t accounts_in_turn = 1000;

/// At once, or evenly at that rate.
std::vector<arrival> calls_of(std::uint64_t mints, double rate) {
  std::vector<arrival> calls(mints);
  for (std::uint64_t i = 0; i < mints; ++i) {
    const double due_us = rate > 0 ? 1e6 * static_cast<double>(i) / rate : 0;
    calls[i] = {std::chrono::microseconds{static_cast<std::int64_t>(due_us)},
                static_cast<std::uint32_t>(i % accounts_in_turn)};
  }
  return calls;
}

/// A loop with what it works on.
struct work {
  work(minter& client, const std::vector<account_id>& accounts, std::uint64_t mints, double rate,
       std::size_t callers)
      : calls{calls_of(mints, rate)},
        loop{client, calls, accounts, {.deadline = forever, .callers = callers, .patience = forever}} {}

  static constexpr std::chrono::hours forever{24};
  const std::vector<arrival> calls;
  open_loop loop;
};

}  // namespace

std::span<const known_minter> known_minters() {
  static constexpr known_minter all[] = {
      {.name = "ephemint", .make = make_ephemint},
      {.name = "ephemint-strand", .make = make_ephemint_on_strand},
      {.name = "ephemint-metrics", .make = make_ephemint_observed},
      {.name = "ephemint-coro", .make = make_ephemint_coroutine},
      {.name = "ephemint-h2", .make = make_ephemint_http2, .http2 = true},
      {.name = "ephemint-h2x4", .make = make_ephemint_http2_on_four, .http2 = true},
      {.name = "curl", .make = make_curl, .counted = false},
      {.name = "curl-h2", .make = make_curl_http2, .http2 = true, .counted = false},
      {.name = "beast-pool", .make = make_beast_pool},
      {.name = "beast-call", .make = make_beast_call}};
  return all;
}

run_report run_client(const known_minter& which, const minter_settings& where, const amount& much) {
  const auto client = which.make(where);
  const auto accounts = make_accounts(accounts_in_turn);
  work before{*client, accounts, much.warm_up, 0, where.connections};
  work measured{*client, accounts, much.mints, much.rate, where.connections};
  client->warm_up();
  before.loop.run();
  const auto stood = client->counts().connections;
  const auto at_first = process_figures::now();
  measured.loop.run();
  const auto used = process_figures::now() - at_first;

  const measurements& warm = before.loop.of_calls();
  const measurements& m = measured.loop.of_calls();
  // In the closed loop a mint is due when a caller is free for it.
  const histogram& latency = much.rate > 0 ? m.corrected : m.uncorrected;
  const auto figure = [](auto number) { return static_cast<double>(number); };
  run_report report;
  report.mints = figure(m.minted);
  report.warm_up_mints = figure(warm.minted);
  report.failures = figure(warm.failures() + m.failures());
  report.first_failure = warm.failures() != 0 ? warm.first_failure : m.first_failure;
  report.wall_us = us(measured.loop.time());
  report.connections = figure(client->counts().connections);
  report.late_connections = figure(client->counts().connections - stood);
  report.user_us = us(used.user);
  report.system_us = us(used.system);
  if (m.minted == 0) return report;
  report.p50_us = us(latency.percentile(50));
  report.p90_us = us(latency.percentile(90));
  report.p99_us = us(latency.percentile(99));
  report.p99_9_us = us(latency.percentile(99.9));
  report.max_us = us(latency.max());
  if (which.counted) report.allocations_per_mint = figure(used.allocations) / report.mints;
  return report;
}

}  // namespace ephemint::bench
