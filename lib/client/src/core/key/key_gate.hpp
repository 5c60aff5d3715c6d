#pragma once

#include "core/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// Keeps a refused API key from burning a permit for each account in the queue.
///
/// A 401 or 403 may be the key's or one account's own: the reply doesn't tell. What tells is how many
/// different accounts are refused in a row, with no mint between them; one account counts once, however often
/// it is asked for.
///
/// A key that never minted is in doubt from the first refusal on: requests go singly, as probes, each as soon
/// as the one before is answered. Three different accounts shut its gate, as most such keys are wrong. A key
/// that has minted is believed in: its gate shuts only when 64 different accounts were refused in a row, for
/// 10 s. A mint, a probe's or another, opens the gate.
///
/// At a shut gate a probe goes at once, and the next one a second after each that is refused. From the first
/// refused one on logins fail, and patient mints wait: a run of refused accounts is passed by probes. That
/// ends when 13 accounts and three probes were refused with a key that never minted, or after a minute with
/// one that has. Then everybody fails, and a probe goes each 5 s.
///
/// Processes that share what they know tell each other that a key is refused only when its gate has `fallen`:
/// while a new key is in doubt, others may well mint with it.
class key_gate {
 public:
  enum class state : std::uint8_t { open, probe_due, waiting, failing_logins, failing };

  /// What an asker is told. `waiting` and what follows: until `not_before()`.
  state at(time_point now) const noexcept;
  bool open() const noexcept { return !shut_; }
  /// It has minted.
  bool proven() const noexcept { return has_minted_; }
  /// The key has minted, and nobody was refused since the last mint.
  bool at_ease() const noexcept { return has_minted_ && refused_ == 0 && !shut_; }
  /// Shut for more than the doubt in which a new key is, or by the word of others.
  bool fallen() const noexcept { return shut_ && (has_minted_ || told_ || hopeless()); }

  /// `round_trip` stands in for the unknown end of a probe that is on its way.
  time_point not_before(time_point now, duration round_trip) const noexcept;

  void probe_left() noexcept { probing_ = true; }
  /// The probe never left, or its reply says nothing about the key.
  void probe_undone() noexcept { probing_ = false; }

  /// `account`: a hash of whose request it was.
  void on_refused(time_point now, bool was_probe, std::uint64_t account) noexcept;
  /// Only a mint speaks for the key: any other reply may have been made before it was looked at.
  void on_minted() noexcept;

  /// Others say that the key is refused, since then, and that the next probe is due at `until`. `again`: a
  /// probe of theirs was refused.
  void on_told_refused(time_point now, time_point since, time_point until, bool again) noexcept;

 private:
  // Of a key that never minted. 13: eight requests may be out together, and say no more than one; a handful
  // of probes behind them passes the run of refused accounts with which a list may begin.
  static constexpr std::size_t doubted = 3;
  static constexpr std::size_t given_up = 13;
  static constexpr std::uint32_t probes_before_given_up = 3;
  // Of a key that has. 64: more than the refused accounts that stand together in a usual list; of accounts of
  // which 0.6 are refused by chance such a run is one in 10^14.
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
  time_point probe_refused_at_{};  ///< the last one
  std::uint32_t refused_probes_ = 0;
  bool has_minted_ = false;
  bool shut_ = false;  ///< or in doubt
  bool told_ = false;  ///< by others
  bool probing_ = false;
};

}  // namespace ephemint::inline v0::core
