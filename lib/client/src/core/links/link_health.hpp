#pragma once

#include <cstdint>

namespace ephemint::inline v0::core {

/// Judges by a link's replies whether it leads to a sick node, which fails requests that other nodes would
/// serve.
class link_health {
 public:
  enum class reply : std::uint8_t {
    well,     ///< an answer of the API, even a refusal
    error,    ///< a 5xx: may be the request's own fault
    garbage,  ///< not an answer of the API: a half-configured node
  };

  /// True: the link must take no more requests. A single error on a link with good answers proves nothing, as
  /// one account's requests may fail on every node. But an error as the first answer of a fresh link is all
  /// that is known of it (behaviours A3, A6).
  bool retires_after(reply what) noexcept {
    const bool fresh = !answered_;
    answered_ = true;
    errors_in_a_row_ = what == reply::error ? errors_in_a_row_ + (errors_in_a_row_ < 2) : 0;
    return what == reply::garbage || (what == reply::error && fresh) || errors_in_a_row_ >= 2;
  }
  /// A reply has come.
  bool answered() const noexcept { return answered_; }

 private:
  std::uint8_t errors_in_a_row_ = 0;
  bool answered_ = false;
};

}  // namespace ephemint::inline v0::core
