#include "shared_rows.hpp"

#include "quota_central.hpp"
#include "quota_shared.hpp"
#include "quota_strategies.hpp"
#include "shared_cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;
using namespace quota_world;
using namespace quota_world::shared_cases;
using count = central_rules::count;
using outage = store_outage::kind;

/// Connections are always there and take many requests, as the comparison is about permits.
constexpr client_network network{.handshake = 0s, .requests_a_link = 256, .key_has_minted = true};

ephemint::quota a_minute(double n) {
  return ephemint::quota::declared(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(n)), 60s);
}

strategy_maker ours(const scenario& s) { return shared_driven(shared_settings(a_minute(s.quota)), network); }

std::vector<shared_row> everyone(const scenario& s) {
  const auto k = static_cast<double>(s.processes);
  const ephemint::quota q = a_minute(s.quota);
  return {{"each N/K", s, engine_driven(a_minute(std::floor(s.quota / k)), network)},
          {"each N, learning", s, engine_driven(q, network)},
          {"GCRA, burst N", s, call_a_mint({count::gcra, s.quota}, q)},
          {"GCRA, burst 1", s, call_a_mint({count::gcra, 1}, q)},
          {"sorted-set log", s, call_a_mint({count::sliding_log}, q)},
          {"shared", s, ours(s)}};
}

void add(std::vector<shared_group>& all, const std::string& title, const scenario& s) {
  all.push_back({title, everyone(s)});
}

std::vector<shared_row> without_a_store(scenario s) {
  const ephemint::quota q = a_minute(s.quota);
  std::vector<shared_row> rows;
  for (const bool open : {true, false}) {
    const std::string what = open ? ", goes on" : ", stops";
    rows.push_back({"GCRA, burst N" + what, s, call_a_mint({count::gcra, s.quota, open}, q)});
    rows.push_back({"sorted-set log" + what, s, call_a_mint({count::sliding_log, 1, open}, q)});
  }
  rows.push_back({"shared", s, ours(s)});
  return rows;
}

void add_outages(std::vector<shared_group>& all) {
  const scenario world = batch_beside_logins({4, 200});
  const auto add_outage = [&](const std::string& what, store_outage o) {
    all.push_back({"the store " + what + ", a batch beside logins, 200, K = 4",
                   without_a_store(with_outage(world, o))});
  };
  add_outage("refuses for 10 s", {5min, 10s, outage::refused});
  add_outage("hangs for 10 s", {5min, 10s, outage::frozen});
  add_outage("is killed and started empty after 10 s", {5min, 10s, outage::emptied});
  add_outage("is flushed", {5min, 0s, outage::flushed});
  add_outage("comes back as a copy 1 s old", {5min, 2s, outage::failover, 1s});
  add_outage("is away for 150 s", {5min, 150s, outage::refused});
  scenario cut = batches({4, 200});
  cut.store.cuts.push_back({1, 5min, 30s});
  all.push_back({"one process alone is cut off for 30 s, batches, 200, K = 4", {{"shared", cut, ours(cut)}}});
}

void add_servers(std::vector<shared_group>& all) {
  shared_group g{"every server, batches, 200, K = 4", {}};
  for (int a = 0; a < 8; ++a) {
    scenario s = batches({4, 200});
    s.rules.how = static_cast<algorithm>(a);
    g.rows.push_back({fmt::format("shared, {}", name_of(s.rules.how)), s, ours(s)});
  }
  all.push_back(g);
}

void add_round_trips(std::vector<shared_group>& all) {
  for (const double n : {200.0, 6000.0}) {
    shared_group g{fmt::format("the store's round trip, a batch beside logins, {}, K = 4", n), {}};
    for (const auto rtt : {500us, 2000us, 5000us, 20000us}) {
      scenario s = batch_beside_logins({4, n});
      s.store.round_trip = rtt;
      s.store.tails = 0.05;
      g.rows.push_back(
          {fmt::format("shared, {} ms", std::chrono::duration<double, std::milli>{rtt}.count()), s, ours(s)});
    }
    all.push_back(g);
  }
}

// --- the limits of one store ---

/// The time that a command takes on the store's one core, as measured with redis-server 7.0 on a busy
/// machine, with all members waiting.
duration service_of(std::size_t members) {
  return std::chrono::microseconds{150} + members * std::chrono::nanoseconds{500};
}

shared_row scaled(const std::string& name, scenario s, std::chrono::milliseconds lease = 5s) {
  s.length = 4min;
  s.store.service = service_of(s.processes);
  auto told = shared_settings(a_minute(s.quota));
  told.lease = lease;
  return {name, s, shared_driven(told, network)};
}

std::vector<shared_row> of_sizes(double n, scenario (*world)(size)) {
  std::vector<shared_row> rows;
  for (const std::size_t k :
       {std::size_t{4}, std::size_t{16}, std::size_t{64}, std::size_t{256}, std::size_t{1000}})
    rows.push_back(scaled(fmt::format("K = {}", k), world({k, n})));
  return rows;
}

scenario logins_everywhere(size k) {
  scenario s = batches(k);
  for (workload& w : s.loads) {
    w.batch = 0;
    w.logins_per_second = 0.7 * k.a_second() / static_cast<double>(k.processes);
  }
  return s;
}

/// Divides the processes into one group for each store; each group has its own part of the quota. `first`:
/// the share of all logins that arrive at the first group.
shared_row split(const std::string& name, scenario s, std::size_t stores, double first) {
  const auto groups = static_cast<double>(stores);
  for (std::size_t i = 0; i < s.loads.size(); ++i)
    s.loads[i].logins_per_second *= groups * (i % stores == 0 ? first : (1 - first) / (groups - 1));
  s.length = 4min;
  s.store.service = service_of(s.processes / stores) / static_cast<int>(stores);
  const auto told = shared_settings(a_minute(s.quota / groups));
  auto next = std::make_shared<std::size_t>(0);  // processes are made in order
  return {name, s, [=](actions& world, std::uint64_t seed) {
            auto own = told;
            own.key += std::to_string((*next)++ % stores);
            return shared_driven(own, network)(world, seed);
          }};
}

scenario hot_batch(size k) { return batch_beside_logins(k); }

}  // namespace

shared_means mean_of(const shared_row& row, std::uint64_t seeds) {
  shared_means m;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    scenario s = row.world;
    s.seed = seed;
    const figures f = run(s, row.make);
    const auto part = 1.0 / static_cast<double>(seeds);
    m.use += part * use_after_first_window(s, f);
    m.refused += f.refused;
    m.sent += f.sent;
    m.most_in_a_window = std::max(m.most_in_a_window, f.most_counted);
    m.in_time += part * f.success();
    m.wait_p50 += part * f.wait(0.5);
    m.wait_p99 += part * f.wait(0.99);
    m.commands_a_mint += part * f.commands_a_mint();
    m.commands_a_second += part * static_cast<double>(f.store_commands) / f.length;
    m.jain += part * fairness(s, f);
  }
  return m;
}

std::vector<shared_group> shared_groups() {
  std::vector<shared_group> all;
  for (const double n : {200.0, 6000.0}) {
    for (const std::size_t k : {std::size_t{1}, std::size_t{4}, std::size_t{16}, std::size_t{64}})
      add(all, fmt::format("batches on all, {} a minute, K = {}", n, k), batches({k, n}));
    for (const std::size_t k : {std::size_t{4}, std::size_t{16}, std::size_t{64}})
      add(all, fmt::format("a batch on one, logins at 0.3 x on the others, {} a minute, K = {}", n, k),
          batch_beside_logins({k, n}));
  }
  for (const double load : {0.5, 0.9, 1.0})
    add(all, fmt::format("logins alone at {:.1f} x, 0.7 of them at one of four, 200 a minute", load),
        uneven_logins({4, 200}, load));
  add(all, "150 logins in 2 s each minute, 8 s, 200 a minute, K = 4", login_bursts({4, 200}));
  add(all, "one of four crashes at 5 min, batches, 200 a minute", with_crash(batches({4, 200}), 5min));
  add_outages(all);
  add_servers(all);
  add_round_trips(all);
  return all;
}

std::vector<shared_group> scale_groups() {
  std::vector<shared_group> all;
  for (const double n : {200.0, 6000.0, 60'000.0, 600'000.0}) {
    all.push_back({fmt::format("batches on all, {} a minute", n), of_sizes(n, batches)});
    all.push_back({fmt::format("logins alone at 0.7 x, {} a minute", n), of_sizes(n, logins_everywhere)});
    all.push_back({fmt::format("a batch on one, logins at 0.3 x on the others, {} a minute", n),
                   of_sizes(n, hot_batch)});
  }
  for (const std::size_t k : {std::size_t{256}, std::size_t{1000}}) {
    shared_group g{fmt::format("longer leases, logins alone at 0.7 x, 60,000 a minute, K = {}", k), {}};
    for (const auto lease : {5s, 15s, 60s})
      g.rows.push_back(
          scaled(fmt::format("lease {} s", lease.count()), logins_everywhere({k, 60'000}), lease));
    all.push_back(g);
  }
  const scenario whole = logins_everywhere({256, 60'000});
  all.push_back({"a key split over stores, logins alone at 0.7 x, 60,000 a minute, K = 256",
                 {scaled("one store", whole), split("4 stores, even", whole, 4, 0.25),
                  split("4 stores, 0.3 of the load at one", whole, 4, 0.3),
                  split("4 stores, 0.4 of the load at one", whole, 4, 0.4)}});
  return all;
}

}  // namespace ephemint::bench
