#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ephemint::bench {

/// Counts durations of up to an hour, exactly to a microsecond below 2 ms and to 3 significant digits above:
/// the layout of HdrHistogram, for which Debian has no package.
///
/// Each power of two above 2,048 µs is divided into 1,024 equal cells. Recording takes a shift and an
/// addition. Two histograms can be added without loss; averages of percentiles can't.
class histogram {
 public:
  using microseconds = std::chrono::microseconds;
  static constexpr microseconds longest = std::chrono::hours{1};

  histogram();

  /// Rounds down to microseconds. Less than 0 counts as 0, more than `longest` as `longest`.
  void record(std::chrono::nanoseconds value) noexcept;
  void merge(const histogram& other) noexcept;

  std::uint64_t count() const noexcept { return total_; }
  /// The exact extremes, not rounded to a cell. 0 if the histogram is empty.
  microseconds min() const noexcept { return total_ == 0 ? microseconds{0} : least_; }
  microseconds max() const noexcept { return most_; }
  double mean_us() const noexcept;
  double deviation_us() const noexcept;

  /// The least value that at least `percent` (0 to 100) of all values don't exceed; at a cell's upper end.
  /// 0 if there is nothing.
  microseconds percentile(double percent) const noexcept;
  /// How many values are less than `limit`, which must be the beginning of a cell.
  std::uint64_t count_below(microseconds limit) const noexcept;

  /// HdrHistogram's text, in milliseconds: `Value Percentile TotalCount 1/(1-Percentile)`, then the mean, the
  /// maximum and the count behind `#`. Its own tools and gnuplot read it.
  std::string percentile_text() const;

 private:
  static constexpr unsigned half_bits = 10;  // 2^10 cells in each octave: a width of less than 1/1000
  static constexpr std::size_t half = std::size_t{1} << half_bits;

  static std::size_t cell_of(std::uint64_t value) noexcept;
  static std::uint64_t lower_end(std::size_t cell) noexcept;
  microseconds upper_end(std::size_t cell) const noexcept;
  double square_about(double mean) const noexcept;

  std::vector<std::uint64_t> cells_;
  std::uint64_t total_ = 0;
  double sum_us_ = 0;
  microseconds least_ = longest;
  microseconds most_{0};
};

}  // namespace ephemint::bench
