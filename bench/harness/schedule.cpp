#include "schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace ephemint::bench {
namespace {

using std::chrono::microseconds;

using generator = std::mt19937_64;
using seconds = std::chrono::duration<double>;

microseconds to_microseconds(seconds time) { return std::chrono::duration_cast<microseconds>(time); }

/// Draws accounts by Zipf's law.
class account_draw {
 public:
  account_draw(std::size_t accounts, double skew) {
    double sum = 0;
    for (std::size_t rank = 1; rank <= accounts; ++rank)
      shares_.push_back(sum += std::pow(static_cast<double>(rank), -skew));
  }

  std::uint32_t operator()(generator& random) {
    const double drawn = std::uniform_real_distribution<double>{0, shares_.back()}(random);
    const auto at = std::upper_bound(shares_.begin(), shares_.end() - 1, drawn);
    return static_cast<std::uint32_t>(at - shares_.begin());
  }

 private:
  std::vector<double> shares_;  // the sums up to each
};

std::vector<microseconds> evenly(double rate, seconds length) {
  std::vector<microseconds> times;
  for (std::uint64_t i = 0; static_cast<double>(i) < rate * length.count(); ++i)
    times.push_back(to_microseconds(seconds{static_cast<double>(i) / rate}));
  return times;
}

std::vector<microseconds> by_chance(double rate, seconds length, generator& random) {
  std::vector<microseconds> times;
  std::exponential_distribution<double> gap{rate};
  for (seconds at{gap(random)}; at < length; at += seconds{gap(random)}) times.push_back(to_microseconds(at));
  return times;
}

std::vector<microseconds> in_bursts(const traffic& t, std::chrono::milliseconds length, generator& random) {
  std::vector<microseconds> times;
  std::uniform_real_distribution<double> within{0, seconds{t.burst_spread}.count()};
  for (std::chrono::milliseconds begin{0}; begin < length; begin += t.burst_period)
    for (std::size_t i = 0; i < t.burst_calls; ++i)
      times.push_back(begin + to_microseconds(seconds{within(random)}));
  std::erase_if(times, [length](microseconds at) { return at >= length; });
  std::sort(times.begin(), times.end());
  return times;
}

std::vector<microseconds> draw_times(const traffic& t, std::chrono::milliseconds length, generator& random) {
  switch (t.how) {
    case arrivals::constant:
      return evenly(t.rate, length);
    case arrivals::poisson:
      return by_chance(t.rate, length, random);
    case arrivals::bursts:
      break;
  }
  return in_bursts(t, length, random);
}

}  // namespace

std::string_view to_string(arrivals how) noexcept {
  switch (how) {
    case arrivals::constant:
      return "constant";
    case arrivals::poisson:
      return "poisson";
    case arrivals::bursts:
      break;
  }
  return "bursts";
}

std::vector<arrival> make_schedule(const traffic& t, std::chrono::milliseconds length) {
  generator random{t.seed};
  const std::vector<microseconds> times = draw_times(t, length, random);
  account_draw draw{t.accounts, t.skew};
  std::vector<arrival> calls;
  calls.reserve(times.size());
  for (const microseconds at : times) calls.push_back({at, draw(random)});
  return calls;
}

std::vector<account_id> make_accounts(std::size_t count) {
  std::vector<account_id> accounts;
  accounts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) accounts.emplace_back(fmt::format("se-{}", 1'000'000 + i));
  return accounts;
}

}  // namespace ephemint::bench
