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
  unprocessed,  ///< surely not looked at by the API: goes again at once, once a mint
  unknown,      ///< it may have been
  begun,        ///< a part of the reply had come
};

/// One request for one mint: with its permit, on its link.
struct attempt {
  using reason = attempt_reason;
  enum class state : std::uint8_t {
    to_send,   ///< `send` is to be told
    out,       ///< on the wire
    draining,  ///< nobody waits for its reply any more
    given_up,  ///< settled, and off its link; `reset` is to be told
  };

  using list_hook = boost::intrusive::list_member_hook<>;

  attempt_id id = 0;
  reason why = reason::first;
  state now = state::to_send;
  bool probes_key = false;
  bool first_on_link = false;
  std::uint16_t number = 0;   ///< of its mint's, from 1; a replacement's is that of the one that it replaces
  mint* of = nullptr;         ///< null while draining
  attempt* beside = nullptr;  ///< the other one of its mint that is under way, if there are two
  link* on = nullptr;
  std::uint32_t was_on = 0;  ///< the id of the link that it was given up on
  permit spent{};
  std::uint64_t key_version = 0;
  time_point sent_at{};
  time_point due = never;  ///< its time, or that of its draining, is up
  account_id account;      ///< whose it was: set when its mint leaves it

  list_hook on_link;
  list_hook to_tell;   ///< `send`, `drop` or `reset`
  list_hook to_hedge;  ///< while it may get a second one beside it
  boost::intrusive::set_member_hook<> in_due;
};

}  // namespace ephemint::inline v0::core
