#include "histogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <iterator>

namespace ephemint::bench {

using std::chrono::microseconds;

histogram::histogram() : cells_(cell_of(static_cast<std::uint64_t>(longest.count())) + 1) {}

// The first 2 * half values have a cell each. A larger value keeps its first bit and the `half_bits` after
// it, and each octave has `half` cells of its own.
std::size_t histogram::cell_of(std::uint64_t value) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= half_bits + 1) return value;
  const unsigned octave = width - half_bits - 1;
  return octave * half + (value >> octave);
}

std::uint64_t histogram::lower_end(std::size_t cell) noexcept {
  if (cell < 2 * half) return cell;
  const std::size_t octave = cell / half - 1;
  return static_cast<std::uint64_t>(cell - octave * half) << octave;
}

microseconds histogram::upper_end(std::size_t cell) const noexcept {
  const microseconds end{static_cast<microseconds::rep>(lower_end(cell + 1) - 1)};
  return std::min(end, most_);
}

void histogram::record(std::chrono::nanoseconds value) noexcept {
  const auto kept = std::clamp(std::chrono::floor<microseconds>(value), microseconds{0}, longest);
  ++cells_[cell_of(static_cast<std::uint64_t>(kept.count()))];
  ++total_;
  sum_us_ += static_cast<double>(kept.count());
  least_ = std::min(least_, kept);
  most_ = std::max(most_, kept);
}

void histogram::merge(const histogram& other) noexcept {
  std::transform(cells_.begin(), cells_.end(), other.cells_.begin(), cells_.begin(), std::plus<>{});
  total_ += other.total_;
  sum_us_ += other.sum_us_;
  least_ = std::min(least_, other.least_);
  most_ = std::max(most_, other.most_);
}

double histogram::mean_us() const noexcept {
  return total_ == 0 ? 0.0 : sum_us_ / static_cast<double>(total_);
}

double histogram::deviation_us() const noexcept {
  return total_ == 0 ? 0.0 : std::sqrt(square_about(mean_us()) / static_cast<double>(total_));
}

double histogram::square_about(double mean) const noexcept {
  double sum = 0;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    if (cells_[cell] == 0) continue;
    const double middle =
        (static_cast<double>(lower_end(cell)) + static_cast<double>(lower_end(cell + 1) - 1)) / 2;
    sum += static_cast<double>(cells_[cell]) * (middle - mean) * (middle - mean);
  }
  return sum;
}

microseconds histogram::percentile(double percent) const noexcept {
  if (total_ == 0) return microseconds{0};
  // A little less than the product: 99.9 % of 1,000 is 999, and not the 999.0000000001 that would ask for
  // more.
  const double wanted = std::ceil(percent / 100 * static_cast<double>(total_) - 1e-6);
  const auto rank = static_cast<std::uint64_t>(std::clamp(wanted, 1.0, static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell)
    if ((seen += cells_[cell]) >= rank) return upper_end(cell);
  return most_;
}

std::uint64_t histogram::count_below(microseconds limit) const noexcept {
  if (limit <= microseconds{0}) return 0;
  if (limit > longest) return total_;
  std::uint64_t seen = 0;
  const std::size_t end = cell_of(static_cast<std::uint64_t>(limit.count()));
  for (std::size_t cell = 0; cell < end; ++cell) seen += cells_[cell];
  return seen;
}

namespace {

// As in HdrHistogram: so many lines from 0 to 50 %, as many to 75 %, and so on.
constexpr double lines_a_half = 5;
// The possible error of a sum of tenths.
constexpr double rounding = 1e-12;

double next_level(double level) {
  const double half_distance = std::exp2(std::floor(std::log2(1.0 / (1.0 - level))) + 1);
  return level + 1.0 / (lines_a_half * half_distance);
}

double milliseconds(microseconds value) { return static_cast<double>(value.count()) / 1000; }

}  // namespace

std::string histogram::percentile_text() const {
  std::string text =
      fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  const auto out = std::back_inserter(text);
  double level = 0;
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < cells_.size() && seen < total_; ++cell) {
    if (cells_[cell] == 0) continue;
    seen += cells_[cell];
    const double reached = static_cast<double>(seen) / static_cast<double>(total_);
    for (; level <= reached + rounding && seen < total_; level = next_level(level))
      fmt::format_to(out, "{:12.3f} {:2.12f} {:10} {:14.2f}\n", milliseconds(upper_end(cell)), level, seen,
                     1.0 / (1.0 - level));
  }
  if (total_ > 0)
    fmt::format_to(out, "{:12.3f} {:2.12f} {:10} {:>14}\n", milliseconds(most_), 1.0, total_, "inf");
  fmt::format_to(out, "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", mean_us() / 1000,
                 deviation_us() / 1000);
  fmt::format_to(out, "#[Max     = {:12.3f}, Total count    = {:12}]\n", milliseconds(most_), total_);
  fmt::format_to(out, "#[Buckets = {:12}, SubBuckets     = {:12}]\n", cells_.size() / half - 1, 2 * half);
  return text;
}

}  // namespace ephemint::bench
