#pragma once

namespace ephemint::inline v0::net {

/// One step of a dial. Lives by its own pending operations; whoever waits for it is kept alive by it in turn,
/// never the other way round, so that a destroyed context leaves nothing.
class dial_step {
 public:
  /// Whoever waits isn't told any more.
  virtual void cancel() noexcept = 0;

 protected:
  ~dial_step() = default;
};

}  // namespace ephemint::inline v0::net
