#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::inline v0::redis {

using milliseconds = std::chrono::milliseconds;

/// Requests that left and were answered so long ago.
struct dated_uses {
  milliseconds age{};
  std::uint64_t count = 0;
};

/// What a member reports to the script, and asks of it: one command. Times are ages and spans, never dates:
/// no two machines' clocks are compared.
struct store_call {
  std::string
      member;  ///< this life's name at the store: drawn by chance, another after each `lost` or `gone`
  std::uint64_t seq = 0;   ///< of this member's commands, from 1
  std::string epoch_seen;  ///< of the state, as last heard; empty: none yet
  std::uint64_t revision_seen = 0;
  std::string spare_epoch;  ///< drawn by chance: the state's, should it have to be made anew

  std::uint64_t quota = 0;  ///< requests a window
  milliseconds window{};
  std::uint64_t held = 0;         ///< permits: unsent, or in flight
  std::uint64_t confirmed = 0;    ///< uses that the store has surely counted
  std::vector<dated_uses> uses;   ///< those behind them, oldest first
  std::uint64_t want_logins = 0;  ///< that wait, beyond what is held
  std::uint64_t want_background = 0;
  std::uint64_t want_spare = 0;   ///< for logins that are expected
  std::uint64_t logins_sent = 0;  ///< since the last report
  milliseconds lease{};           ///< with what a request may take

  bool calm = false;            ///< the server has run for longer than a window
  bool used_own_share = false;  ///< something was sent without its permit
  bool bye = false;
  bool probe_succeeded = false;
  bool probe_undone = false;
  std::optional<milliseconds> retry_after{};  ///< that a 429 has asked for, from now
  /// How long ago the permit of that 429's request was granted; none: it counts as a new one's. One from
  /// before the pause began is an echo: it may lengthen the pause, and starts nothing.
  std::optional<milliseconds> refused_grant_age{};

  /// A limit that this member proposes: a 429 taught it, or growth. Taken if `learned_seen` is still the
  /// revision of the one in force, and, where it is above that, if this member is the one that may let it
  /// grow.
  std::optional<double> learned{};
  std::uint64_t learned_seen = 0;

  /// Which API key this member uses: 16 hex digits of a hash that doesn't reveal it. Empty: nothing is said
  /// or asked of a key.
  std::string key_tag;
  enum class key_word : std::uint8_t {
    nothing,
    refused,  ///< this member's gate for the key fell, or its probe was refused
    minted,   ///< the key works
    undone,   ///< the key's probe never left, or its reply says nothing about the key
  };
  key_word key = key_word::nothing;
  std::uint64_t key_seen = 0;  ///< the revision that it knew: `refused` with another one changes nothing
  bool key_probe = false;      ///< wants to try a refused key now
};

/// What the script says.
struct store_answer {
  enum class status : std::uint8_t {
    ok,
    lost,     ///< its state isn't the one that was known: report everything under a new name
    gone,     ///< it doesn't know this member any more
    stale,    ///< an old copy of a command
    version,  ///< its state is of a version that this build doesn't speak: `theirs`
    window,   ///< it counts windows of another length: `theirs`, in ms
    full,  ///< it keeps no more members: nothing was counted or granted; again after `ask_again`, with seq 1
  };
  enum class mode : std::uint8_t {
    open,
    pause,    ///< nobody sends until `pause_left` is over
    recover,  ///< the state may be incomplete: go on with what is surely yours, and ask again
    probing,  ///< another member's probe is on its way
    probe,    ///< the one permit granted is the probe
  };
  status what = status::ok;
  std::string epoch;
  std::uint64_t revision = 0;
  std::uint64_t members = 1;
  double limit = 0;           ///< permits a window
  std::uint64_t counted = 0;  ///< uses in the window, of all members
  std::int64_t free = 0;      ///< may be negative, when a limit has shrunk
  std::uint64_t logins = 0;   ///< permits granted
  std::uint64_t background = 0;
  std::optional<milliseconds> ask_again{};  ///< none: no need
  milliseconds pause_left{};
  mode now = mode::open;

  std::uint64_t theirs = 0;            ///< see `status`
  std::uint64_t learned_revision = 0;  ///< of the learned limit that is part of `limit`; 0: none yet
  bool grows = false;                  ///< this member is the one that may let a learned limit grow

  // Of the key that the call named.
  bool key_refused = false;
  std::uint64_t key_revision = 0;
  bool key_probe = false;          ///< this member may try it: the only one, for 3 s
  milliseconds key_refused_for{};  ///< how long it has been refused
  milliseconds key_retry{};        ///< when a try is to be asked for: refused, and no probe granted
};

}  // namespace ephemint::inline v0::redis
