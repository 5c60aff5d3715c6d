#include "report.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <stdexcept>
#include <type_traits>

namespace ephemint::bench {
namespace {

/// Every figure with its name, for writing and reading.
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

void add_figures(json_object& to, const run_report& report) {
  to.add("first_failure", report.first_failure);
  visit_figures(report, [&](const char* name, const auto& figure) {
    if constexpr (std::is_same_v<decltype(figure), const double&>)
      to.add_text(name, fmt::format("{}", figure));
    else if (figure)
      to.add_text(name, fmt::format("{}", *figure));
  });
}

}  // namespace

json_object json_of(const run_report& report) {
  json_object all;
  add_figures(all, report);
  return all;
}

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

json_object json_of(const measurement& m) {
  json_object all;
  all.add("client", m.client).add("connections_asked", m.connections).add("turn", m.turn);
  all.add_text("cpu_us_per_mint", fmt::format("{:.3f}", m.cpu_per_mint()));
  all.add("process_user_us", m.process.user.count()).add("process_system_us", m.process.system.count());
  all.add("peak_rss_kib", m.process.peak_rss_kib);
  add_figures(all, m.told);
  return all;
}

}  // namespace ephemint::bench
