#include "compare.hpp"

#include "common/nginx.hpp"
#include "common/versions.hpp"
#include "contender.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ephemint::bench {
namespace {

/// Of so many runs.
struct spread {
  double least = 0, median = 0, most = 0;
};

spread spread_of(std::vector<double> values) {
  if (values.empty()) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none, none};
  }
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

/// The runs of all clients, by number of connections and client.
class results {
 public:
  void add(measurement m) { runs_.push_back(std::move(m)); }
  const std::vector<measurement>& runs() const noexcept { return runs_; }

  /// A figure of each of the client's runs that have it.
  template <class Figure>
  spread of(const std::string& client, std::size_t connections, Figure figure) const {
    std::vector<double> values;
    for (const measurement& m : runs_)
      if (m.client == client && m.connections == connections && m.told.failures == 0)
        if (const std::optional<double> value = figure(m)) values.push_back(*value);
    return spread_of(std::move(values));
  }

  /// CPU time per mint relative to another client's in the same turn, where the machine is equally fast for
  /// both.
  double ratio(const std::string& client, const std::string& other, std::size_t connections) const {
    return of(client, connections,
              [&](const measurement& m) -> std::optional<double> {
                for (const measurement& o : runs_)
                  if (o.client == other && o.connections == connections && o.turn == m.turn &&
                      o.told.failures == 0)
                    return m.cpu_per_mint() / o.cpu_per_mint();
                return std::nullopt;
              })
        .median;
  }

 private:
  std::vector<measurement> runs_;
};

/// A figure that may be missing.
std::string cell(double value, int digits) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, digits);
}

void print_closed(const results& all, const std::vector<contender>& clients, std::size_t connections) {
  fmt::print("\n{} connection{} (CPU in us a mint, median of the turns [least .. most])\n", connections,
             connections == 1 ? "" : "s");
  fmt::print("  {:<14} {:>8} {:>19} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "client", "CPU",
             "[least .. most]", "whole", "mints/s", "/ours", "/wrk", "p50 us", "p99 us", "allocs");
  for (const contender& c : clients) {
    const auto of = [&](auto figure) { return all.of(c.name, connections, figure); };
    const spread cpu = of([](const measurement& m) { return std::optional{m.cpu_per_mint()}; });
    fmt::print("  {:<14} {:>8} {:>19} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}\n", c.name,
               cell(cpu.median, 1), fmt::format("[{} .. {}]", cell(cpu.least, 1), cell(cpu.most, 1)),
               cell(of([](const measurement& m) { return std::optional{m.whole_cpu_per_mint()}; }).median, 1),
               cell(of([](const measurement& m) { return std::optional{m.mints_per_second()}; }).median, 0),
               cell(all.ratio(c.name, "ephemint", connections), 2),
               cell(all.ratio(c.name, "wrk", connections), 2),
               cell(of([](const measurement& m) { return m.told.p50_us; }).median, 0),
               cell(of([](const measurement& m) { return m.told.p99_us; }).median, 0),
               cell(of([](const measurement& m) { return m.told.allocations_per_mint; }).median, 2));
  }
}

/// Those over HTTP/2.
template <class Judge>
void print_http2_targets(const results& all, Judge judge) {
  const auto against = [&](const char* other, std::size_t count) {
    return all.ratio("ephemint-h2", other, count);
  };
  const auto cpu = [&](const char* client, std::size_t count) {
    return all.of(client, count, [](const measurement& m) { return std::optional{m.cpu_per_mint()}; }).median;
  };
  judge("HTTP/2 against HTTP/1.1, 1 mint at once", against("ephemint", 1), 1.15);
  judge("HTTP/2, 32 mints at once, against wrk at 16", cpu("ephemint-h2", 32) / cpu("wrk", 16), 0.80);
  judge("HTTP/2 against h2load, 32 mints at once", against("h2load", 32), 1.15);
  judge("HTTP/2 against libcurl's, 32 mints at once", against("curl-h2", 32), 0.27);
}

/// A target (docs/benchmarks.md), and whether it was reached.
void print_targets(const results& all, const std::vector<std::size_t>& connections) {
  const auto judge = [](const std::string& what, double figure, double most) {
    if (!std::isnan(figure))
      fmt::print("  {:<44} {:>5.2f}  at most {:.2f}: {}\n", what, figure, most,
                 figure <= most ? "reached" : "MISSED");
  };
  const auto cpu = [&](std::size_t count) {
    return all.of("ephemint", count, [](const measurement& m) { return std::optional{m.cpu_per_mint()}; })
        .median;
  };
  fmt::print("\ntargets (CPU a mint)\n");
  for (const std::size_t count : connections) {
    const auto against = [&](const char* other) { return all.ratio("ephemint", other, count); };
    const bool tight = count == 16 || count == 64;
    if (tight) judge(fmt::format("Ephemint against wrk, {} connections", count), against("wrk"), 1.10);
    if (tight) judge(fmt::format("Ephemint against libcurl, {} connections", count), against("curl"), 0.70);
    if (tight) judge(fmt::format("Ephemint against Go, {} connections", count), against("go"), 0.30);
  }
  judge("Ephemint, 256 connections against 16", cpu(256) / cpu(16), 1.60);
  print_http2_targets(all, judge);
}

void print_open(const results& all, const std::vector<contender>& clients, std::size_t connections,
                double rate) {
  fmt::print(
      "\n{} connections, {} mints a second (latency in us from the scheduled start, medians of the turns)\n",
      connections, rate);
  fmt::print("  {:<14} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "client", "p50", "p90", "p99", "p99.9",
             "max", "mints/s", "CPU us");
  for (const contender& c : clients) {
    const auto median = [&](auto figure) { return all.of(c.name, connections, figure).median; };
    fmt::print("  {:<14} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", c.name,
               cell(median([](const measurement& m) { return m.told.p50_us; }), 0),
               cell(median([](const measurement& m) { return m.told.p90_us; }), 0),
               cell(median([](const measurement& m) { return m.told.p99_us; }), 0),
               cell(median([](const measurement& m) { return m.told.p99_9_us; }), 0),
               cell(median([](const measurement& m) { return m.told.max_us; }), 0),
               cell(median([](const measurement& m) { return std::optional{m.mints_per_second()}; }), 0),
               cell(median([](const measurement& m) { return std::optional{m.cpu_per_mint()}; }), 1));
  }
}

std::ofstream open_to_write(const std::string& path) {
  std::ofstream file{path};
  if (!file) throw std::runtime_error{fmt::format("{} can't be written", path)};
  return file;
}

void write_json(std::ostream& out, const comparison& what, const named_values& context, const results& all) {
  out << json_object{}
             .add("context", json_of(context))
             .add("turns", what.turns)
             .add("mints", what.much.mints)
             .add("rate", what.much.rate)
             .add("load_time_s", what.load_time.count())
             .add_text("runs", json_array(all.runs(), [](const measurement& m) { return json_of(m).text(); }))
             .text()
      << '\n';
}

/// One block for each number of connections, with two empty lines between them: gnuplot's index.
void write_table(std::ostream& out, const comparison& what, const std::vector<contender>& clients,
                 const results& all) {
  out << "# client, connections, CPU in us a mint: median, least, most\n";
  const char* gap = "";
  for (const std::size_t connections : what.connections) {
    out << std::exchange(gap, "\n\n");
    for (const contender& c : clients) {
      const spread cpu =
          all.of(c.name, connections, [](const measurement& m) { return std::optional{m.cpu_per_mint()}; });
      if (std::isnan(cpu.median)) continue;
      out << fmt::format("\"{}\" {} {:.2f} {:.2f} {:.2f}\n", c.name, connections, cpu.median, cpu.least,
                         cpu.most);
    }
  }
}

std::vector<contender> chosen(std::vector<contender> all, const std::vector<absent_contender>& absent,
                              const comparison& what) {
  const auto asked = [&](const contender& c) {
    return (what.clients.empty() || std::count(what.clients.begin(), what.clients.end(), c.name) != 0) &&
           (what.much.rate == 0 || c.open_loop);
  };
  for (const std::string& name : what.clients)
    if (std::ranges::count(all, name, &contender::name) == 0 &&
        std::ranges::count(absent, name, &absent_contender::name) == 0)
      throw std::invalid_argument{fmt::format("--clients: there is no \"{}\"", name)};
  std::erase_if(all, [&](const contender& c) { return !asked(c); });
  return all;
}

/// Runs one, and returns its figures; nothing if it couldn't be run or made no mint.
std::optional<measurement> run_one(const contender& c, const task& t, std::size_t turn) {
  fmt::print(stderr, "turn {}, {} connections: {}", turn + 1, t.connections, c.name);
  try {
    measurement m = c.run(t);
    m.client = c.name;
    m.connections = t.connections;
    m.turn = turn;
    fmt::print(stderr, ": {:.1f} us\n", m.cpu_per_mint());
    if (m.told.failures != 0) fmt::print(stderr, "  {} failed: {}\n", m.told.failures, m.told.first_failure);
    if (m.told.mints == 0) return std::nullopt;
    return m;
  } catch (const std::exception& e) {
    fmt::print(stderr, ": {}\n", e.what());
    return std::nullopt;
  }
}

/// Enough to open and use every connection.
std::uint64_t warm_up_for(std::size_t connections) { return std::max<std::uint64_t>(10 * connections, 500); }

}  // namespace

bool compare(const comparison& what) {
  // Opened first: an hour's run shouldn't end with a file that can't be written.
  std::optional<std::ofstream> json, table;
  if (!what.json_file.empty()) json = open_to_write(what.json_file);
  if (!what.table_file.empty()) table = open_to_write(what.table_file);

  named_values context = versions();
  context.emplace_back("libcurl", libcurl_version());
  for (auto& version : program_versions()) context.push_back(std::move(version));
  const temporary_directory scratch;
  std::vector<absent_contender> absent;
  const std::vector<contender> clients = chosen(all_contenders(scratch, absent), absent, what);
  for (const absent_contender& c : absent) fmt::print(stderr, "left out: {}: {}\n", c.name, c.why);
  if (client_core() == server_core())
    fmt::print(stderr, "one core only: client and server share it, so look at the CPU alone\n");
  context.emplace_back("client's core", std::to_string(client_core()));
  context.emplace_back("server's core", std::to_string(server_core()));
  const nginx server;

  results all;
  bool good = true;
  for (const std::size_t connections : what.connections)
    for (std::size_t turn = 0; turn < what.turns; ++turn)
      for (const contender& c : clients) {
        amount much = what.much;
        much.warm_up = warm_up_for(connections);
        auto m = run_one(c, {server, scratch, connections, much, what.load_time}, turn);
        good = good && m && m->told.failures == 0;
        if (m) all.add(std::move(*m));
      }

  for (const std::size_t connections : what.connections)
    if (what.much.rate == 0)
      print_closed(all, clients, connections);
    else
      print_open(all, clients, connections, what.much.rate);
  if (what.much.rate == 0) print_targets(all, what.connections);
  if (json) write_json(*json, what, context, all);
  if (table) write_table(*table, what, clients, all);
  return good;
}

}  // namespace ephemint::bench
