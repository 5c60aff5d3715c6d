#pragma once

#include <ephemint/observer.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace ephemint::inline v0::detail {

/// What several clients hold now, together. A shared quota counts once. The requests of different quotas are
/// summed; of their times the longest is taken.
struct client_totals {
  std::uint64_t queued_interactive = 0;
  std::uint64_t queued_background = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t connections = 0;
  std::uint64_t dialling = 0;
  std::uint64_t http2_connections = 0;
  std::uint64_t refused_streams = 0;          ///< since the first client, including clients that are gone
  std::uint64_t quota_requests = 0;           ///< 0: no limit, or none is known
  std::uint64_t quota_used = 0;               ///< over the quotas that have a limit
  std::chrono::milliseconds quota_window{0};  ///< the longest of these quotas
  std::chrono::nanoseconds pause{0};
  bool key_refused = false;
};

/// Reads the figures of clients, from any thread. Clients that are gone are forgotten.
class client_gauges {
 public:
  /// Throws `std::bad_alloc`.
  void add(const client_view&);
  client_totals totals();

 private:
  struct looked_at {
    client_view client;
    client_stats last{};  // as of the last look
  };

  void look();
  bool is_first_of_its_quota(const looked_at&) const noexcept;

  std::mutex mutex_;
  std::vector<looked_at> clients_;
  std::uint64_t refused_streams_of_gone_ = 0;
};

}  // namespace ephemint::inline v0::detail
