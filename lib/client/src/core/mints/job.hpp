#pragma once

#include "core/time.hpp"

#include <ephemint/account_id.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/intrusive/set_hook.hpp>
#include <boost/intrusive/unordered_set_hook.hpp>

#include <cstdint>

namespace ephemint::inline v0::core {

/// Names a job for as long as it lives; a number isn't used for another job until 2^32 more went through its
/// place.
struct job_id {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  friend bool operator==(job_id, job_id) = default;
};

/// One mint under way. Lives in the engine's store, at a fixed address, and moves between the engine's
/// containers by its hooks: no container allocates for it.
struct job {
  enum class place : std::uint8_t {
    nowhere,    ///< free, or between two places
    head,       ///< queued, first of its account
    follower,   ///< queued behind its account's head
    parked,     ///< its account's head, but the account's quota has no permit before `until`
    delayed,    ///< waits for its next attempt, not before `until`
    fresh,      ///< waits for a connection that has served nobody yet
    in_flight,  ///< its request is on a lane
  };

  using set_hook = boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>;
  using table_hook = boost::intrusive::unordered_set_member_hook<>;

  // what was asked
  account_id account;
  priority urgency = priority::interactive;

  // where it stands
  place where = place::nowhere;
  bool stale_retried = false;
  std::uint8_t attempts = 0;
  std::uint32_t failed_dials_before = 0;
  std::uint32_t connection = 0;  ///< while in flight
  job_id id;
  void* owner = nullptr;  ///< the shell's, never looked at here
  std::uint64_t account_hash = 0;
  std::uint64_t order = 0;  ///< breaks ties: lower goes first
  time_point submitted{};
  time_point deadline = never;
  /// A head's turn, or until when a parked or delayed job waits.
  time_point until{};

  set_hook in_line;     ///< heads, followers, waiting
  set_hook in_time;     ///< deadlines
  table_hook in_table;  ///< heads by account
};

}  // namespace ephemint::inline v0::core
