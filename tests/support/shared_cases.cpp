#include "shared_cases.hpp"

#include <algorithm>

namespace ephemint::quota_world::shared_cases {
namespace {

using namespace std::chrono_literals;

/// Enough workers for that rate, even when other processes leave their part to this one.
workload batch_of(double a_second) {
  workload w;
  w.batch = workload::endless;
  w.workers = std::max<std::size_t>(16, static_cast<std::size_t>(0.5 * a_second));
  return w;
}

workload logins_of(double a_second) {
  workload w;
  w.logins_per_second = a_second;
  return w;
}

scenario world_of(size k) {
  scenario s;
  s.rules = {algorithm::sliding_log, false, retry_header::exact};
  s.quota = k.quota;
  s.processes = k.processes;
  s.loads.assign(k.processes, {});
  s.length = k.quota > 1000 ? 6min : 20min;
  return s;
}

}  // namespace

scenario batches(size k) {
  scenario s = world_of(k);
  s.loads.assign(k.processes, batch_of(2 * k.a_second() / static_cast<double>(k.processes)));
  return s;
}

scenario batch_beside_logins(size k, double load) {
  scenario s = world_of(k);
  s.loads.assign(k.processes, logins_of(load * k.a_second() / static_cast<double>(k.processes - 1)));
  s.loads.front() = batch_of(k.a_second());
  return s;
}

scenario uneven_logins(size k, double load) {
  scenario s = world_of(k);
  s.loads.assign(k.processes, logins_of(0.3 * load * k.a_second() / static_cast<double>(k.processes - 1)));
  s.loads.front() = logins_of(0.7 * load * k.a_second());
  return s;
}

scenario login_bursts(size k) {
  scenario s = world_of(k);
  for (std::size_t i = 0; i < k.processes; ++i) {
    s.loads[i].burst = 150 / k.processes + (i < 150 % k.processes ? 1 : 0);
    s.loads[i].deadline = 8s;
  }
  return s;
}

scenario with_crash(scenario s, duration at) {
  s.mishaps.push_back({mishap::kind::crash, 1, at});
  return s;
}

scenario with_outage(scenario s, store_outage o) {
  s.store.outages.push_back(o);
  return s;
}

double use_after_first_window(const scenario& s, const figures& f) {
  return f.use(s.window, s.length, s.quota / std::chrono::duration<double>(s.window).count());
}

double fairness(const scenario& s, const figures& f) {
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (std::size_t i = 0; i < s.loads.size(); ++i) {
    if (s.loads[i].batch == 0) continue;
    const auto minted = static_cast<double>(f.each[i].minted);
    sum += minted;
    squares += minted * minted;
    ++count;
  }
  return squares > 0 ? sum * sum / (count * squares) : 1;
}

}  // namespace ephemint::quota_world::shared_cases
