// bench_load: what a token's caller sees under load. See --help, and docs/benchmarks.md for results.

#include "arguments.hpp"
#include "cold.hpp"
#include "harness/program.hpp"
#include "report.hpp"
#include "sandbox_process.hpp"
#include "scenario_run.hpp"
#include "sweep.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace ephemint::bench;

void show(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

template <class Result>
void report(const Result& result, const std::optional<results_directory>& directory) {
  show(text_of(result));
  if (directory) write(*directory, result);
}

int run(const load_arguments& given) {
  std::optional<results_directory> directory;
  if (given.out) directory.emplace(*given.out);
  api_under_load api = given.server ? api_under_load{*given.server} : api_under_load{};
  pin_to_client_core();
  for (const scenario& s : given.scenarios)
    for (const client_kind client : given.clients) report(run_scenario(s, api, client), directory);
  if (given.cold) report(run_cold(api, given.short_round), directory);
  if (given.sweep) report(run_sweep(api, given.short_round), directory);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return run_program("bench_load", [&] {
    if (count == 2 && arguments[1] == serve_sandbox_argument) return serve_sandbox();
    const auto parsed = parse_load_arguments(count, arguments);
    if (const auto* help = std::get_if<help_text>(&parsed)) {
      std::fputs(help->text.c_str(), stdout);
      return 0;
    }
    return run(std::get<load_arguments>(parsed));
  });
}
