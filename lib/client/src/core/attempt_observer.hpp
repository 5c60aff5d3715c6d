#pragma once

#include <ephemint/observer.hpp>

namespace ephemint::inline v0::core {

/// Is told once of each attempt that left, when it is over or nobody waits for it any more. It is called from
/// inside the engine's events, and must not call the engine. An attempt of which not a byte could leave
/// counts as never begun, and isn't reported.
class attempt_observer {
 public:
  virtual void on_attempt(const attempt_report&) noexcept = 0;

 protected:
  ~attempt_observer() = default;
};

}  // namespace ephemint::inline v0::core
