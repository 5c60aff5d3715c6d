#include "contender.hpp"

#include "harness/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ephemint::bench {
namespace {

std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

/// Runs a client to its end; the last line that it prints is its report.
measurement run_reporting(std::vector<std::string> arguments) {
  const finished_process done =
      run({.arguments = std::move(arguments), .core = client_core(), .out = command::output::piped});
  if (done.usage.status != 0)
    throw std::runtime_error{fmt::format("it ended with status {}", done.usage.status)};
  return {.told = parse_report(last_line(done.output)), .process = done.usage};
}

measurement run_own(const known_minter& which, const task& t) {
  // A connection for each mint takes ten times as long as all the others; a tenth of the mints says as much.
  const unsigned share = which.name == "beast-call" ? 10 : 1;
  return run_reporting({own_program(), "--run", std::string{which.name}, "--base-url",
                        which.http2 ? t.server.http2_base_url() : t.server.base_url(), "--ca-file",
                        t.server.ca_file(), "--connections", std::to_string(t.connections), "--mints",
                        std::to_string(std::max<std::uint64_t>(t.much.mints / share, 10)), "--warm-up",
                        std::to_string(t.much.warm_up / share), "--rate", std::to_string(t.much.rate)});
}

measurement run_go(const std::string& program, const task& t, bool http2) {
  return run_reporting({program, http2 ? "-http2" : "-http2=false", "-base-url",
                        http2 ? t.server.http2_base_url() : t.server.base_url(), "-ca-file",
                        t.server.ca_file(), "-api-key", std::string{api_key}, "-connections",
                        std::to_string(t.connections), "-mints", std::to_string(t.much.mints), "-warm-up",
                        std::to_string(t.much.warm_up), "-rate", std::to_string(t.much.rate)});
}

/// For a program that doesn't report its start separately: the difference between a long run and a short one.
measurement between(const measurement& brief, measurement full) {
  const auto took = [](std::chrono::microseconds more, std::chrono::microseconds less) {
    return static_cast<double>((more - less).count());
  };
  full.told.user_us = took(full.process.user, brief.process.user);
  full.told.system_us = took(full.process.system, brief.process.system);
  full.told.warm_up_mints = brief.told.mints;
  full.told.mints -= brief.told.mints;
  full.told.wall_us -= brief.told.wall_us;
  full.told.failures += brief.told.failures;
  return full;
}

std::filesystem::path accounts_file(const task& t, std::uint64_t count) {
  auto path = t.scratch.path() / fmt::format("accounts-{}", count);
  if (std::filesystem::exists(path)) return path;  // from an earlier turn
  std::ofstream file{path};
  for (std::uint64_t i = 0; i < count; ++i) file << "se-" << 100'000 + i << '\n';
  return path;
}

/// The real command, from a file of accounts to a line of JSON for each. It ends with 0 if all were minted.
measurement run_mint_command(const std::string& program, const task& t, std::uint64_t count) {
  const auto accounts = accounts_file(t, count);
  const auto key = t.scratch.write_private("api-key", fmt::format("{}\n", api_key));
  const auto begin = clock::now();
  const auto done =
      run({.arguments = {program, "mint", "--accounts", accounts, "--base-url", t.server.base_url(),
                         "--ca-file", t.server.ca_file(), "--api-key-file", key, "--rate", "unlimited",
                         "--connections", std::to_string(t.connections), "--format", "json"},
           .core = client_core(),
           .out = command::output::discarded});
  if (done.usage.status != 0)
    throw std::runtime_error{fmt::format("it ended with status {}", done.usage.status)};
  run_report report;
  report.mints = static_cast<double>(count);
  report.wall_us = us(clock::now() - begin);
  return {.told = report, .process = done.usage};
}

/// With a script that makes wrk print a report of our kind.
measurement run_wrk(const task& t, std::chrono::seconds length) {
  measurement m =
      run_reporting({"wrk", "--threads", "1", "--connections", std::to_string(t.connections), "--duration",
                     fmt::format("{}s", length.count()), "--script", EPHEMINT_WRK_SCRIPT,
                     t.server.base_url() + std::string{api_path}, "--", std::string{api_key}});
  // Its percentiles are corrected by a guess, so they aren't used.
  m.told.p50_us = m.told.p90_us = m.told.p99_us = m.told.p99_9_us = m.told.max_us = std::nullopt;
  return m;
}

/// The number that ends before `word` in `text`.
double number_before(std::string_view text, std::string_view word) {
  const auto end = text.find(word);
  if (end == text.npos) throw std::runtime_error{fmt::format("it said nothing of{}", word)};
  const auto begin = text.find_last_not_of("0123456789", end - 1) + 1;
  double number = 0;
  std::from_chars(text.data() + begin, text.data() + end, number);
  return number;
}

/// So many connections share as many streams as the others have connections.
measurement run_h2load(const task& t, std::size_t connections, std::chrono::seconds length) {
  const std::size_t streams = (t.connections + connections - 1) / connections;
  const auto done =
      run({.arguments = {"h2load", "--threads=1", fmt::format("--clients={}", connections),
                         fmt::format("--max-concurrent-streams={}", streams),
                         fmt::format("--duration={}", length.count()), "--header=:method: POST",
                         "--header=content-length: 0", fmt::format("--header=api-key: {}", api_key),
                         "--header=on-behalf-of: se-100000", "--header=accept: application/json",
                         "--header=content-type: application/json",
                         t.server.http2_base_url() + std::string{api_path}},
           .core = client_core(),
           .out = command::output::piped});
  run_report report;
  report.mints = number_before(done.output, " 2xx");
  report.failures = number_before(done.output, " failed,");
  report.wall_us = us(length);
  return {.told = report, .process = done.usage};
}

/// The Go client's program, built now; nothing if it can't be.
std::optional<std::string> build_go_client(const temporary_directory& scratch) {
  if (!find_program("go")) return std::nullopt;
  const std::string program = scratch.path() / "go-client";
  const auto built = run({.arguments = {"go", "build", "-o", program, EPHEMINT_GO_SOURCE}});
  if (built.usage.status != 0) return std::nullopt;
  return program;
}

}  // namespace

std::vector<contender> all_contenders(const temporary_directory& scratch,
                                      std::vector<absent_contender>& absent) {
  std::vector<contender> all;
  const auto add = [&](const char* name, bool there, const char* why_not, auto run) {
    if (there)
      all.push_back({.name = name, .run = std::move(run)});
    else
      absent.push_back({name, why_not});
  };
  constexpr std::chrono::seconds start{1};
  add("wrk", find_program("wrk").has_value(), "wrk isn't installed",
      [=](const task& t) { return between(run_wrk(t, start), run_wrk(t, start + t.load_time)); });
  for (const known_minter& which : known_minters())
    all.push_back({.name = std::string{which.name},
                   .run = [&which](const task& t) { return run_own(which, t); },
                   .open_loop = true});
  add("ephemint mint", find_program(EPHEMINT_COMMAND).has_value(), "the ephemint command wasn't built",
      [](const task& t) {
        return between(run_mint_command(EPHEMINT_COMMAND, t, t.much.warm_up),
                       run_mint_command(EPHEMINT_COMMAND, t, t.much.warm_up + t.much.mints));
      });
  const auto go = build_go_client(scratch);
  for (const bool http2 : {false, true}) {
    add(http2 ? "go-h2" : "go", go.has_value(), "go isn't installed, or can't build the client",
        [go, http2](const task& t) { return run_go(*go, t, http2); });
    if (go) all.back().open_loop = true;
  }
  const bool has_h2load = find_program("h2load").has_value();
  for (const std::size_t on : {std::size_t{1}, std::size_t{4}})
    add(on == 1 ? "h2load" : "h2load-x4", has_h2load, "h2load isn't installed", [=](const task& t) {
      return between(run_h2load(t, on, start), run_h2load(t, on, start + t.load_time));
    });
  return all;
}

}  // namespace ephemint::bench
