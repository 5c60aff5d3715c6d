#pragma once

#include "core/mints/wait_clock.hpp"
#include "core/time.hpp"

#include <ephemint/account_id.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>
#include <ephemint/mint_request.hpp>

#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>
#include <boost/intrusive/unordered_set_hook.hpp>

#include <cstdint>

namespace ephemint::inline v0::core {

struct attempt;

/// An attempt that has ended: what is reported about it once it is known how its mint goes on.
struct ended_attempt {
  time_point sent_at{};
  std::uint32_t on = 0;  ///< the id of its link
  std::uint16_t number = 0;
  attempt_reason why = attempt_reason::first;
  bool first_on_link = false;
};

/// How a mint ended.
struct outcome {
  enum class cause : std::uint8_t {
    token,   ///< `mint::token` is it
    said,    ///< `code`; `mint::said` is the error of the last attempt or the last dial
    engine,  ///< `code` says it all; `mint::said`, if set, may be added
  };
  cause why = cause::engine;
  mint_errc code{};
  int attempts = 0;
  /// When a new try is worth it, or `never` if that isn't known.
  time_point retry_at = never;

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// One mint for which a caller waits. The submitter owns it, and must not move it until the engine has
/// commanded `finish`. The engine links it into its containers by the hooks, and so allocates nothing for it.
struct mint {
  enum class place : std::uint8_t {
    nowhere,   ///< not submitted, or between two places
    head,      ///< queued, first of its account
    follower,  ///< queued behind its account's head
    parked,    ///< its account's head, but the account's quota has no permit before `until`
    delayed,   ///< waits for its next attempt, not before `until`
    fresh,     ///< goes ahead of the queue, on a link that opened at `until` or later
    held,      ///< waits for the end of an outage
    sent,      ///< an attempt is under way
    over,      ///< ended; `finish` is pending, or was performed
  };

  using list_hook = boost::intrusive::list_member_hook<>;
  using set_hook = boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>;
  using table_hook = boost::intrusive::unordered_set_member_hook<>;

  // the request: set before submission
  time_point deadline = never;
  duration outage_patience{};  ///< without a deadline: how long an outage may last before the mint ends
  account_id account;
  priority urgency = priority::interactive;
  std::uint64_t tag = 0;  ///< for the observer

  // its state
  place where = place::nowhere;
  bool replaced = false;  ///< its one free replacement, for an attempt that surely wasn't processed, was made
  bool in_place = false;  ///< its next attempt replaces one that didn't count
  bool hedged = false;    ///< its one hedge was made
  std::uint8_t attempts = 0;
  std::uint8_t turned_away = 0;  ///< times that a link which has answered others turned it away
  /// Attempts that a sick node may have failed since it last left the queue for a fresh link.
  std::uint8_t troubles = 0;
  std::uint32_t forgiven = 0;  ///< attempts that an outage failed: made, but not counted in `attempts`
  std::uint32_t probe = 0;     ///< while `sent`: the number of the outage probe that it is, or 0
  std::uint32_t shuns = 0;     ///< the link that answered its last attempt with a 5xx
  std::uint32_t failed_dials_before = 0;
  std::uint64_t account_hash = 0;
  std::uint64_t order = 0;  ///< breaks ties: lower goes first
  time_point submitted{};
  time_point troubled_at{};  ///< when the last of `troubles` happened
  /// Depends on `where`. A head's turn; until when a parked or delayed mint waits; for a fresh mint, the
  /// earliest opening time of its link; when a `sent` mint was sent.
  time_point until{};
  time_point not_before = time_point::min();  ///< of its next attempt: what one of two was told
  attempt* under_way = nullptr;               ///< while `sent`; if there are two, either of them

  // for the observer: set only if there is one, apart from `number`
  std::uint64_t number = 0;  ///< among its engine's mints, from 1; 0: it wasn't submitted
  time_spent spent;
  ended_attempt ended;  ///< the last attempt that ended

  // the result
  outcome end;
  ephemeral_token token;
  mint_error said;            ///< the error of the last attempt
  bool met_anything = false;  ///< whether `said` was set

  set_hook in_line;       ///< heads, followers, waiting, fresh, held
  set_hook in_deadlines;  ///< all mints with a deadline that aren't over
  table_hook in_table;    ///< heads by account
  list_hook among_live;   ///< all mints that aren't over; then those whose `finish` is pending
};

}  // namespace ephemint::inline v0::core
