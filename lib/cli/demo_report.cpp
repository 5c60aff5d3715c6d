#include "demo_report.hpp"

#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace ephemint::cli {
namespace {

using std::chrono::milliseconds;

double seconds(clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// A token's life, or a wait; none: nothing was measured.
std::string in_words(std::optional<clock::duration> time) {
  if (!time) return "-";
  const double size = seconds(*time);
  return fmt::format("{:.{}f} s", size, std::abs(size) < 1 ? 3 : 2);
}

struct lane_times {
  std::optional<clock::duration> median, worst;
};

lane_times of_lives(std::vector<clock::duration> lives) {
  if (lives.empty()) return {};
  return {percentile(lives, 0.5), percentile(lives, 0)};
}

lane_times of_waits(std::vector<clock::duration> waits) {
  if (waits.empty()) return {};
  return {percentile(waits, 0.5), percentile(waits, 0.99)};
}

class lane_table {
 public:
  void add(std::string_view name, std::string_view plain, std::string_view ephemint,
           std::string_view meaning) {
    fmt::format_to(std::back_inserter(text_), "  {:<13}{:>17}{:>17}", name, plain, ephemint);
    if (!meaning.empty()) fmt::format_to(std::back_inserter(text_), "   {}", meaning);
    text_ += '\n';
  }
  void add(std::string_view name, std::uint64_t plain, std::uint64_t ephemint, std::string_view meaning) {
    add(name, with_thousands(plain), with_thousands(ephemint), meaning);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

/// The demo never uses both at once, but if it did this would say so.
std::string_view protocols_of(const lane_facts& did) {
  if (did.http2_requests == 0) return "HTTP/1.1";
  return did.http2_requests < did.requests ? "HTTP/1.1 and HTTP/2" : "HTTP/2";
}

void add_outcome(lane_table& table, const demo_figures& saw) {
  const auto minted = [](const lane& one) { return fmt::format("{} of {}", one.minted(), one.accounts); };
  table.add("", "plain client", "Ephemint", "");
  table.add("minted", minted(saw.plain), minted(saw.ephemint), "tokens that came from the API");
  table.add("taken", in_words(saw.plain.taken), in_words(saw.ephemint.taken),
            fmt::format("at that quota {:.1f} s is the least", seconds(saw.least)));
  table.add("handed over", saw.plain.seconds_left.size(), saw.ephemint.seconds_left.size(),
            "to whoever asked for them");
  table.add("dead", saw.plain.dead, saw.ephemint.dead, "of these, older than 10 s at that moment");
  const lane_times plain = of_lives(saw.plain.seconds_left), ephemint = of_lives(saw.ephemint.seconds_left);
  table.add("left, p50", in_words(plain.median), in_words(ephemint.median),
            "of a token's 10 s, when handed over");
  table.add("left, least", in_words(plain.worst), in_words(ephemint.worst), "below 0: dead for so long");
}

void add_conduct(lane_table& table, const demo_figures& saw) {
  const lane_facts &plain = saw.of_plain, &ephemint = saw.of_ephemint;
  const auto handshakes = [](const lane_facts& did) {
    return fmt::format("{} + {}", did.full_handshakes, did.resumed_handshakes);
  };
  table.add("rate limited", saw.plain.rate_limited, saw.ephemint.rate_limited, "429s");
  table.add("peak", plain.peak, ephemint.peak,
            fmt::format("requests in any {} s; {} are admitted", seconds(saw.window), saw.quota));
  table.add("requests", plain.requests, ephemint.requests,
            fmt::format("over {}, and {}", protocols_of(plain), protocols_of(ephemint)));
  table.add("retried", plain.retries, ephemint.retries, "after 429s, 503s and lost connections");
  table.add("connections", plain.full_handshakes + plain.resumed_handshakes,
            ephemint.full_handshakes + ephemint.resumed_handshakes, "");
  table.add("handshakes", handshakes(plain), handshakes(ephemint), "full + resumed");
  const lane_times plain_waits = of_waits(saw.plain.latencies), waits = of_waits(saw.ephemint.latencies);
  table.add("latency p50", in_words(plain_waits.median), in_words(waits.median),
            "from an account's reading to its hand-over,");
  table.add("latency p99", in_words(plain_waits.worst), in_words(waits.worst),
            "the wait for the quota included");
}

std::string trouble_of(const demo_figures& saw) {
  if (saw.plain_trouble.empty()) return {};
  return fmt::format("\nThe plain client {}. {} tokens wait in its vector, {} of them dead.\n",
                     saw.plain_trouble, with_thousands(saw.plain.held.size()),
                     with_thousands(saw.plain.held_dead(saw.now)));
}

constexpr std::string_view what_plain_is =
    "\nThe plain client is what one writes in an afternoon: Boost.Beast's coroutines, verified TLS, 16\n"
    "workers, connections kept alive; every call is tried up to 10 times, after a 429 as its Retry-After\n"
    "says, after a 5xx or a lost connection with a back-off from 100 ms, doubled, and jitter. Its\n"
    "mint_all(accounts) returns a vector of tokens, when the last of them is there.\n"
    "Each has a sandbox of its own: the same quota, delays and faults.\n";

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
  lane_table table;
  add_outcome(table, saw);
  add_conduct(table, saw);
  return fmt::format("{}{}{}\nSeconds left of a token's 10 when Ephemint handed it over:\n\n{}",
                     std::move(table).text(), trouble_of(saw), what_plain_is,
                     histogram(std::move(saw.ephemint.seconds_left)));
}

}  // namespace ephemint::cli
