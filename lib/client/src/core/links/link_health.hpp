#pragma once

#include <cstdint>

namespace ephemint::inline v0::core {

/// Whether what a link answers tells that it leads to a sick node: one that fails what others would do.
class link_health {
 public:
  enum class reply : std::uint8_t {
    well,     ///< an API's answer, be it a refusal
    error,    ///< a 5xx: may be the request's own fault
    garbage,  ///< no answer of the API: a node half set up
  };

  /// True: it takes no more requests. A single error of a link that did well before accuses nobody, for one
  /// account's requests may fail everywhere; the first thing that a fresh one says is all that is known of it
  /// (behaviours A3, A6).
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
