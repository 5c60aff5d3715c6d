#pragma once

#include "core/attempts/attempt.hpp"
#include "core/links/address_book.hpp"
#include "core/links/link_health.hpp"
#include "core/time.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

using link_id = std::uint32_t;

/// A link's place in a table of `link_slots` places. No two live links have the same.
inline constexpr std::uint32_t link_slot_bits = 13;
constexpr std::uint32_t slot_of(link_id id) noexcept { return id & ((1u << link_slot_bits) - 1); }
/// Twice as many as may be open: a closing link keeps its place until its `close` was performed.
constexpr std::size_t link_slots(std::size_t max_connections) noexcept { return 2 * max_connections; }

/// How much room a link has when it opens.
struct link_room {
  std::uint32_t capacity = 1;  ///< requests at once
  bool shared = false;         ///< many requests share it; one can be given up alone
  bool settling = false;       ///< the server hasn't completed the handshake yet
};

/// What the engine knows of one connection: how many requests it takes at once, and how many are on it.
/// HTTP/1.1 is a link of capacity 1 that isn't shared.
struct link {
  enum class state : std::uint8_t {
    dialling,
    open,
    probing,   ///< a request on it got no answer: it takes no more until it gives a sign of life
    retiring,  ///< takes no more requests; ends with the last one on it
    closing,   ///< forgotten; its `close` is pending
  };

  link_id id = 0;
  state now = state::dialling;
  bool shared = false;                ///< many requests share it; one can be given up alone
  std::uint32_t granted = 0;          ///< how many requests at once the server allows
  std::uint32_t capacity = 0;         ///< how many we use: fewer, if the server has refused some all the same
  std::uint32_t in_use = 0;           ///< attempts on it, draining ones included; may be over `capacity`
  std::uint64_t served = 0;           ///< requests that were sent on it
  std::uint32_t refusals = 0;         ///< times that it has refused requests although it should have had room
  std::uint32_t answers = 0;          ///< answers since its capacity was last changed because of that
  std::uint32_t probe = 0;            ///< while dialling: the number of the outage probe that it is, or 0
  link_health health;                 ///< as its replies show
  address_id address;                 ///< where it leads
  std::uint32_t failures_before = 0;  ///< dials that had failed in a row when its own dial began
  time_point begun_at{};              ///< when its dial began
  time_point opened_at{};
  time_point retire_at{};  ///< when it reaches its maximum age
  /// From this time on the server counts as having completed the handshake, whether it said so or not.
  time_point settled_at = time_point::min();
  duration idle_limit{};  ///< from the option, or from the server
  /// When it will have been idle for too long, or reaches its maximum age, or must have given a sign of life.
  time_point due = never;

  boost::intrusive::list<attempt,
                         boost::intrusive::member_hook<attempt, attempt::list_hook, &attempt::on_link>,
                         boost::intrusive::constant_time_size<false>>
      attempts;

  using list_hook = boost::intrusive::list_member_hook<>;
  list_hook in_room;
  list_hook to_tell;  ///< in the list of pending `dial`, `probe` or `close` commands
  boost::intrusive::set_member_hook<> in_due;
};

}  // namespace ephemint::inline v0::core
