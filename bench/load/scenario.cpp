#include "scenario.hpp"

#include "text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <vector>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;

// The rates are below the server's limit; the sweep goes up to it. Quotas are larger than the API's where
// that would leave too few calls for a 99th percentile; the governor's work is the same.
std::vector<scenario> table() {
  constexpr quota ample = quota::declared(12'000, 60s);
  return {
      {.name = "steady",
       .what = "100 logins a second (Poisson) to a server that takes 80 ms",
       .calls = {.rate = 100},
       .length = 60s,
       .server = {.delay = "delay=80ms"},
       .rate = ample,
       .server_time = 80ms},
      {.name = "burst",
       .what = "150 logins within 2 s at the start of each minute, at the API's quota of 200/60s",
       .calls = {.how = arrivals::bursts, .skew = 1},
       .length = 125s,
       .server = {.delay = "delay=80ms,jitter=20ms", .limited = true},
       .connections = 8,
       .rate = production_quota,
       .warm = false,
       .server_time = 80ms},
      {.name = "storm",
       .what = "3 logins a second; from the 5th second the server answers 429 for 30 s, then recovers",
       .calls = {.rate = 3},
       .length = 75s,
       .server = {.delay = "delay=80ms,jitter=20ms",
                  .trouble = "status=429,retry_after=5",
                  .trouble_from = 5s,
                  .trouble_to = 35s},
       .connections = 8,
       .rate = production_quota,
       .server_time = 80ms},
      {.name = "slow",
       .what = "50 logins a second to a server that takes 80 ± 40 ms, and one time in a hundred 2 s more",
       .calls = {.rate = 50, .skew = 1},
       .length = 60s,
       .server = {.delay = "delay=40ms,jitter=80ms,tail=0.01:2s"},
       .rate = ample,
       .server_time = 40ms},
      {.name = "slow-hedged",
       .what = "as slow, with client_options::hedge",
       .calls = {.rate = 50, .skew = 1},
       .length = 60s,
       .server = {.delay = "delay=40ms,jitter=80ms,tail=0.01:2s"},
       .rate = ample,
       .hedge = true,
       .server_time = 40ms},
      {.name = "churn",
       .what = "100 logins a second to a server that closes each connection after 20 replies",
       .calls = {.rate = 100},
       .length = 60s,
       .server = {.delay = "delay=20ms", .trouble = "close,nth=20", .trouble_from = 0s, .trouble_to = 24h},
       .connections = 8,
       .rate = ample,
       .server_time = 20ms},
      // With the API's quota, 5,000 accounts would take half an hour: here it admits 1,000 in 10 s, 30 times
      // as many.
      {.name = "mixed",
       .what = "20 logins a second before a batch of accounts, at a quota of 1000/10s",
       .calls = {.rate = 20, .skew = 1},
       .length = 60s,
       .server = {.delay = "delay=80ms,jitter=20ms", .limited = true},
       .rate = quota::declared(1000, 10s),
       .batch = 5000,
       .server_time = 80ms},
  };
}

/// Enough of each scenario to show that it works; use the figures of the full ones.
std::vector<scenario> short_table() {
  std::vector<scenario> all = table();
  for (scenario& s : all) {
    s.length = s.name == "burst" ? 2s : 4s;
    if (s.batch != 0) s.batch = 300;
    if (s.name == "storm") {
      s.what = "3 logins a second; from the 1st second the server answers 429 for 2 s, then recovers";
      s.length = 8s;
      s.server.trouble = "status=429,retry_after=1";
      s.server.trouble_from = 1s;
      s.server.trouble_to = 3s;
    }
  }
  return all;
}

}  // namespace

std::span<const scenario> all_scenarios(bool short_round) {
  static const std::vector<scenario> full = table();
  static const std::vector<scenario> cut = short_table();
  return short_round ? cut : full;
}

scenario scenario_named(std::string_view name, bool short_round) {
  std::string names;
  for (const scenario& s : all_scenarios(short_round)) {
    if (s.name == name) return s;
    names += s.name + ", ";
  }
  throw cli::usage_error{
      fmt::format("there is no scenario {}; give {}cold or sweep", cli::in_quotes(name), names)};
}

}  // namespace ephemint::bench
