#pragma once

namespace ephemint::inline v0::net {

/// One step of a dial. Its pending operations keep it alive, and it keeps its waiter alive, never the other
/// way round, so that destroying the context frees all of them.
class dial_step {
 public:
  /// The waiter isn't told any more.
  virtual void cancel() noexcept = 0;

 protected:
  ~dial_step() = default;
};

}  // namespace ephemint::inline v0::net
