#include "comparison.hpp"

#include "gateway_process.hpp"
#include "harness/open_loop.hpp"
#include "harness/process_figures.hpp"
#include "harness/units.hpp"
#include "load/report.hpp"
#include "load/sandbox_process.hpp"
#include "minters/minters.hpp"
#include "sidecar_minter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;

minter_pointer make_direct(const server_address& api, std::string_view http) {
  minter_settings s{.server = api, .connections = 32, .rate = quota::declared(12'000, 60s)};
  if (http == "2") s.streams = 100;
  return make_ephemint(s);
}

/// Makes the logins of a schedule. The CPU time is that of the process whose use `used` returns.
template <class Used>
run_figures run(minter& by, const traffic& calls, std::chrono::milliseconds length, Used used) {
  const auto arrivals = make_schedule(calls, length);
  const auto accounts = make_accounts(calls.accounts);
  open_loop loop{by, arrivals, accounts, {.deadline = 8s, .callers = 0, .patience = 30s}};
  const std::chrono::nanoseconds before = used();
  loop.run();
  return {loop.of_calls(), used() - before};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

template <class Figure>
double median_of(const comparison_result& r, Figure figure) {
  std::vector<double> values;
  for (const turn_figures& t : r.turns) values.push_back(figure(t));
  return median(std::move(values));
}

/// All turns' latencies together.
histogram latency(const comparison_result& r, run_figures turn_figures::*way) {
  histogram all;
  for (const turn_figures& t : r.turns) all.merge((t.*way).logins.corrected);
  return all;
}

double cpu_ratio(const turn_figures& t) { return t.sidecar.cpu_us() / t.direct.cpu_us(); }

double added_ms(const turn_figures& t, double percent) {
  return ms(t.sidecar.logins.corrected.percentile(percent) - t.direct.logins.corrected.percentile(percent));
}

double median_start_ms(const comparison_result& r) {
  std::vector<double> all;
  for (const auto time : r.start_times) all.push_back(ms(time));
  return median(std::move(all));
}

json_object json_of(const run_figures& f) {
  return json_object{}
      .add("logins", f.logins.minted)
      .add("failed", f.logins.failures())
      .add("cpu_us", f.cpu_us())
      .add("latency_ms", json_of(f.logins.corrected));
}

}  // namespace

std::uint64_t comparison_result::failures() const {
  std::uint64_t all = 0;
  for (const turn_figures& t : turns) all += t.direct.logins.failures() + t.sidecar.logins.failures();
  return all;
}

comparison_result compare(const comparison& asked) {
  sandbox_process api;
  pin_to_client_core();
  comparison_result r{.asked = asked, .turns = {}, .start_times = {}};
  for (std::size_t i = 0; i < asked.starts; ++i)
    r.start_times.push_back(gateway_process{api.address(), asked.http}.start_time());

  api.add_fault("delay=80ms");
  const gateway_process gateway{api.address(), asked.http};
  const auto direct = make_direct(api.address(), asked.http);
  const auto sidecar = make_sidecar_caller(gateway.socket());
  direct->warm_up();
  const auto own_cpu = [] { return std::chrono::nanoseconds{process_figures::now().cpu()}; };
  const auto gateways_cpu = [&] { return gateway.cpu(); };
  // The logins before each run open the connections that its peaks need.
  const traffic before{.how = arrivals::constant, .rate = 2.5 * asked.rate};
  for (std::size_t turn = 0; turn < asked.turns; ++turn) {
    const traffic calls{.rate = asked.rate, .seed = turn + 1};
    turn_figures& now = r.turns.emplace_back();
    const auto by_library = [&] {
      run(*direct, before, 1s, own_cpu);
      now.direct = run(*direct, calls, asked.length, own_cpu);
    };
    if (turn % 2 == 0) by_library();
    run(*sidecar, before, 1s, gateways_cpu);
    now.sidecar = run(*sidecar, calls, asked.length, gateways_cpu);
    if (turn % 2 == 1) by_library();
  }
  return r;
}

std::string text_of(const comparison_result& r) {
  std::string text = fmt::format("{} logins a second (Poisson) to a server that takes 80 ms, HTTP/{}\n\n",
                                 r.asked.rate, r.asked.http);
  text += fmt::format("  {:<8} {:>7} {:>7} {:>8} {:>8} {:>8} {:>8} {:>12}\n", "way", "logins", "failed",
                      "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "CPU us/login");
  for (const auto& [name, way] :
       {std::pair{"direct", &turn_figures::direct}, std::pair{"sidecar", &turn_figures::sidecar}}) {
    const histogram all = latency(r, way);
    std::uint64_t failed = 0;
    for (const turn_figures& t : r.turns) failed += (t.*way).logins.failures();
    text += fmt::format("  {:<8} {:>7} {:>7} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.2f} {:>12.1f}\n", name,
                        all.count(), failed, ms(all.percentile(50)), ms(all.percentile(90)),
                        ms(all.percentile(99)), ms(all.percentile(99.9)),
                        median_of(r, [way = way](const turn_figures& t) { return (t.*way).cpu_us(); }));
  }
  text += fmt::format(
      "\n  medians of {} turns: p50 {:+.2f} ms, p99 {:+.2f} ms, CPU {:.2f} of a direct mint's\n",
      r.turns.size(), median_of(r, [](const turn_figures& t) { return added_ms(t, 50); }),
      median_of(r, [](const turn_figures& t) { return added_ms(t, 99); }), median_of(r, cpu_ratio));
  if (!r.start_times.empty())
    text += fmt::format("  ready {:.1f} ms after its start (median of {})\n", median_start_ms(r),
                        r.start_times.size());
  return text;
}

json_object json_of(const comparison_result& r) {
  return json_object{}
      .add("rate", r.asked.rate)
      .add("http", r.asked.http)
      .add("added_p50_ms", median_of(r, [](const turn_figures& t) { return added_ms(t, 50); }))
      .add("added_p99_ms", median_of(r, [](const turn_figures& t) { return added_ms(t, 99); }))
      .add("cpu_ratio", median_of(r, cpu_ratio))
      .add_text("turns", json_array(r.turns,
                                    [](const turn_figures& t) {
                                      return json_object{}
                                          .add("direct", json_of(t.direct))
                                          .add("sidecar", json_of(t.sidecar))
                                          .text();
                                    }))
      .add_text("start_ms",
                json_array(r.start_times, [](auto time) { return fmt::format("{:.2f}", ms(time)); }))
      .add("versions", json_of_versions());
}

}  // namespace ephemint::bench
