#pragma once

#include <ephemint/clock.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

namespace ephemint::quota_world {

using time_point = clock::time_point;
using duration = clock::duration;

/// `seconds` as a duration, rounded to the clock's tick.
inline duration whole(double seconds) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>{seconds});
}

/// The ways in which a server may count a quota of N a window. It isn't documented which one the API uses.
enum class algorithm : std::uint8_t {
  fixed_window,      ///< FW: aligned to the server's clock
  from_first,        ///< FF: a fixed window that begins with its first request
  sliding_log,       ///< SL
  sliding_counter,   ///< SWC: this window's count and a share of the last one's
  bucket_whole,      ///< G200: a token bucket whose burst is N
  bucket_quarter,    ///< G50: N / 4
  bucket_twentieth,  ///< G10: N / 20
  sub_windows,       ///< SUB: N / 6 in each sixth of the window
};

enum class retry_header : std::uint8_t { exact, missing, always_60 };

struct server_rules {
  algorithm how = algorithm::sliding_log;
  bool rejects_count = false;  ///< a refused request counts too
  retry_header header = retry_header::exact;
};

std::string_view name_of(algorithm a);
/// Whether it matters that refused requests count: in fixed windows it doesn't.
bool rejects_can_count(algorithm a);

struct verdict {
  bool admitted = false;
  std::optional<duration> retry_after;
  bool unauthorized = false;  ///< admitted by the limiter, and then refused because of its account or key
};

/// A server's limiter.
class quota_server {
 public:
  quota_server(server_rules rules, double quota, duration window, double phase);

  void set_quota(time_point now, double quota);
  verdict on_request(time_point now);

  /// Whether so many requests would be admitted now. For the oracle.
  bool room(time_point now, double requests = 1);
  /// When a request would be admitted, if no other came before.
  time_point free_at(time_point now);
  /// Requests admitted a second when saturated.
  double sustained_rate() const;

 private:
  void count(time_point now, bool admitted);
  void roll(time_point now);
  duration window_length() const;
  double window_quota() const;
  double burst() const;
  bool is_bucket() const;
  std::optional<duration> header(time_point now);

  server_rules rules_;
  double quota_;
  duration window_;
  time_point window_start_;
  double in_window_ = 0;
  double in_last_ = 0;
  bool begun_ = false;
  std::deque<time_point> log_;
  double level_;
  time_point level_at_{};
};

}  // namespace ephemint::quota_world
