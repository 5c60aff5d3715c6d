#pragma once

#include "core/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// Keeps a refused API key from wasting a permit on each account in the queue.
///
/// A 401 or 403 may concern the key or just one account: the reply doesn't say. So the gate counts how many
/// different accounts are refused in a row, with no mint between them; one account counts once, however often
/// it is refused.
///
/// A key that never minted is in doubt from the first refusal on: requests go one at a time, as probes, each
/// as soon as the one before is answered. Three different accounts shut its gate, as most such keys are
/// wrong. A key that has minted is trusted: its gate shuts only when 64 different accounts were refused in a
/// row, over at least 10 s. Any mint, by a probe or not, opens the gate.
///
/// When the gate is shut, one probe goes at once, and another one second after each refused probe. After the
/// first refused probe logins fail, while mints without a deadline wait: the probes may get past a run of
/// refused accounts. That ends when 13 accounts and three probes were refused with a key that never minted,
/// or after a minute with a key that has. Then all mints fail, and a probe goes every 5 s.
///
/// Processes that share a quota tell each other that a key is refused only when its gate has `fallen`: while
/// a new key is in doubt, others may well mint with it.
class key_gate {
 public:
  enum class state : std::uint8_t { open, probe_due, waiting, failing_logins, failing };

  /// The state for a mint that wants to be sent. `waiting` and the states after it last until `not_before()`.
  state at(time_point now) const noexcept;
  bool open() const noexcept { return !shut_; }
  /// Whether the key has ever minted.
  bool proven() const noexcept { return has_minted_; }
  /// The key has minted, and no account was refused since the last mint.
  bool at_ease() const noexcept { return has_minted_ && refused_ == 0 && !shut_; }
  /// Whether it is shut for good reason, not merely because a new key is in doubt, or because others said
  /// that the key is refused.
  bool fallen() const noexcept { return shut_ && (has_minted_ || told_ || hopeless()); }

  /// `round_trip` is the expected time of a probe under way.
  time_point not_before(time_point now, duration round_trip) const noexcept;

  void probe_left() noexcept { probing_ = true; }
  /// The probe never left, or its reply says nothing about the key.
  void probe_undone() noexcept { probing_ = false; }

  /// `account`: a hash of the account.
  void on_refused(time_point now, bool was_probe, std::uint64_t account) noexcept;
  /// Only a mint shows that the key is good: any other reply may have been made before the key was checked.
  void on_minted() noexcept;

  /// Another process says that the key has been refused since `since`, and that the next probe is due at
  /// `until`. `again`: a probe of another process was refused.
  void on_told_refused(time_point now, time_point since, time_point until, bool again) noexcept;

 private:
  // For a key that never minted. 13: eight requests may be under way at once, and tell no more than one does;
  // with a handful of probes after them a list may begin with a few refused accounts.
  static constexpr std::size_t doubted = 3;
  static constexpr std::size_t given_up = 13;
  static constexpr std::uint32_t probes_before_given_up = 3;
  // For a key that has minted. 64: more refused accounts than stand together in a usual list. Even if 0.6 of
  // all accounts are refused, at random, the chance of such a run is one in 10^14.
  static constexpr std::size_t disowned = 64;
  static constexpr std::chrono::seconds long_enough{10};
  static constexpr std::chrono::minutes patience{1};

  void add_to_run(std::uint64_t account) noexcept;
  bool should_shut(time_point now) const noexcept;
  bool hopeless() const noexcept;
  duration pause_after_probe(time_point now) noexcept;

  std::array<std::uint64_t, disowned> accounts_{};  ///< refused since the last mint, each once
  std::size_t refused_ = 0;                         ///< how many of `accounts_`
  time_point refused_since_{};
  time_point shut_at_{};
  time_point shut_until_{};
  time_point probe_refused_at_{};  ///< the last refused probe
  std::uint32_t refused_probes_ = 0;
  bool has_minted_ = false;
  bool shut_ = false;  ///< also while in doubt
  bool told_ = false;  ///< shut by the word of others
  bool probing_ = false;
};

}  // namespace ephemint::inline v0::core
