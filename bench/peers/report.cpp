#include "report.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <stdexcept>
#include <type_traits>

namespace ephemint::bench {
namespace {

/// Every figure with its name: what is written is what is read.
template <class Report, class Visitor>
void visit_figures(Report& report, Visitor visit) {
  visit("mints", report.mints);
  visit("warm_up_mints", report.warm_up_mints);
  visit("failures", report.failures);
  visit("wall_us", report.wall_us);
  visit("connections", report.connections);
  visit("late_connections", report.late_connections);
  visit("user_us", report.user_us);
  visit("system_us", report.system_us);
  visit("p50_us", report.p50_us);
  visit("p90_us", report.p90_us);
  visit("p99_us", report.p99_us);
  visit("p99_9_us", report.p99_9_us);
  visit("max_us", report.max_us);
  visit("allocations_per_mint", report.allocations_per_mint);
}

std::string members_of(const run_report& report) {
  std::string text = fmt::format("\"first_failure\": {}", in_json(report.first_failure));
  visit_figures(report, [&](const char* name, const auto& figure) {
    if constexpr (std::is_same_v<decltype(figure), const double&>)
      text += fmt::format(", \"{}\": {}", name, figure);
    else if (figure)
      text += fmt::format(", \"{}\": {}", name, *figure);
  });
  return text;
}

}  // namespace

std::string in_json(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (quoted += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return quoted + '"';
}

std::string to_json(const run_report& report) { return '{' + members_of(report) + '}'; }

run_report parse_report(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object all;
  if (parser.parse(simdjson::padded_string{line}).get(all) != simdjson::SUCCESS)
    throw std::runtime_error{fmt::format("a client said \"{}\", which is no report", line)};
  run_report report;
  visit_figures(report, [&](const char* name, auto& figure) {
    if (double value = 0; all[name].get(value) == simdjson::SUCCESS) figure = value;
  });
  if (std::string_view why; all["first_failure"].get(why) == simdjson::SUCCESS) report.first_failure = why;
  return report;
}

double measurement::whole_cpu_per_mint() const noexcept {
  return static_cast<double>(process.cpu().count()) / (told.mints + told.warm_up_mints);
}

double measurement::cpu_per_mint() const noexcept {
  if (!told.user_us || !told.system_us) return whole_cpu_per_mint();
  return (*told.user_us + *told.system_us) / told.mints;
}

std::string to_json(const measurement& m) {
  return fmt::format(R"({{"client": {}, "connections_asked": {}, "turn": {}, "cpu_us_per_mint": {:.3f}, )"
                     R"("process_user_us": {}, "process_system_us": {}, "peak_rss_kib": {}, {}}})",
                     in_json(m.client), m.connections, m.turn, m.cpu_per_mint(), m.process.user.count(),
                     m.process.system.count(), m.process.peak_rss_kib, members_of(m.told));
}

}  // namespace ephemint::bench
