#include "demo_report.hpp"

#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string_view>

namespace ephemint::cli {
namespace {

using std::chrono::milliseconds;

double seconds(clock::duration time) { return std::chrono::duration<double>(time).count(); }

std::string in_words(clock::duration time) {
  return time < std::chrono::seconds{1} ? fmt::format("{} ms", std::chrono::round<milliseconds>(time).count())
                                        : fmt::format("{:.1f} s", seconds(time));
}

void add_row(std::string& table, std::string_view name, std::string_view value, std::string_view meaning) {
  fmt::format_to(std::back_inserter(table), "  {:<14}{:>14}   {}\n", name, value, meaning);
}

/// Both at once is no case of the demo's, but said as it is.
std::string_view protocols_of(const demo_figures& saw) {
  if (saw.http2_requests == 0) return "HTTP/1.1";
  return saw.http2_requests < saw.client.requests ? "HTTP/1.1 and HTTP/2" : "HTTP/2";
}

/// The narrowest round width that needs no more than `most` rows.
milliseconds row_width(clock::duration span) {
  constexpr int most = 8;
  for (int width : {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000})
    if (span / milliseconds{width} < most - 1) return milliseconds{width};
  return milliseconds{2000};  // a token lives for 10 s
}

}  // namespace

clock::duration percentile(std::vector<clock::duration>& all, double share) {
  if (all.empty()) return {};
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(all.size())));
  const auto at = all.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(all.begin(), at, all.end());
  return *at;
}

std::string histogram(std::vector<clock::duration> all) {
  constexpr std::size_t longest_bar = 60;
  if (all.empty()) return "  none\n";
  std::sort(all.begin(), all.end(), std::greater<>{});
  const milliseconds width = row_width(all.front() - all.back());
  const std::int64_t top = all.front() / width;
  std::vector<std::size_t> rows(static_cast<std::size_t>(top - all.back() / width) + 1);
  for (const clock::duration left : all) ++rows[static_cast<std::size_t>(top - left / width)];
  const std::size_t most = *std::max_element(rows.begin(), rows.end());
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const milliseconds from = (top - static_cast<std::int64_t>(row)) * width;
    const std::size_t size = (rows[row] * longest_bar + most - 1) / most;
    const std::string count =
        rows[row] == 0 ? "" : fmt::format("{}{}", size > 0 ? " " : "", with_thousands(rows[row]));
    fmt::format_to(std::back_inserter(text), "  {:6.3f} to {:6.3f} s |{}{}\n", seconds(from),
                   seconds(from + width), std::string(size, '#'), count);
  }
  return text;
}

std::string report(demo_figures saw) {
  const client_stats& did = saw.client;
  std::string table;
  add_row(table, "minted", fmt::format("{} of {}", saw.minted, saw.accounts),
          fmt::format("in {:.1f} s; at that quota {:.1f} s is the least", seconds(saw.taken),
                      seconds(saw.least)));
  add_row(table, "rate limited", with_thousands(did.rate_limited),
          fmt::format("429s; the sandbox saw {} requests at most in any {} s, and admits {}", saw.peak,
                      seconds(saw.window), saw.quota));
  add_row(table, "retried", with_thousands(did.retries),
          fmt::format("{} after a 503 or a lost connection, {} as theirs had been closed",
                      did.retries - did.stale_retries, did.stale_retries));
  add_row(table, "connections", with_thousands(did.full_handshakes + did.resumed_handshakes),
          fmt::format("for {} requests, over {}", with_thousands(did.requests), protocols_of(saw)));
  add_row(table, "handshakes", fmt::format("{} + {}", did.full_handshakes, did.resumed_handshakes),
          "full + resumed");
  add_row(table, "latency p50", in_words(percentile(saw.latencies, 0.50)),
          "from an account's reading to its token,");
  add_row(table, "latency p99", in_words(percentile(saw.latencies, 0.99)), "the wait for the quota included");
  return fmt::format("{}\nSeconds left of a token's 10 when it was handed over:\n\n{}", table,
                     histogram(std::move(saw.seconds_left)));
}

}  // namespace ephemint::cli
