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

/// Of an attempt that has left its mint: what is told when the mint knows how it goes on.
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
    said,    ///< `code`; `mint::said` tells what the last attempt, or the last dial, met
    engine,  ///< `code` says it all; `mint::said`, if it isn't empty, may be added
  };
  cause why = cause::engine;
  mint_errc code{};
  int attempts = 0;
  /// When a new try is worth it, or `never` if that isn't known.
  time_point retry_at = never;

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// One mint that a caller waits for. Whoever submits it owns it, and keeps it where it is until the engine
/// has commanded `finish`: the engine moves it between its containers by its hooks, and so needs no memory
/// for it.
struct mint {
  enum class place : std::uint8_t {
    nowhere,   ///< not submitted, or between two places
    head,      ///< queued, first of its account
    follower,  ///< queued behind its account's head
    parked,    ///< its account's head, but the account's quota has no permit before `until`
    delayed,   ///< waits for its next attempt, not before `until`
    fresh,     ///< goes before the queue, over a link that opened at `until` or later
    held,      ///< waits for an API that is away
    sent,      ///< an attempt is under way
    over,      ///< ended; `finish` is to be told, or was
  };

  using list_hook = boost::intrusive::list_member_hook<>;
  using set_hook = boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>;
  using table_hook = boost::intrusive::unordered_set_member_hook<>;

  // what was asked: set before it is submitted
  time_point deadline = never;
  duration outage_patience{};  ///< without a deadline: how long an outage may last before it ends
  account_id account;
  priority urgency = priority::interactive;
  std::uint64_t tag = 0;  ///< for whoever observes

  // where it stands
  place where = place::nowhere;
  bool replaced = false;  ///< its one free attempt, in place of one that was surely not seen, was made
  bool in_place = false;  ///< its next attempt takes the place of one that didn't count
  bool hedged = false;    ///< its one second attempt beside a late one was made
  std::uint8_t attempts = 0;
  std::uint8_t turned_away = 0;  ///< times that a link which has answered others sent it away
  /// Attempts that a sick node may have failed since it last left the queue for a fresh link.
  std::uint8_t troubles = 0;
  std::uint32_t forgiven = 0;  ///< attempts that an outage took: made, but none of `attempts`
  std::uint32_t probe = 0;     ///< while `sent`: which probe of an outage it is, if one
  std::uint32_t shuns = 0;     ///< the link that answered its last attempt with a 5xx
  std::uint32_t failed_dials_before = 0;
  std::uint64_t account_hash = 0;
  std::uint64_t order = 0;  ///< breaks ties: lower goes first
  time_point submitted{};
  time_point troubled_at{};  ///< the last of `troubles`
  /// A head's turn; until when a parked or delayed mint waits; since when a fresh one does; when one that is
  /// `sent` was.
  time_point until{};
  time_point not_before = time_point::min();  ///< of its next attempt, as one of two under way was told
  attempt* under_way = nullptr;               ///< while `sent`; either of them, if there are two

  // for whoever observes: set only then, but for the number
  std::uint64_t number = 0;  ///< of its engine's, from 1; 0: it wasn't submitted
  time_spent spent;
  ended_attempt ended;  ///< the last one

  // what came of it
  outcome end;
  ephemeral_token token;
  mint_error said;            ///< what the last attempt met
  bool met_anything = false;  ///< whether `said` was set

  set_hook in_line;       ///< heads, followers, waiting, fresh, held
  set_hook in_deadlines;  ///< all with a deadline that are not over
  table_hook in_table;    ///< heads by account
  list_hook among_live;   ///< all that are not over; then those whose `finish` is to be told
};

}  // namespace ephemint::inline v0::core
