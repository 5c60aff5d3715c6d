// The scenarios as Google Benchmarks: one iteration each, timed by hand, with the counts as counters. For
// tools that compare its JSON, and for `--benchmark_filter`. EPHEMINT_BENCH_FULL=1 runs them at full length.

#include "common/versions.hpp"
#include "harness/program.hpp"
#include "harness/units.hpp"
#include "sandbox_process.hpp"
#include "scenario_run.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

namespace {

using namespace ephemint::bench;

void count(benchmark::State& state, const scenario_result& r) {
  const auto number = [](auto n) { return static_cast<double>(n); };
  const double minted = number(r.minted());
  state.counters["calls"] = number(r.calls.calls);
  state.counters["minted"] = minted;
  state.counters["failed"] = number(r.calls.failures());
  for (const auto& [code, failures] : r.calls.failed) state.counters["failed_" + code] = number(failures);
  state.counters["429s"] = number(r.did.rate_limited);
  state.counters["retries"] = number(r.did.retries);
  state.counters["connections"] = number(r.did.connections);
  state.counters["p50_ms"] = ms(r.calls.corrected.percentile(50));
  state.counters["p99_ms"] = ms(r.calls.corrected.percentile(99));
  state.counters["p99.9_ms"] = ms(r.calls.corrected.percentile(99.9));
  state.counters["left_p50_ms"] = ms(r.calls.left(50));
  state.counters["left_p1_ms"] = ms(r.calls.left(1));
  state.counters["left_least_ms"] = ms(r.calls.least_left());
  state.counters["cpu_us_per_mint"] = number(r.used.cpu().count()) / minted;
  state.counters["allocations_per_mint"] = number(r.used.allocations) / minted;
  state.counters["peak_rss_kib"] = number(r.peak_memory_kib);
}

void run_as_benchmark(benchmark::State& state, const scenario& s, std::optional<api_under_load>& api) {
  if (!api) {
    api.emplace();
    pin_to_client_core();
  }
  for ([[maybe_unused]] auto _ : state) {
    const scenario_result r = run_scenario(s, *api);
    state.SetIterationTime(seconds(r.time));
    count(state, r);
  }
}

int run(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  for (const auto& [name, value] : versions()) benchmark::AddCustomContext(name, value);
  std::optional<api_under_load> api;  // not before a benchmark runs: they may only be listed
  for (const scenario& s : all_scenarios(std::getenv("EPHEMINT_BENCH_FULL") == nullptr))
    benchmark::RegisterBenchmark(("load/" + s.name).c_str(),
                                 [&](benchmark::State& state) { run_as_benchmark(state, s, api); })
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return run_program("bench_load_gb", [&] {
    if (count == 2 && arguments[1] == serve_sandbox_argument) return serve_sandbox();
    return run(count, arguments);
  });
}
