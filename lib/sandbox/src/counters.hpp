#pragma once

#include <ephemint/sandbox/server_stats.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ephemint::inline v0::sandbox {

/// The most events in any window of a given length, wherever it begins. `now` must not go back.
class sliding_peak {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::size_t ceiling = 1'000'000;  // 8 MB

  explicit sliding_peak(std::chrono::milliseconds window) : window_{window} {}

  void add(time_point now);
  std::size_t peak() const noexcept { return peak_; }

 private:
  std::chrono::milliseconds window_;
  std::deque<time_point> recent_;
  std::size_t peak_ = 0;
};

/// All counters, in the form that is fastest to count.
class counters {
 public:
  counters(std::size_t tracked_accounts, std::chrono::milliseconds peak_window);

  /// The counters that need only an increment; its maps and peaks are unused.
  server_stats plain;

  void on_request(sliding_peak::time_point now, std::string_view account, std::string_view key = {});
  /// From now on requests with that key are counted. Throws `std::bad_alloc`.
  void know_key(std::string_view key) { by_key_.try_emplace(std::string{key}); }
  void on_reply(unsigned status) { ++by_status_[status]; }
  server_stats snapshot() const;
  void reset();

 private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::size_t tracked_accounts_;
  std::chrono::milliseconds peak_window_;
  sliding_peak second_;
  sliding_peak window_;
  std::unordered_map<std::string, std::uint64_t, text_hash, std::equal_to<>> by_account_;
  std::map<std::string, std::uint64_t, std::less<>> by_key_;
  std::map<unsigned, std::uint64_t> by_status_;
};

}  // namespace ephemint::inline v0::sandbox
