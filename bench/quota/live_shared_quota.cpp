// One quota for several processes, in real time: runs the command `ephemint mint` with a redis-server,
// against the sandbox's limiters. Each row has a target; the program fails if a row misses it.

#include "quota/shared_checks.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

int main(int argument_count, char** arguments) {
  using namespace ephemint::bench;
  CLI::App app{"A quota shared by processes, in real time: some ten minutes in all"};
  std::string program;
  std::string only;
  std::string json;
  bool brief = false;
  app.add_option("--program", program, "The command `ephemint` [the one built beside this]");
  app.add_option("--only", only, "The runs whose name contains this");
  app.add_option("--json", json, "Write the figures there too");
  app.add_flag("--short", brief, "A third of the accounts, windows of 2 s");
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }
  if (program.empty()) program = EPHEMINT_COMMAND;
  if (ephemint::test::redis_server::installed().empty()) {
    fmt::print(stderr, "bench_shared_quota_live: neither redis-server nor valkey-server is installed\n");
    return 2;
  }
  std::vector<live_row> rows;
  try {
    for (const live_check& c : live_checks(brief ? short_sizes() : full_sizes())) {
      if (c.name.find(only) == std::string::npos) continue;
      rows.push_back(perform(program, c));
      print(rows.back());
    }
  } catch (const std::exception& wrong) {
    fmt::print(stderr, "bench_shared_quota_live: {}\n", wrong.what());
    return 1;
  }
  if (rows.empty()) {
    fmt::print(stderr, "bench_shared_quota_live: --only: no run's name contains '{}'\n", only);
    return 2;
  }
  if (!json.empty()) write_json(json, rows);
  return all_met(rows) ? 0 : 1;
}
