#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::bench {

using clock = std::chrono::steady_clock;

/// One mint to make.
struct ticket {
  std::uint64_t number;
  clock::time_point due;  ///< when it begins; its latency counts from here, however late it is taken up
};

/// Mints to be made by some number of workers, each of which takes the next one when it is done with its
/// last; and what came of them.
///
/// In the closed loop a mint is due when it is taken. In the open loop mints fall due at a constant rate,
/// whether or not a worker is free: the workers are servers of one queue, and the time in it counts.
class workload {
 public:
  /// `rate`: mints a second; 0 for the closed loop.
  workload(std::uint64_t mints, double rate);

  /// The next mint, to be begun when it is due, which may lie ahead; nothing when all were taken.
  std::optional<ticket> next();
  void minted(const ticket&);
  void failed(const ticket&, std::string_view why);

  std::uint64_t failures() const noexcept { return failures_; }
  const std::string& first_failure() const noexcept { return first_failure_; }
  /// From the first mint's beginning to the last one's end.
  clock::duration elapsed() const noexcept { return end_ - begin_; }
  /// Of the mints that succeeded, in microseconds, sorted.
  std::vector<double> latencies() const;

 private:
  std::uint64_t mints_;
  std::chrono::duration<double> interval_;
  std::uint64_t taken_ = 0;
  std::uint64_t failures_ = 0;
  std::string first_failure_;
  clock::time_point begin_{};
  clock::time_point end_{};
  std::vector<clock::duration> latencies_;
};

/// For whom the mint of that number is: a thousand accounts in turn.
const std::string& account_of(const ticket&);

}  // namespace ephemint::bench
