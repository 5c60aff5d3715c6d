#include "report.hpp"

#include "common/versions.hpp"
#include "harness/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace ephemint::bench {
namespace {

using std::chrono::microseconds;

double per_mint(double total, const scenario_result& r) {
  return r.minted() == 0 ? 0.0 : total / static_cast<double>(r.minted());
}

/// All tokens that were handed over, the batch's too.
measurements everything(const scenario_result& r) {
  measurements all;
  all.merge_ages(r.calls);
  all.merge_ages(r.batch);
  return all;
}

std::string percentiles(const histogram& h) {
  return fmt::format("p50 {:8.2f}  p90 {:8.2f}  p99 {:8.2f}  p99.9 {:8.2f}  max {:8.2f} ms",
                     ms(h.percentile(50)), ms(h.percentile(90)), ms(h.percentile(99)), ms(h.percentile(99.9)),
                     ms(h.max()));
}

std::string outcome_line(const scenario_result& r) {
  std::string line = fmt::format("{} calls: {} minted, {} of them in time, {} failed", r.calls.calls,
                                 r.calls.minted, r.calls.in_time, r.calls.failures());
  for (const auto& [code, count] : r.calls.failed) line += fmt::format("; {} {}", code, count);
  if (r.asked.batch != 0)
    line += fmt::format("\n{:14}batch of {}: {} minted in {:.1f} s", "", r.asked.batch, r.batch.minted,
                        seconds(r.batch_time));
  return line;
}

std::string added_line(const scenario_result& r) {
  const auto added = [&](double percent) {
    return ms(r.calls.corrected.percentile(percent) - r.asked.server_time);
  };
  return fmt::format("  over the server's {} ms: p50 {:+.2f}, p99 {:+.2f} ms\n", r.asked.server_time.count(),
                     added(50), added(99));
}

std::string window_line(const scenario_result& r) {
  const measurements all = everything(r);
  return fmt::format("p50 {:.3f}  p1 {:.3f}  least {:.3f} s; {} with less than {} s, {} dead",
                     seconds(all.left(50)), seconds(all.left(1)), seconds(all.least_left()),
                     all.under_min_remaining, seconds(min_remaining), all.dead);
}

std::string server_line(const sandbox_view& v) {
  return fmt::format("{} requests, {} minted, {} 429s, {} connections, at most {} requests in a minute",
                     v.requests, v.minted, v.rate_limited, v.connections, v.most_in_a_minute);
}

}  // namespace

std::string text_of(const scenario_result& r) {
  std::string text = fmt::format("{} ({}): {}\n", r.asked.name, r.client, r.asked.what);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "  outcome     {}\n", outcome_line(r));
  if (r.calls.minted > 0) {
    fmt::format_to(out, "  corrected   {}\n", percentiles(r.calls.corrected));
    fmt::format_to(out, "  uncorrected {}\n", percentiles(r.calls.uncorrected));
    if (r.asked.server_time.count() > 0) text += added_line(r);
  }
  if (r.calls.failures() > 0) fmt::format_to(out, "  failing     {}\n", percentiles(r.calls.failing));
  fmt::format_to(out, "  window left {}\n", window_line(r));
  fmt::format_to(out,
                 "  client      {} requests, {} retries ({} stale, {} hedges), {} 429s; {} connections ({} "
                 "full, {} resumed)\n",
                 r.did.requests, r.did.retries, r.did.stale_retries, r.did.hedges, r.did.rate_limited,
                 r.did.connections, r.did.full_handshakes, r.did.resumed_handshakes);
  if (r.seen) fmt::format_to(out, "  server      {}\n", server_line(*r.seen));
  fmt::format_to(
      out,
      "  cost        {:.0f} µs CPU and {:.1f} allocations a mint, {:.1f} MiB at most; preempted {} times\n",
      per_mint(static_cast<double>(r.used.cpu().count()), r),
      per_mint(static_cast<double>(r.used.allocations), r), static_cast<double>(r.peak_memory_kib) / 1024,
      r.used.preempted);
  return text;
}

json_object json_of(const histogram& h) {
  json_object o;
  o.add("count", h.count()).add("mean", h.mean_us() / 1000).add("min", ms(h.min()));
  for (const auto& [name, percent] : {std::pair{"p50", 50.0}, {"p90", 90.0}, {"p99", 99.0}, {"p99_9", 99.9}})
    o.add(name, ms(h.percentile(percent)));
  return o.add("max", ms(h.max()));
}

json_object json_of_versions() { return json_of(versions()); }

namespace {

json_object asked_json(const scenario& s) {
  json_object o;
  o.add("arrivals", to_string(s.calls.how)).add("length_s", seconds(s.length));
  if (s.calls.how == arrivals::bursts)
    o.add("burst_calls", s.calls.burst_calls)
        .add("burst_spread_s", seconds(s.calls.burst_spread))
        .add("burst_period_s", seconds(s.calls.burst_period));
  else
    o.add("rate", s.calls.rate);
  o.add("accounts", s.calls.accounts).add("skew", s.calls.skew).add("seed", s.calls.seed);
  o.add("connections", s.connections).add("callers", s.callers).add("deadline_ms", ms(s.deadline));
  o.add("quota", s.rate.how() == quota::mode::unlimited
                     ? std::string{"unlimited"}
                     : fmt::format("{}/{}s", s.rate.requests(), seconds(s.rate.window())));
  o.add("batch", s.batch).add("warm", s.warm);
  o.add("delay", s.server.delay).add("trouble", s.server.trouble).add("limited", s.server.limited);
  if (!s.server.trouble.empty())
    o.add("trouble_from_s", seconds(s.server.trouble_from)).add("trouble_to_s", seconds(s.server.trouble_to));
  return o.add("server_time_ms", ms(s.server_time));
}

json_object failed_json(const measurements& m) {
  json_object o;
  for (const auto& [code, count] : m.failed) o.add(code, count);
  return o;
}

json_object window_json(const scenario_result& r) {
  const measurements all = everything(r);
  return json_object{}
      .add("p50_s", seconds(all.left(50)))
      .add("p1_s", seconds(all.left(1)))
      .add("least_s", seconds(all.least_left()))
      .add("under_min_remaining", all.under_min_remaining)
      .add("dead", all.dead);
}

json_object client_json(const minter_counts& c) {
  return json_object{}
      .add("requests", c.requests)
      .add("retries", c.retries)
      .add("stale_retries", c.stale_retries)
      .add("hedges", c.hedges)
      .add("rate_limited", c.rate_limited)
      .add("too_late", c.too_late)
      .add("connections", c.connections)
      .add("full_handshakes", c.full_handshakes)
      .add("resumed_handshakes", c.resumed_handshakes);
}

json_object server_json(const sandbox_view& v) {
  return json_object{}
      .add("requests", v.requests)
      .add("minted", v.minted)
      .add("rate_limited", v.rate_limited)
      .add("most_in_a_minute", v.most_in_a_minute)
      .add("connections", v.connections)
      .add("full_handshakes", v.full_handshakes)
      .add("resumed_handshakes", v.resumed_handshakes);
}

/// By tenths of a second, from the lowest that there is.
std::string window_table(const scenario_result& r) {
  constexpr std::chrono::milliseconds step{100};
  const measurements all = everything(r);
  std::string text = "# seconds left at hand-over, from and to; tokens; their share in percent\n";
  for (microseconds from = std::min<microseconds>(microseconds{0},
                                                  std::chrono::floor<std::chrono::seconds>(all.least_left()));
       from < token_lifetime; from += step) {
    const std::uint64_t tokens =
        all.age.count_below(token_lifetime - from) - all.age.count_below(token_lifetime - from - step);
    text += fmt::format("{:.1f} {:.1f} {} {:.4f}\n", seconds(from), seconds(from + step), tokens,
                        per_mint(100.0 * static_cast<double>(tokens), r));
  }
  return text;
}

}  // namespace

json_object json_of(const scenario_result& r) {
  json_object o;
  o.add("scenario", r.asked.name).add("what", r.asked.what).add("client", r.client);
  o.add("asked", asked_json(r.asked)).add("seconds", seconds(r.time));
  o.add("calls", r.calls.calls).add("minted", r.calls.minted).add("in_time", r.calls.in_time);
  o.add("failed", r.calls.failures()).add("failed_by_code", failed_json(r.calls));
  o.add("latency_corrected_ms", json_of(r.calls.corrected));
  o.add("latency_uncorrected_ms", json_of(r.calls.uncorrected));
  o.add("latency_failures_ms", json_of(r.calls.failing)).add("late_start_ms", json_of(r.calls.late_start));
  if (r.asked.batch != 0)
    o.add("batch", json_object{}
                       .add("minted", r.batch.minted)
                       .add("failed", r.batch.failures())
                       .add("seconds", seconds(r.batch_time)));
  o.add("window_left", window_json(r)).add("did", client_json(r.did));
  if (r.seen) o.add("server", server_json(*r.seen));
  o.add("cpu_us_per_mint", per_mint(static_cast<double>(r.used.cpu().count()), r));
  o.add("allocations_per_mint", per_mint(static_cast<double>(r.used.allocations), r));
  o.add("peak_rss_kib", r.peak_memory_kib).add("preempted", r.used.preempted);
  return o.add("versions", json_of_versions());
}

results_directory::results_directory(std::filesystem::path where) : where_{std::move(where)} {
  std::filesystem::create_directories(where_);
}

void results_directory::write(const std::string& file, std::string_view text) const {
  std::ofstream out{where_ / file};
  out << text;
  if (!out.flush()) throw std::system_error{errno, std::generic_category(), (where_ / file).string()};
}

void write(const results_directory& directory, const scenario_result& r) {
  std::string name = r.asked.name;
  if (r.client == name_of(client_kind::naive)) name += "-naive";
  if (r.client == name_of(client_kind::ephemint_http2)) name += "-h2";
  directory.write(name + ".json", json_of(r).text() + '\n');
  directory.write(name + ".corrected.hgrm", r.calls.corrected.percentile_text());
  directory.write(name + ".uncorrected.hgrm", r.calls.uncorrected.percentile_text());
  directory.write(name + ".window.txt", window_table(r));
}

}  // namespace ephemint::bench
