// bench_gateway: what a login through the gateway's sidecar costs, compared with the same mint by the
// library. See bench/README.md.

#include "comparison.hpp"
#include "harness/program.hpp"
#include "load/sandbox_process.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using namespace ephemint::bench;

struct arguments {
  comparison what;
  std::int64_t seconds = 10;
  std::string out;
};

void add_options(CLI::App& app, arguments& to) {
  app.add_option("--turns", to.what.turns, "Turns; in each both ways have a run")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", to.seconds, "Of a run")->check(CLI::Range(1, 3600))->capture_default_str();
  app.add_option("--rate", to.what.rate, "Logins a second")
      ->check(CLI::Range(1.0, 180.0))  // what the quota admits
      ->capture_default_str();
  app.add_option("--http", to.what.http, "What is spoken to the API: 1.1 or 2")
      ->check(CLI::IsMember({"1.1", "2"}))
      ->capture_default_str();
  app.add_option("--starts", to.what.starts, "Starts of the gateway to be timed")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--out", to.out, "Where to write every run, as JSON");
}

int run(arguments given) {
  std::ofstream out;
  if (!given.out.empty()) out.open(given.out);
  if (!out) throw std::invalid_argument{"--out: " + given.out + " can't be written"};
  given.what.length = std::chrono::seconds{given.seconds};
  const comparison_result r = compare(given.what);
  std::fputs(text_of(r).c_str(), stdout);
  if (!given.out.empty()) out << json_of(r).text() << '\n';
  return r.failures() == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  return run_program("bench_gateway", [&] {
    if (count == 2 && values[1] == serve_sandbox_argument) return serve_sandbox();
    CLI::App app{"A login by way of the gateway's sidecar, against the same mint by the library."};
    arguments given;
    add_options(app, given);
    try {
      app.parse(count, values);
    } catch (const CLI::CallForHelp& help) {
      return app.exit(help);
    }
    return run(given);
  });
}
