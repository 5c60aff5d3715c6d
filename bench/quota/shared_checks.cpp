#include "quota/shared_checks.hpp"

#include "common/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <utility>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;
using sandbox::limiter_kind;
using figures = std::vector<live_figure>;

constexpr double any = std::numeric_limits<double>::infinity();

/// How long the permits of a crashed process are missing: its lease, and a request's patience.
constexpr seconds lease_and_flight{7};

live_figure is(std::string name, std::uint64_t value, std::uint64_t wanted) {
  const auto w = static_cast<double>(wanted);
  return {std::move(name), static_cast<double>(value), w, w, false};
}
live_figure at_most(std::string name, double value, double most) {
  return {std::move(name), value, -any, most, false};
}
live_figure at_least(std::string name, double value, double least) {
  return {std::move(name), value, least, any, false};
}

live_figure timed(live_figure f) {
  f.timed = true;
  return f;
}

std::size_t wanted(const shared_setup& s) {
  std::size_t sum = 0;
  for (const shared_part& p : s.parts) sum += p.accounts;
  return sum;
}

double quota_a_second(const shared_setup& s) {
  return static_cast<double>(s.limit.requests) / seconds{s.limit.window}.count();
}

/// Time that isn't due to the quota: to start a process, to wait for the last reply, and the 1.5 s until a
/// store that was just started is sure that nobody else uses it.
constexpr seconds beside_the_quota = 0.5s + 1.5s;

/// No request was refused, and the quota was never exceeded.
figures exact(const shared_setup& s, const shared_result& r) {
  return {is("429s", r.server.rate_limited, 0),
          at_most("most in a window", static_cast<double>(r.server.peak_per_window),
                  static_cast<double>(s.limit.requests)),
          is("ended in time", r.in_time ? 1 : 0, 1)};
}

figures all_minted(const shared_setup& s, const shared_result& r) {
  figures f = exact(s, r);
  f.push_back(is("minted", r.minted(), wanted(s)));
  f.push_back(is("requests", r.server.requests, wanted(s)));
  return f;
}

/// The same, and the run took no longer than necessary.
figures at_the_quotas_speed(const shared_setup& s, const shared_result& r) {
  figures f = all_minted(s, r);
  f.push_back(timed(
      at_most("wall over the bound", (r.wall - beside_the_quota) / best_wall(s.limit, wanted(s)), 1.05)));
  return f;
}

figures what_the_store_keeps(const shared_setup& s, const shared_result& r) {
  figures f = at_the_quotas_speed(s, r);
  f.push_back(is("keys", r.keys.size(), 1));
  f.push_back(at_least("a key's life, s", static_cast<double>(r.shortest_life_ms) / 1000, 1));
  f.push_back(at_most("bytes", static_cast<double>(r.largest_bytes), 100'000));
  f.push_back(
      at_most("commands a mint", static_cast<double>(r.commands) / static_cast<double>(r.minted()), 2.5));
  f.push_back(is("API key seen in the store", r.key_is_seen ? 1 : 0, 0));
  return f;
}

/// One was killed: only the permits that it held are missing for a while.
figures after_a_kill(const shared_setup& s, const shared_result& r) {
  figures f = exact(s, r);
  for (std::size_t i = 0; i < s.parts.size(); ++i)
    if (i != 1)
      f.push_back(is(fmt::format("minted by {}", i + 1), r.parts[i].minted_at.size(), s.parts[i].accounts));
  const seconds away = (lease_and_flight + seconds{s.limit.window}) / static_cast<double>(s.parts.size());
  const seconds bound = best_wall(s.limit, r.server.requests) + away;
  f.push_back(timed(at_most("wall over the bound", (r.wall - beside_the_quota) / bound, 1.05)));
  return f;
}

/// The store was away from `from` to `until`.
figures across_an_outage(const shared_setup& s, const shared_result& r, seconds from, seconds until) {
  figures f = all_minted(s, r);
  double gap = 0;
  for (const part_result& p : r.parts) gap = std::max(gap, p.longest_gap(from, until).count());
  // Its own slots come back in the order in which they were used: at most a window apart.
  f.push_back(timed(
      at_most("longest silence of a process, s", gap, std::max(2.0, seconds{s.limit.window}.count() + 0.5))));
  const seconds window = s.limit.window;
  f.push_back(timed(at_least("rate afterwards over the quota",
                             r.rate(until + 3s, until + 3s + 2 * window) / quota_a_second(s), 0.9)));
  return f;
}

std::size_t lines_with(const shared_result& r, std::string_view part) {
  std::size_t count = 0;
  for (const part_result& p : r.parts)
    count += static_cast<std::size_t>(std::count_if(
        p.said.begin(), p.said.end(), [&](const std::string& line) { return line.find(part) != line.npos; }));
  return count;
}

sandbox::rate_limit limit(limiter_kind kind, const live_sizes& z) {
  sandbox::rate_limit l;
  l.kind = kind;
  l.requests = z.requests;
  l.window = z.window;
  return l;
}

std::vector<shared_part> four_of(std::size_t accounts) {
  return std::vector<shared_part>(4, shared_part{accounts});
}

shared_setup even(const std::string& name, limiter_kind kind, const live_sizes& z) {
  return {name, limit(kind, z), four_of(z.accounts)};
}

void add_limiters(std::vector<live_check>& all, const live_sizes& z) {
  all.push_back({"sliding window, even", even("", limiter_kind::sliding_window, z), what_the_store_keeps});
  all.push_back({"fixed window, even", even("", limiter_kind::fixed_window, z), at_the_quotas_speed});
  all.push_back({"bucket, even", even("", limiter_kind::token_bucket, z), at_the_quotas_speed});
  shared_setup uneven = even("", limiter_kind::sliding_window, z);
  for (std::size_t i = 0; i < 4; ++i) uneven.parts[i].accounts = i == 0 ? 3 * z.accounts : z.accounts / 3;
  all.push_back({"uneven", uneven, at_the_quotas_speed});
}

void add_kill(std::vector<live_check>& all, const live_sizes& z) {
  shared_setup s = even("", limiter_kind::sliding_window, z);
  s.happenings.push_back({3 * z.window + z.window / 2, [](shared_processes& p) { p.kill(1); }});
  all.push_back({"kill -9 of one", s, after_a_kill});
}

void add_outages(std::vector<live_check>& all, const live_sizes& z) {
  const auto from = 2 * z.window + z.window / 2;
  const auto until = from + z.outage;
  const auto judge = [=](const shared_setup& s, const shared_result& r) {
    return across_an_outage(s, r, from, until);
  };
  // Enough accounts to last until the rate after the outage is known.
  live_sizes longer = z;
  const double a_second = static_cast<double>(z.requests) / seconds{z.window}.count();
  longer.accounts = std::max(
      z.accounts, static_cast<std::size_t>(a_second * seconds{until + 3s + 3 * z.window}.count() / 4));
  shared_setup frozen = even("", limiter_kind::sliding_window, longer);
  frozen.happenings.push_back({from, [](shared_processes& p) { p.store().freeze(); }});
  frozen.happenings.push_back({until, [](shared_processes& p) { p.store().thaw(); }});
  all.push_back({"the store hangs", frozen, judge});
  shared_setup emptied = even("", limiter_kind::sliding_window, longer);
  emptied.happenings.push_back({from, [](shared_processes& p) { p.store().stop(); }});
  emptied.happenings.push_back({until, [](shared_processes& p) { p.store().start(); }});
  all.push_back({"the store is killed and started empty", emptied, judge});
  shared_setup flushed = even("", limiter_kind::sliding_window, z);
  flushed.happenings.push_back({from, [](shared_processes& p) { p.store().ask({"FLUSHALL"}); }});
  all.push_back({"the store is flushed", flushed, at_the_quotas_speed});
}

void add_absent(std::vector<live_check>& all, const live_sizes& z) {
  shared_setup none = even("", limiter_kind::sliding_window, z);
  none.store_is_there = false;
  none.parts = four_of(z.requests / 10 * 2);
  all.push_back({"no store at all", none, [](const shared_setup& s, const shared_result& r) {
                   figures f = all_minted(s, r);
                   f.push_back(is("lines on stderr", lines_with(r, "quota store"), 4));
                   const auto tenth = static_cast<double>(s.limit.requests / 10);
                   f.push_back(at_most("most in a window of a process",
                                       static_cast<double>(r.server.peak_per_window), 4 * tenth));
                   return f;
                 }});
  shared_setup stopped = none;
  for (shared_part& p : stopped.parts) {
    p.accounts = 1;
    p.told = {"--quota-lost", "stop", "--deadline", "5s"};
  }
  all.push_back({"no store, --quota-lost stop", stopped, [](const shared_setup& s, const shared_result& r) {
                   figures f{is("minted", r.minted(), 0), is("requests", r.server.requests, 0),
                             is("failed", r.failed(), wanted(s))};
                   std::size_t says_why = 0;
                   for (const part_result& p : r.parts)
                     says_why += p.first_failure.find("quota store") != std::string::npos ? 1 : 0;
                   f.push_back(is("say why", says_why, 4));
                   return f;
                 }});
}

constexpr seconds pause_of_a_refusal{3};

/// The API refuses once, for 3 s: all four send nothing, and one of them tries first.
void add_refusal(std::vector<live_check>& all, const live_sizes& z) {
  shared_setup s = even("", limiter_kind::sliding_window, z);
  sandbox::fault refusal;
  refusal.status = 429;
  refusal.retry_after = "3";
  refusal.skip = z.requests * 3 / 2;
  refusal.count = 1;
  s.faults.push_back(refusal);
  all.push_back(
      {"the API refuses once", s, [](const shared_setup& s, const shared_result& r) {
         figures f = exact(s, r);
         f.push_back(is("minted", r.minted(), wanted(s)));
         std::vector<seconds> minted;
         for (const part_result& p : r.parts)
           minted.insert(minted.end(), p.minted_at.begin(), p.minted_at.end());
         std::sort(minted.begin(), minted.end());
         part_result together;
         together.minted_at = minted;
         const double silence = together.longest_gap().count();
         f.push_back(timed(at_least("silence of all, s", silence, pause_of_a_refusal.count() - 0.2)));
         f.push_back(
             timed(at_most("silence of all, s", silence,
                           pause_of_a_refusal.count() + std::max(1.5, seconds{s.limit.window}.count()))));
         return f;
       }});
}

}  // namespace

// The last window isn't filled: its last tenth would be spread over the rest of the window, as in every
// window.
live_sizes full_sizes() { return {60, 6s, 145, 10s}; }
live_sizes short_sizes() { return {20, 2s, 28, 4s}; }

std::vector<live_check> live_checks(const live_sizes& z) {
  std::vector<live_check> all;
  add_limiters(all, z);
  add_kill(all, z);
  add_outages(all, z);
  add_absent(all, z);
  add_refusal(all, z);
  return all;
}

live_row perform(const std::string& program, const live_check& check) {
  const shared_result r = shared_processes::run(program, check.setup);
  live_row row{check.name, check.figures(check.setup, r), {}};
  for (std::size_t i = 0; i < r.parts.size(); ++i) {
    for (const std::string& line : r.parts[i].said) row.said.push_back(fmt::format("{}: {}", i + 1, line));
    if (!r.parts[i].first_failure.empty())
      row.said.push_back(fmt::format("{}: {}", i + 1, r.parts[i].first_failure));
  }
  return row;
}

void print(const live_row& row) {
  fmt::print("\n{}\n", row.name);
  for (const live_figure& f : row.figures) {
    const std::string bound = f.least == f.most ? fmt::format("= {}", f.least)
                              : f.least == -any ? fmt::format("<= {:.5g}", f.most)
                                                : fmt::format(">= {:.5g}", f.least);
    fmt::print("  {:<36}{:>10.5g}   {:<12}{}\n", f.name, f.value, bound, f.met() ? "" : "MISSED");
  }
  if (!all_met({row}))
    for (const std::string& line : row.said) fmt::print("  | {}\n", line);
  std::fflush(stdout);
}

bool all_met(const std::vector<live_row>& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const live_row& row) {
    return std::all_of(row.figures.begin(), row.figures.end(), [](const live_figure& f) { return f.met(); });
  });
}

void write_json(const std::string& file, const std::vector<live_row>& rows) {
  const std::string array = json_array(rows, [](const live_row& row) {
    json_object figures;
    for (const live_figure& f : row.figures) figures.add(f.name, f.value);
    return json_object{}.add("name", row.name).add("met", all_met({row})).add("figures", figures).text();
  });
  std::ofstream{file} << json_object{}.add_text("runs", array).text() << '\n';
}

}  // namespace ephemint::bench
