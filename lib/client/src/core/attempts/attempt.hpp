#pragma once

#include "core/time.hpp"

#include <ephemint/account_id.hpp>
#include <ephemint/observer.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <cstdint>

namespace ephemint::inline v0::core {

struct link;
struct mint;

using attempt_id = std::uint32_t;

/// What became of a request that got no reply.
enum class fate : std::uint8_t {
  unsent,       ///< not a byte left: the permit comes back
  unprocessed,  ///< surely not processed by the API: goes again at once, but only once a mint
  unknown,      ///< the API may have processed it
  begun,        ///< a part of the reply had come
};

/// One request for one mint: with its permit, on its link.
struct attempt {
  using reason = attempt_reason;
  enum class state : std::uint8_t {
    to_send,   ///< its `send` command is pending
    out,       ///< on the wire
    draining,  ///< nobody waits for its reply any more
    given_up,  ///< settled, and off its link; its `reset` command is pending
  };

  using list_hook = boost::intrusive::list_member_hook<>;

  attempt_id id = 0;
  reason why = reason::first;
  state now = state::to_send;
  bool probes_key = false;
  bool first_on_link = false;
  std::uint16_t number = 0;   ///< within its mint, from 1; a replacement keeps the number of the one replaced
  mint* of = nullptr;         ///< null while draining
  attempt* beside = nullptr;  ///< its mint's other attempt, if two are under way
  link* on = nullptr;
  std::uint32_t was_on = 0;  ///< the id of the link on which it was given up
  permit spent{};
  std::uint64_t key_version = 0;
  time_point sent_at{};
  time_point due = never;  ///< when it times out, or when draining ends
  account_id account;      ///< set when its mint leaves it

  list_hook on_link;
  list_hook to_tell;   ///< in the list of pending `send`, `drop` or `reset` commands
  list_hook to_hedge;  ///< while it may still be hedged
  boost::intrusive::set_member_hook<> in_due;
};

}  // namespace ephemint::inline v0::core
