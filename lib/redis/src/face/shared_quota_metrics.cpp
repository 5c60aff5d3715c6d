#include <ephemint/redis/shared_quota.hpp>

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace ephemint::inline v0 {
namespace {

struct series {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  double (*value)(const shared_quota_stats&);
};

template <auto Member>
double value_of(const shared_quota_stats& seen) {
  return static_cast<double>(seen.*Member);
}

double round_trip_of(const shared_quota_stats& seen) {
  return std::chrono::duration<double>(seen.round_trip).count();
}

using stats = shared_quota_stats;

constexpr series all[] = {
    {"connected", "gauge", "Whether the store answers: 1, or 0 while we go on without it.",
     value_of<&stats::connected>},
    {"members", "gauge", "Processes that share the quota, this one included.", value_of<&stats::members>},
    {"limit", "gauge", "Permits a window that are in force for all of them together.",
     value_of<&stats::limit>},
    {"held", "gauge", "Permits that this process has and hasn't used.", value_of<&stats::held>},
    {"share", "gauge", "Permits a window of this process while the store is away, else 0.",
     value_of<&stats::share>},
    {"round_trip_seconds", "gauge", "Usual time from a command to the store's answer.", round_trip_of},
    {"commands_total", "counter", "Commands sent to the store.", value_of<&stats::commands>},
    {"lost_commands_total", "counter", "Commands without an answer that could be used.",
     value_of<&stats::lost>},
    {"fallbacks_total", "counter", "How often the store was away so long that we went on without it.",
     value_of<&stats::fallbacks>},
};

}  // namespace

std::string prometheus_text(const shared_quota_stats& seen) {
  std::string text;
  for (const series& one : all)
    fmt::format_to(std::back_inserter(text), "# HELP {0}{1} {2}\n# TYPE {0}{1} {3}\n{0}{1} {4}\n",
                   "ephemint_shared_quota_", one.name, one.help, one.type, one.value(seen));
  return text;
}

}  // namespace ephemint::inline v0
