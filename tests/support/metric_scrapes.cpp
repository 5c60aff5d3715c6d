#include "metric_scrapes.hpp"

#include "command.hpp"

#include <ephemint/metrics.hpp>
#include <ephemint/redis/shared_quota.hpp>

#include <stdexcept>
#include <utility>
#include <vector>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;

void report_mints(observer& to) {
  mint_report mint;
  mint.took = 90ms;
  mint.remaining = 9'920ms;
  mint.waited.fill(2'500us);
  for (const priority urgency : {priority::interactive, priority::background})
    for (int code = 0; code <= static_cast<int>(mint_errc::closed); ++code) {
      mint.urgency = urgency;
      mint.error.reset();
      if (code != 0) mint.error = static_cast<mint_errc>(code);
      to.on_mint(mint);
    }
}

void report_attempts(observer& to) {
  attempt_report attempt;
  attempt.took = 80ms;
  for (const attempt_reason why :
       {attempt_reason::first, attempt_reason::retry, attempt_reason::replacement, attempt_reason::hedge})
    for (std::size_t outcome = 0; outcome < attempt_outcomes; ++outcome) {
      attempt.why = why;
      attempt.outcome = static_cast<attempt_outcome>(outcome);
      to.on_attempt(attempt);
    }
}

void report_connections(observer& to) {
  using event = connection_report::event;
  connection_report connection;
  for (const event what : {event::dialled, event::established, event::failed}) {
    connection.what = what;
    to.on_connection(connection);
  }
  connection.what = event::established;
  connection.resumed = true;
  to.on_connection(connection);
}

/// A gauge that is 0 if no client exists.
std::string with_gauge(std::string text, const std::string& name, int value) {
  const std::string line = '\n' + name + " 0\n";
  const auto at = text.find(line);
  if (at == text.npos) throw std::runtime_error{"there is no " + name};
  return text.replace(at, line.size() - 1, '\n' + name + ' ' + std::to_string(value));
}

/// The number at the end of a sample's line, and the text before it.
std::pair<std::string, double> split(const std::string& line) {
  const auto space = line.rfind(' ');
  return {line.substr(0, space), std::stod(line.substr(space + 1))};
}

/// `name{labels}` with two more.
std::string labelled(const std::string& series, const std::string& process) {
  const auto brace = series.find('{');
  if (brace == series.npos) return series + '{' + process + '}';
  return series.substr(0, brace + 1) + process + ',' + series.substr(brace + 1);
}

}  // namespace

std::string text_of_a_busy_process() {
  metrics seen;
  report_mints(seen);
  report_attempts(seen);
  report_connections(seen);
  shared_quota_stats shared;
  shared.connected = true;
  shared.members = 4;
  shared.limit = 200;
  shared.held = 3;
  shared.round_trip = 800us;
  shared.commands = 40;
  shared.lost = shared.fallbacks = 1;
  seen.add([shared] { return prometheus_text(shared); });
  return with_gauge(with_gauge(seen.prometheus_text(), "ephemint_quota_requests", 200), "ephemint_quota_used",
                    37);
}

std::string scrapes_of(const std::string& text) {
  constexpr int scrapes = 80;
  constexpr long interval = 15;
  const std::vector<std::string> processes{R"(job="portal",instance="a")", R"(job="portal",instance="b")",
                                           R"(job="batch",instance="a")", R"(job="batch",instance="c")"};
  std::string samples;
  bool grows = false;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("# TYPE ")) grows = !line.ends_with(" gauge");
    if (line.starts_with('#')) continue;
    const auto [series, value] = split(line);
    for (const std::string& process : processes)
      for (int i = 0; i <= scrapes; ++i)
        samples += labelled(series, process) + ' ' + std::to_string(grows ? value * i : value) + ' ' +
                   std::to_string(last_scrape - (scrapes - i) * interval) + '\n';
  }
  return samples + "# EOF\n";
}

}  // namespace ephemint::test
