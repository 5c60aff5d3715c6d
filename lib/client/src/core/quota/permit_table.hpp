#pragma once

#include "core/time.hpp"

#include <ephemint/mint_request.hpp>
#include <ephemint/rate_governor.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ephemint::inline v0::core {

class governed_count;

/// A permit that was granted: what must be known when it comes back.
struct outstanding_permit {
  governed_count* count = nullptr;
  std::uint32_t client = 0;
  time_point granted_at{};
  double debt = 0;  ///< the burst bucket's debt, this permit included
  priority urgency = priority::interactive;
  bool probes_pause = false;
};

/// The permits that were granted and haven't come back, by id. An id holds its slot's generation, so an id
/// that comes back twice finds nothing.
class permit_table {
 public:
  /// Allocates a place for the next `put`. Throws `std::bad_alloc`.
  void prepare();
  /// Call it at most once after each `prepare`.
  permit put(const outstanding_permit& p) noexcept;
  /// Removes the permit. False if there is none of that id.
  bool take(permit id, outstanding_permit& found) noexcept;

  std::size_t out() const noexcept { return out_; }

 private:
  static constexpr std::uint32_t none = 0xffffffff;
  static constexpr std::uint32_t taken = 0xfffffffe;

  struct slot {
    outstanding_permit content;
    std::uint32_t generation = 1;  // so that no permit has id 0
    std::uint32_t next_free = none;
  };

  std::vector<slot> slots_;
  std::uint32_t free_ = none;
  std::size_t out_ = 0;
};

}  // namespace ephemint::inline v0::core
