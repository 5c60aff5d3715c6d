#pragma once

#include "core/time.hpp"

#include <cstdint>

namespace ephemint::inline v0::core {

/// Keeps a refused API key from burning a permit for each account in the queue.
///
/// A 401 or 403 may be the key's or one account's own: only another request can tell. So after the first one
/// a single probe goes, at once: if it gets through, the refusal was one account's, and the others lost one
/// round trip. If it is refused too the gate shuts for 1 s, 2 s, then 5 s: few requests on a dead key, and
/// one that is mended is noticed within 5 s. Each time one probe follows. From the third refused probe in a
/// row on callers are told to fail, not to wait.
class key_gate {
 public:
  enum class state : std::uint8_t { open, probe_due, waiting, failing };

  /// What an asker is told. `waiting` and `failing`: until `not_before()`.
  state at(time_point now) const noexcept;
  bool open() const noexcept { return !refused_; }

  /// `round_trip` stands in for the unknown end of a probe that is on its way.
  time_point not_before(time_point now, duration round_trip) const noexcept;

  void probe_left() noexcept { probing_ = true; }
  /// The probe never left, or its reply says nothing about the key.
  void probe_undone() noexcept { probing_ = false; }

  void on_refused(time_point now, bool was_probe) noexcept;
  /// The key got through. Only probes are sent after a refusal, so no other success says anything about now.
  void on_admitted(bool was_probe) noexcept;

 private:
  static constexpr std::uint32_t probes_until_failing = 3;

  time_point shut_until_{};
  std::uint32_t refused_probes_ = 0;
  bool refused_ = false;
  bool probing_ = false;
};

}  // namespace ephemint::inline v0::core
