// The quota with a real server: runs the command `ephemint mint` against the sandbox and its limiters, over
// TLS on loopback. It checks in real time what the simulation says in virtual time, with windows of six
// seconds, so that it takes minutes, and once with the quota that the API documents.

#include "common/child_process.hpp"
#include "common/json_text.hpp"

#include <ephemint/sandbox/server.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

namespace {

using namespace ephemint;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;
using sandbox::limiter_kind;
using sandbox::rate_limit;

rate_limit limit(limiter_kind kind, std::uint64_t requests, std::chrono::milliseconds window,
                 std::uint64_t burst = 0) {
  rate_limit l;
  l.kind = kind;
  l.requests = requests;
  l.window = window;
  l.burst = burst;
  return l;
}

struct change {
  std::chrono::seconds at;
  rate_limit to;
};

struct live_run {
  std::string name;
  rate_limit server;
  std::size_t processes;
  std::size_t accounts;           ///< of each process
  std::vector<std::string> told;  ///< arguments of each process
  std::vector<change> changes{};
};

std::vector<live_run> all_runs() {
  const auto sliding = [](std::uint64_t n) { return limit(limiter_kind::sliding_window, n, 6s); };
  const std::vector<change> falls_and_rises{{20s, sliding(20)}, {44s, sliding(60)}};
  const std::vector<std::string> whole{"--rate", "60/6s"};
  return {
      {"fixed 60/6s", limit(limiter_kind::fixed_window, 60, 6s), 1, 330, whole},
      {"sliding 60/6s", sliding(60), 1, 330, whole},
      {"bucket 10 60/6s", limit(limiter_kind::token_bucket, 60, 6s, 10), 1, 330, whole},
      {"bucket 200 60/6s", limit(limiter_kind::token_bucket, 60, 6s, 200), 1, 330, whole},
      {"sliding 200/60s", limit(limiter_kind::sliding_window, 200, 60s), 1, 500, {}},
      {"3 processes, 200/60s each", limit(limiter_kind::sliding_window, 200, 60s), 3, 130, {}},
      {"3 processes, 60/6s each", sliding(60), 3, 110, whole},
      {"3 processes, 20/6s each", sliding(60), 3, 110, {"--rate", "20/6s"}},
      {"60, 20, 60/6s, declared", sliding(60), 1, 600, whole, falls_and_rises},
      {"60, 20, 60/6s, auto", sliding(60), 1, 600, {"--rate", "auto"}, falls_and_rises},
  };
}

/// When the last account could be admitted, if clients keep to the quota and send each request as early
/// as allowed. A change of the quota also clears the count.
double best_wall(const live_run& run) {
  auto wanted = static_cast<double>(run.processes * run.accounts);
  double from = 0;
  rate_limit now = run.server;
  auto next = run.changes.begin();
  for (;;) {
    const double until = next == run.changes.end() ? 1e9 : static_cast<double>(next->at.count());
    const double window = seconds{now.window}.count();
    const auto n = static_cast<double>(now.requests);
    if (now.kind == limiter_kind::token_bucket && now.burst < now.requests)
      return std::max(0.0, wanted - static_cast<double>(now.burst)) / n * window;
    for (double at = from; at < until; at += window) {
      if (wanted <= n) return at;
      wanted -= n;
    }
    from = until;
    now = next->to;
    ++next;
  }
}

struct result {
  std::string name;
  std::size_t minted = 0;
  std::size_t failed = 0;
  sandbox::server_stats server;
  double wall = 0;
  double bound = 0;
  bool in_time = true;
};

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

bool all_ended(const std::vector<bench::child_process>& children, steady::time_point until) {
  return std::all_of(children.begin(), children.end(), [until](const bench::child_process& child) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now());
    return child.ended(std::max(left, std::chrono::milliseconds::zero()));
  });
}

std::vector<bench::child_process> start(const std::string& program, const live_run& run) {
  std::vector<bench::child_process> children;
  for (std::size_t p = 0; p < run.processes; ++p) {
    bench::command c;
    c.arguments = {program, "mint", "--format", "json", "--accounts", "-"};
    c.arguments.insert(c.arguments.end(), run.told.begin(), run.told.end());
    c.in = bench::command::input::piped;
    c.out = bench::command::output::piped;
    c.err = bench::command::error_output::discarded;
    children.emplace_back(c);
  }
  return children;
}

/// Writes one account after the other, so that result lines can be read in between.
std::string feed_and_read(bench::child_process& child, std::size_t process, std::size_t accounts) {
  auto output = std::async(std::launch::async, [&child] { return child.read_all(); });
  for (std::size_t i = 0; i < accounts; ++i) child.write(fmt::format("se-{}-{}\n", process, i));
  child.end_input();
  return output.get();
}

result perform(const std::string& program, const live_run& run) {
  sandbox::server_options options;
  options.api_key = "live_quota";  // not one of the sandbox's own, which begin with TEST_: 200 a minute
  options.limit = run.server;
  sandbox::server server{options};
  const auto ca = std::filesystem::temp_directory_path() / fmt::format("ephemint-live-{}.pem", server.port());
  server.write_ca_file(ca.string());
  ::setenv("EPHEMINT_API_KEY", options.api_key.c_str(), 1);
  ::setenv("EPHEMINT_BASE_URL", server.base_url().c_str(), 1);
  live_run with_ca = run;
  with_ca.told.insert(with_ca.told.end(), {"--ca-file", ca.string()});

  result r;
  r.name = run.name;
  r.bound = best_wall(run);
  const auto began = steady::now();
  auto children = start(program, with_ca);
  std::vector<std::future<std::string>> outputs;
  for (std::size_t p = 0; p < children.size(); ++p)
    outputs.push_back(
        std::async(std::launch::async, [&, p] { return feed_and_read(children[p], p, run.accounts); }));
  for (const change& c : run.changes)
    if (!all_ended(children, began + c.at)) server.set_rate_limit(c.to);
  r.in_time =
      all_ended(children, began + std::chrono::ceil<std::chrono::seconds>(seconds{4 * r.bound}) + 30s);
  r.wall = seconds{steady::now() - began}.count();
  if (!r.in_time)
    for (auto& child : children) child.signal(SIGTERM);
  for (auto& output : outputs) {
    const std::string lines = output.get();
    r.minted += count(lines, "\"ok\":true");
    r.failed += count(lines, "\"ok\":false");
  }
  for (auto& child : children) child.wait();
  r.server = server.stats();
  std::filesystem::remove(ca);
  return r;
}

void print(const result& r) {
  fmt::print("{:<27}{:>7}{:>7}{:>6}{:>9}{:>8.1f}{:>8.1f}{:>8.3f}{:>8}{}\n", r.name, r.minted, r.failed,
             r.server.rate_limited, r.server.requests, r.wall, r.bound, r.wall / r.bound,
             r.server.peak_per_window, r.in_time ? "" : "  (ended by us)");
  std::fflush(stdout);
}

void write_json(const std::string& file, const std::vector<result>& results) {
  const std::string array = bench::json_array(results, [](const result& r) {
    return bench::json_object{}
        .add("name", r.name)
        .add("minted", r.minted)
        .add("failed", r.failed)
        .add("refused", r.server.rate_limited)
        .add("requests", r.server.requests)
        .add_text("wall_s", fmt::format("{:.2f}", r.wall))
        .add_text("bound_s", fmt::format("{:.2f}", r.bound))
        .add("most_in_a_window", r.server.peak_per_window)
        .add("ended", r.in_time)
        .text();
  });
  std::ofstream{file} << bench::json_object{}.add_text("runs", array).text() << '\n';
}

}  // namespace

int main(int argument_count, char** arguments) {
  CLI::App app{"The quota against the sandbox's limiters, in real time: some ten minutes in all"};
  std::string program;
  std::string only;
  std::string json;
  app.add_option("--program", program, "The command `ephemint` [the one built beside this]");
  app.add_option("--only", only, "The runs whose name contains this");
  app.add_option("--json", json, "Write the figures there too");
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }
  if (program.empty()) program = EPHEMINT_COMMAND;
  fmt::print("{:<27}{:>7}{:>7}{:>6}{:>9}{:>8}{:>8}{:>8}{:>8}\n", "server and clients", "minted", "failed",
             "429s", "requests", "wall s", "bound s", "ratio", "window");
  std::vector<result> results;
  try {
    for (const live_run& run : all_runs()) {
      if (run.name.find(only) == std::string::npos) continue;
      results.push_back(perform(program, run));
      print(results.back());
    }
  } catch (const std::exception& wrong) {
    fmt::print(stderr, "bench_quota_live: {}\n", wrong.what());
    return 1;
  }
  if (results.empty()) {
    fmt::print(stderr, "bench_quota_live: --only: no run's name contains '{}'\n", only);
    return 2;
  }
  if (!json.empty()) write_json(json, results);
  return 0;
}
