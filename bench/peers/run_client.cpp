#include "run_client.hpp"

#include "common/allocations.hpp"

#include <cmath>

#include <sys/resource.h>

namespace ephemint::bench {
namespace {

double in_microseconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
}

rusage usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used;
}

/// The nearest of `sorted`'s values.
std::optional<double> at(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return std::nullopt;
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

}  // namespace

const std::vector<known_minter>& known_minters() {
  static const std::vector<known_minter> all = {
      {.name = "ephemint", .make = make_ephemint, .http2 = false, .counted = true},
      {.name = "ephemint-strand", .make = make_ephemint_on_strand, .http2 = false, .counted = true},
      {.name = "ephemint-coro", .make = make_ephemint_coroutine, .http2 = false, .counted = true},
      {.name = "curl", .make = make_curl, .http2 = false, .counted = false},
      {.name = "curl-h2", .make = make_curl_http2, .http2 = true, .counted = false},
      {.name = "beast-pool", .make = make_beast_pool, .http2 = false, .counted = true},
      {.name = "beast-call", .make = make_beast_call, .http2 = false, .counted = true}};
  return all;
}

run_report run_client(const known_minter& which, const target& where, const amount& much) {
  const auto client = which.make(where);
  workload warm_up{much.warm_up, 0};
  workload measured{much.mints, much.rate};
  client->run(warm_up);
  const auto stood = client->dials();
  const rusage before = usage();
  const auto allocated = allocations();
  client->run(measured);
  const auto allocated_by_it = static_cast<double>(allocations() - allocated);
  const rusage after = usage();

  const std::vector<double> latencies = measured.latencies();
  run_report report;
  report.mints = static_cast<double>(latencies.size());
  report.warm_up_mints = static_cast<double>(much.warm_up - warm_up.failures());
  report.failures = static_cast<double>(warm_up.failures() + measured.failures());
  report.first_failure = warm_up.failures() != 0 ? warm_up.first_failure() : measured.first_failure();
  report.wall_us = std::chrono::duration<double, std::micro>{measured.elapsed()}.count();
  report.connections = static_cast<double>(client->dials());
  report.late_connections = static_cast<double>(client->dials() - stood);
  report.user_us = in_microseconds(after.ru_utime) - in_microseconds(before.ru_utime);
  report.system_us = in_microseconds(after.ru_stime) - in_microseconds(before.ru_stime);
  report.p50_us = at(latencies, 0.5);
  report.p90_us = at(latencies, 0.9);
  report.p99_us = at(latencies, 0.99);
  report.p99_9_us = at(latencies, 0.999);
  report.max_us = at(latencies, 1);
  if (which.counted && !latencies.empty()) report.allocations_per_mint = allocated_by_it / report.mints;
  return report;
}

}  // namespace ephemint::bench
