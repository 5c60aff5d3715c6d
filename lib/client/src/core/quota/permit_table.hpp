#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/rate_governor.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ephemint::inline v0::core {

class governed_count;

/// A permit that is out: what must be known when it comes back.
struct outstanding_permit {
  governed_count* count = nullptr;
  clock::time_point granted_at{};
  double debt = 0;  ///< of the burst bucket, this one included
  priority urgency = priority::interactive;
  bool probes_pause = false;
};

/// The permits that are out, by id. An id holds its slot's generation, so one that comes back twice finds
/// nothing.
class permit_table {
 public:
  /// Makes sure of a place for the next `put`. Throws `std::bad_alloc`.
  void prepare() {
    if (free_ != none) return;
    slots_.push_back({});
    free_ = static_cast<std::uint32_t>(slots_.size() - 1);
    slots_.back().next_free = none;
  }

  /// Once after each `prepare`.
  permit put(const outstanding_permit& p) noexcept {
    const std::uint32_t index = free_;
    slot& s = slots_[index];
    free_ = s.next_free;
    s.next_free = taken;
    s.content = p;
    ++out_;
    return permit{(std::uint64_t{s.generation} << 32) | index};
  }

  /// Takes it out. False if it isn't out.
  bool take(permit id, outstanding_permit& found) noexcept {
    const auto index = static_cast<std::uint32_t>(id.id);
    if (index >= slots_.size()) return false;
    slot& s = slots_[index];
    if (s.next_free != taken || s.generation != id.id >> 32) return false;
    found = s.content;
    ++s.generation;
    s.next_free = free_;
    free_ = index;
    --out_;
    return true;
  }

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
