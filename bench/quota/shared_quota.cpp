// One quota for many processes, in virtual time: compares sharing it through a store with other ways. Makes
// the tables of docs/guide/several-machines-scale.md; with --scale, those of its second half.

#include "common/json_text.hpp"
#include "shared_rows.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint::bench;

struct options {
  std::string json;
  std::string columns;
  std::string only;
  std::uint64_t seeds = 2;
  bool scale = false;
};

int usage() {
  std::cerr
      << "usage: bench_shared_quota [--scale] [--seeds N] [--only CASE] [--json FILE] [--columns FILE]\n";
  return 2;
}

bool parse(int count, char** arguments, options& o) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--scale") {
      o.scale = true;
      continue;
    }
    if (++i == count) return false;
    const std::string_view value = arguments[i];
    if (name == "--json") {
      o.json = value;
    } else if (name == "--columns") {
      o.columns = value;
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

struct line {
  std::string title;
  shared_row row;
  shared_means mean;
};

void print(const line& l) {
  const shared_means& m = l.mean;
  std::printf("%-26s %7.4f %6zu/%-8zu %7zu %7.4f %8.1f %8.1f %8.3f %8.1f %6.3f\n", l.row.name.c_str(), m.use,
              m.refused, m.sent, m.most_in_a_window, m.in_time, 1000 * m.wait_p50, 1000 * m.wait_p99,
              m.commands_a_mint, m.commands_a_second, m.jain);
  std::fflush(stdout);
}

std::vector<line> run_table(const options& o) {
  std::vector<line> lines;
  for (const shared_group& g : o.scale ? scale_groups() : shared_groups()) {
    if (g.title.find(o.only) == std::string::npos) continue;
    std::printf("\n%s\n%-26s %7s %15s %7s %7s %8s %8s %8s %8s %6s\n", g.title.c_str(), "", "used",
                "429s/sent", "window", "in time", "p50 ms", "p99 ms", "cmd/mint", "cmd/s", "jain");
    for (const shared_row& row : g.rows) {
      lines.push_back({g.title, row, mean_of(row, o.scale ? 1 : o.seeds)});
      print(lines.back());
    }
  }
  return lines;
}

void write_json(const std::string& file, const std::vector<line>& lines, std::uint64_t seeds) {
  const std::string array = json_array(lines, [](const line& l) {
    return json_object{}
        .add("case", l.title)
        .add("strategy", l.row.name)
        .add("processes", l.row.world.processes)
        .add("quota", l.row.world.quota)
        .add("used", l.mean.use)
        .add("refused", l.mean.refused)
        .add("sent", l.mean.sent)
        .add("most_in_a_window", l.mean.most_in_a_window)
        .add("in_time", l.mean.in_time)
        .add("wait_p50_s", l.mean.wait_p50)
        .add("wait_p99_s", l.mean.wait_p99)
        .add("commands_a_mint", l.mean.commands_a_mint)
        .add("commands_a_second", l.mean.commands_a_second)
        .add("jain", l.mean.jain)
        .text();
  });
  std::ofstream{file} << json_object{}.add("seeds", seeds).add_text("lines", array).text() << '\n';
}

// For gnuplot: a block for each group, with two empty lines between them.
void write_columns(const std::string& file, const std::vector<line>& lines) {
  std::ofstream out{file};
  const std::string* title = nullptr;
  for (const line& l : lines) {
    if (!title || *title != l.title) {
      if (title) out << "\n\n";
      out << "# " << l.title
          << ": strategy processes quota used refused% in_time p50_ms p99_ms commands_a_second\n";
    }
    title = &l.title;
    const double refused = 100.0 * static_cast<double>(l.mean.refused) /
                           static_cast<double>(std::max<std::size_t>(1, l.mean.sent));
    out << '"' << l.row.name << "\" " << l.row.world.processes << ' ' << l.row.world.quota << ' '
        << l.mean.use << ' ' << refused << ' ' << l.mean.in_time << ' ' << 1000 * l.mean.wait_p50 << ' '
        << 1000 * l.mean.wait_p99 << ' ' << l.mean.commands_a_second << '\n';
  }
}

}  // namespace

int main(int count, char** arguments) {
  options o;
  if (!parse(count, arguments, o)) return usage();
  const std::vector<line> lines = run_table(o);
  if (lines.empty()) {
    std::cerr << "bench_shared_quota: --only: no case's name contains that\n";
    return 2;
  }
  if (!o.json.empty()) write_json(o.json, lines, o.scale ? 1 : o.seeds);
  if (!o.columns.empty()) write_columns(o.columns, lines);
  return 0;
}
