// Makes the quota's table: every strategy in every workload, as the mean over 13 servers, three kinds of
// Retry-After and a number of seeds. Also a trace with one line a second, for bench/plots/quota.gp.

#include "common/json_text.hpp"
#include "quota_cases.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint::quota_world;
using ephemint::bench::json_array;
using ephemint::bench::json_object;

struct options {
  std::string json;
  std::string trace;
  std::string only;
  std::uint64_t seeds = 2;
};

struct line {
  std::string workload;
  std::string strategy;
  means mean;
};

int usage() {
  std::cerr << "usage: bench_quota [--seeds N] [--only WORKLOAD] [--json FILE] [--trace FILE]\n";
  return 2;
}

bool parse(int count, char** arguments, options& o) {
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count) return false;
    const std::string_view name = arguments[i];
    const std::string_view value = arguments[i + 1];
    if (name == "--json") {
      o.json = value;
    } else if (name == "--trace") {
      o.trace = value;
    } else if (name == "--only") {
      o.only = value;
    } else if (name == "--seeds") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), o.seeds);
      if (error != std::errc{} || end != value.data() + value.size() || o.seeds == 0) return false;
    } else {
      return false;
    }
  }
  return true;
}

void print(const line& l) {
  std::printf("%-10s %-17s %8.3f %8.3f %8.3f %8.2f%% %7.3f %8zu %8zu\n", l.workload.c_str(),
              l.strategy.c_str(), l.mean.success, l.mean.goodput, l.mean.worst_server, 100 * l.mean.waste,
              l.mean.jain, l.mean.most_in_a_window, l.mean.most_after_a_pause);
  std::fflush(stdout);
}

std::vector<line> run_table(const options& o) {
  std::printf("%-10s %-17s %8s %8s %8s %9s %7s %8s %8s\n", "workload", "strategy", "in time", "goodput",
              "worst", "429s", "jain", "window", "100 ms");
  std::vector<line> lines;
  for (const quota_case& c : all_cases()) {
    if (!o.only.empty() && c.name != o.only) continue;
    std::printf("\n%s: %s\n", c.name.c_str(), c.what.c_str());
    for (const named_strategy& s : all_strategies(c.told)) {
      if (s.name == "oracle" && c.world.processes > 1) continue;  // it knows the server, not the others
      lines.push_back({c.name, s.name, run_everywhere(c, s.make, o.seeds)});
      print(lines.back());
    }
  }
  return lines;
}

void write_json(const std::string& file, const std::vector<line>& lines, std::uint64_t seeds) {
  const std::string array = json_array(lines, [](const line& l) {
    return json_object{}
        .add("workload", l.workload)
        .add("strategy", l.strategy)
        .add("in_time", l.mean.success)
        .add("goodput", l.mean.goodput)
        .add("worst_server", l.mean.worst_server)
        .add("refused", l.mean.waste)
        .add("jain", l.mean.jain)
        .add("most_in_a_window", l.mean.most_in_a_window)
        .add("most_in_100ms_after_a_pause", l.mean.most_after_a_pause)
        .text();
  });
  std::ofstream{file} << json_object{}.add("seeds", seeds).add_text("lines", array).text() << '\n';
}

// One block for each workload and strategy, with two empty lines between them: gnuplot's index.
void write_trace(const std::string& file) {
  std::ofstream out{file};
  for (const char* name : {"W4", "W6"}) {
    quota_case c = case_named(name);
    c.world.rules = {algorithm::sliding_log, false, retry_header::exact};
    for (const named_strategy& s : all_strategies(c.told)) {
      if (s.name != "Ephemint" && s.name != "AWS adaptive") continue;
      const figures f = run(c.world, s.make);
      out << "# " << name << ", " << s.name << ": second sent admitted refused\n";
      for (std::size_t second = 0; second < f.trace.size(); ++second) {
        const second_of_trace& t = f.trace[second];
        out << second << ' ' << t.sent << ' ' << t.admitted << ' ' << t.refused << '\n';
      }
      out << "\n\n";
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  options o;
  if (!parse(count, arguments, o)) return usage();
  const std::vector<line> lines = run_table(o);
  if (!o.json.empty()) write_json(o.json, lines, o.seeds);
  if (!o.trace.empty()) write_trace(o.trace);
  return 0;
}
