#pragma once

#include <ephemint/observer.hpp>

namespace ephemint::inline v0::core {

/// Hears of each attempt that left, once, when it is over or no longer waited for. Called from inside the
/// engine's events: it must not call the engine. One of which not a byte could leave is as if it hadn't been
/// begun: nothing is heard of it.
class attempt_observer {
 public:
  virtual void on_attempt(const attempt_report&) noexcept = 0;

 protected:
  ~attempt_observer() = default;
};

}  // namespace ephemint::inline v0::core
