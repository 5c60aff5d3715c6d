#include "sweep.hpp"

#include "harness/units.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iterator>
#include <string>
#include <utility>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t connections = 64;
constexpr int loads[] = {10, 50, 80, 95};

scenario base(milliseconds delay) {
  scenario s;
  s.what = fmt::format("a server that takes {} ms", delay.count());
  if (delay > 0ms) s.server.delay = fmt::format("delay={}ms", delay.count());
  s.connections = connections;
  s.server_time = delay;
  return s;
}

/// All calls are due at once, and each caller waits for its own answer. A first loop finds how many calls
/// make a run of that length.
double capacity(api_under_load& api, milliseconds delay, milliseconds length) {
  scenario s = base(delay);
  s.name = "capacity";
  s.callers = connections;
  s.deadline = 1h;
  s.length = 1s;
  s.calls.how = arrivals::bursts;
  s.calls.burst_spread = 0ms;
  double found = delay > 0ms ? connections * 1000.0 / static_cast<double>(delay.count()) : 2000;
  for (const double run_seconds : {0.3, seconds(length)}) {
    s.calls.burst_calls = static_cast<std::size_t>(found * run_seconds);
    const scenario_result r = run_scenario(s, api);
    found = static_cast<double>(r.calls.minted) / seconds(r.time);
  }
  return found;
}

}  // namespace

std::vector<sweep_point> run_sweep(api_under_load& api, bool short_round) {
  const milliseconds length = short_round ? 1s : 15s;
  std::vector<sweep_point> points;
  for (const milliseconds delay : {0ms, 20ms, 80ms}) {
    if (short_round && delay == 20ms) continue;
    const double most = capacity(api, delay, short_round ? 1s : 5s);
    for (const int percent : loads) {
      scenario s = base(delay);
      s.name = fmt::format("sweep-{}ms-{}", delay.count(), percent);
      s.length = length;
      s.calls.rate = most * percent / 100;
      points.push_back({delay, percent, most, run_scenario(s, api)});
    }
  }
  return points;
}

std::string text_of(const std::vector<sweep_point>& points) {
  std::string text =
      "# delay_ms percent capacity_per_s rate_per_s p50_ms p90_ms p99_ms p99.9_ms max_ms failed\n";
  milliseconds delay = points.empty() ? 0ms : points.front().delay;
  for (const sweep_point& p : points) {
    if (std::exchange(delay, p.delay) != p.delay) text += "\n\n";  // gnuplot's next index
    const measurements& m = p.result.calls;
    fmt::format_to(std::back_inserter(text), "{:8} {:8} {:12.0f} {:10.0f}", p.delay.count(), p.percent,
                   p.capacity, p.result.asked.calls.rate);
    for (const double percent : {50.0, 90.0, 99.0, 99.9, 100.0})
      fmt::format_to(std::back_inserter(text), " {:8.3f}",
                     static_cast<double>(m.corrected.percentile(percent).count()) / 1000);
    text += fmt::format(" {:6}\n", m.failures());
  }
  return text;
}

void write(const results_directory& directory, const std::vector<sweep_point>& points) {
  for (const sweep_point& p : points) {
    directory.write(p.result.asked.name + ".corrected.hgrm", p.result.calls.corrected.percentile_text());
    directory.write(p.result.asked.name + ".uncorrected.hgrm", p.result.calls.uncorrected.percentile_text());
  }
  const std::string array = json_array(points, [](const sweep_point& p) {
    return json_object{}
        .add("delay_ms", p.delay.count())
        .add("percent", p.percent)
        .add("capacity_per_s", p.capacity)
        .add("result", json_of(p.result))
        .text();
  });
  directory.write("sweep.json", json_object{}.add_text("points", array).text() + '\n');
  directory.write("sweep.txt", text_of(points));
}

}  // namespace ephemint::bench
