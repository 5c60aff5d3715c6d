#include "quota_cases.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;

constexpr double quota_a_second = 200.0 / 60.0;

workload logins(double share, duration deadline) {
  workload w;
  w.logins_per_second = share * quota_a_second;
  w.deadline = deadline;
  return w;
}

workload batch(std::size_t size, priority urgency = priority::background) {
  workload w;
  w.batch = size;
  w.batch_urgency = urgency;
  return w;
}

scenario world(workload load, duration length = 1h) {
  scenario s;
  s.load = load;
  s.length = length;
  return s;
}

scenario several(std::size_t processes, duration join_every = {}) {
  scenario s = world(batch(workload::endless), 30min);
  s.processes = processes;
  s.join_every = join_every;
  return s;
}

}  // namespace

std::vector<quota_case> all_cases() {
  workload burst;
  burst.burst = 150;
  burst.deadline = 8s;
  workload mixed = logins(0.3, 5s);
  mixed.batch = 5000;
  scenario changing = world(batch(workload::endless));
  changing.changes = {{20min, 600}, {40min, 100}};
  const ephemint::quota known = production_quota;
  return {
      {"W1 0.5x", "logins at half the quota, 5 s", world(logins(0.5, 5s), 30min), known},
      {"W1 0.9x", "logins at 0.9 of the quota, 5 s", world(logins(0.9, 5s), 30min), known},
      {"W1 1.0x", "logins at the quota, 5 s", world(logins(1.0, 5s), 30min), known},
      {"W1 1.5x", "logins at 1.5 times the quota, 5 s", world(logins(1.5, 5s), 30min), known},
      {"W2", "150 logins in 2 s at each minute, 8 s", world(burst, 30min), known},
      {"W3", "a batch of 5,000 in the background", world(batch(5000)), known},
      {"W3 urgent", "a batch of 5,000 as if logins", world(batch(5000, priority::interactive)), known},
      {"W4", "W3, and logins at 0.3 of the quota, 5 s", world(mixed), known},
      {"W5", "saturated, told 400", world(batch(workload::endless)), ephemint::quota::declared(400, 60s)},
      {"W5 20", "saturated, told 200 when it is 20",
       [] {
         scenario s = world(batch(workload::endless));
         s.quota = 20;
         return s;
       }(),
       known},
      {"W6", "saturated, told nothing: 200, 600, 100", changing, ephemint::quota::automatic()},
      {"K=3", "4 processes, each told 200", several(4), known},
      {"K=3 N/4", "4 processes, each told 50", several(4), ephemint::quota::declared(50, 60s)},
      {"W8", "6 processes, one more every 5 min", several(6, 5min), known},
  };
}

quota_case case_named(std::string_view name) {
  for (quota_case& c : all_cases())
    if (c.name == name) return c;
  throw std::out_of_range{"no such case"};
}

means run_everywhere(const quota_case& c, const strategy_maker& make, std::uint64_t seeds) {
  means m;
  std::map<std::pair<algorithm, bool>, std::pair<double, double>> by_server;
  double runs = 0;
  for (const server_rules& rules : all_servers())
    for (std::uint64_t seed = 1; seed <= seeds; ++seed, ++runs) {
      scenario s = c.world;
      s.rules = rules;
      s.seed = seed;
      const figures f = run(s, make);
      m.success += f.success();
      m.goodput += f.goodput;
      m.waste += f.waste();
      m.jain += f.jain;
      auto& [sum, count] = by_server[{rules.how, rules.rejects_count}];
      sum += f.goodput;
      ++count;
      for (const process_figures& p : f.each) {
        m.most_in_a_window = std::max(m.most_in_a_window, p.most_in_a_window);
        m.most_after_a_pause = std::max(m.most_after_a_pause, p.most_after_a_pause);
      }
    }
  for (double* sum : {&m.success, &m.goodput, &m.waste, &m.jain}) *sum /= runs;
  for (const auto& [server, sum] : by_server)
    m.worst_server = std::min(m.worst_server, sum.first / sum.second);
  return m;
}

}  // namespace ephemint::quota_world
