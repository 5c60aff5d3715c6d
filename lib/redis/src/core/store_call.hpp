#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::inline v0::redis {

using milliseconds = std::chrono::milliseconds;

/// A number of requests that were answered `age` ago.
struct dated_uses {
  milliseconds age{};
  std::uint64_t count = 0;
};

/// One command: what a member reports to the script, and asks for. Times are ages and spans, never dates, so
/// no two machines' clocks are compared.
struct store_call {
  std::string member;  ///< the member's name at the store: random, and a new one after each `lost` or `gone`
  std::uint64_t seq = 0;   ///< the number of this member's command, from 1
  std::string epoch_seen;  ///< the state's name in the last answer; empty: none yet
  std::uint64_t revision_seen = 0;
  std::string spare_epoch;  ///< random: the state's name if it must be made anew

  std::uint64_t quota = 0;  ///< requests a window
  milliseconds window{};
  std::uint64_t held = 0;         ///< permits that are unsent or in flight
  std::uint64_t confirmed = 0;    ///< uses that the store has surely counted
  std::vector<dated_uses> uses;   ///< the uses after those, oldest first
  std::uint64_t want_logins = 0;  ///< waiting logins for which no permit is held
  std::uint64_t want_background = 0;
  std::uint64_t want_spare = 0;   ///< permits for expected logins
  std::uint64_t logins_sent = 0;  ///< since the last report
  milliseconds lease{};           ///< includes the time that a request may take

  bool calm = false;            ///< the server has run for longer than a window
  bool used_own_share = false;  ///< something was sent without a permit from the store
  bool bye = false;
  bool probe_succeeded = false;
  bool probe_undone = false;
  std::optional<milliseconds> retry_after{};  ///< what a 429 has asked for, from now
  /// How long ago the permit of that 429's request was granted; none: the 429 counts as new. If the permit
  /// was granted before the pause began, the 429 is an echo: it may lengthen the pause, but starts none.
  std::optional<milliseconds> refused_grant_age{};

  /// A limit that this member proposes, because of a 429 or of growth. It is accepted if `learned_seen` is
  /// still the revision of the limit in force; a higher limit only from the member that may let it grow.
  std::optional<double> learned{};
  std::uint64_t learned_seen = 0;

  /// The API key that this member uses, as 16 hex digits of a hash that doesn't reveal it. Empty: keys aren't
  /// shared.
  std::string key_tag;
  enum class key_word : std::uint8_t {
    nothing,
    refused,  ///< this member's gate for the key has fallen, or its probe was refused
    minted,   ///< the key works
    undone,   ///< the key's probe never left, or its reply says nothing about the key
  };
  key_word key = key_word::nothing;
  std::uint64_t key_seen = 0;  ///< the revision that it knew: a `refused` with an older one changes nothing
  bool key_probe = false;      ///< wants to probe a refused key now
};

/// The script's answer.
struct store_answer {
  enum class status : std::uint8_t {
    ok,
    lost,     ///< the store has another state than the known one: report everything under a new name
    gone,     ///< the state has forgotten this member
    stale,    ///< an old copy of a command
    version,  ///< its state has a version that this build doesn't know: `theirs`
    window,   ///< it counts windows of another length: `theirs`, in ms
    full,     ///< it takes no more members: nothing was counted or granted; try again after `ask_again`, with
              ///< seq 1
  };
  enum class mode : std::uint8_t {
    open,
    pause,    ///< nothing is sent until `pause_left` is over
    recover,  ///< the state may be incomplete: go on with your own share, and ask again
    probing,  ///< another member's probe is under way
    probe,    ///< the one permit granted is the probe
  };
  status what = status::ok;
  std::string epoch;
  std::uint64_t revision = 0;
  std::uint64_t members = 1;
  double limit = 0;           ///< permits a window
  std::uint64_t counted = 0;  ///< all members' uses in the window
  std::int64_t free = 0;      ///< may be negative after a limit has shrunk
  std::uint64_t logins = 0;   ///< permits granted
  std::uint64_t background = 0;
  std::optional<milliseconds> ask_again{};  ///< none: needn't ask
  milliseconds pause_left{};
  mode now = mode::open;

  std::uint64_t theirs = 0;            ///< see `status`
  std::uint64_t learned_revision = 0;  ///< of the learned limit, a part of `limit`; 0: none yet
  bool grows = false;                  ///< this member alone may let a learned limit grow

  // About the key that the call named.
  bool key_refused = false;
  std::uint64_t key_revision = 0;
  bool key_probe = false;          ///< this member may probe it, and no other for 3 s
  milliseconds key_refused_for{};  ///< how long it has been refused
  milliseconds key_retry{};        ///< when to ask for a probe, if it is refused and no probe was granted
};

}  // namespace ephemint::inline v0::redis
