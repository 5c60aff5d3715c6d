#pragma once

#include "codec/http_reply.hpp"
#include "codec/request.hpp"
#include "net/failure.hpp"
#include "net/link_observer.hpp"

#include <ephemint/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ephemint::inline v0::net {

/// A connection that is lost before this, unused, was no connection: a full server, or one that refuses us
/// after the handshake. One that was unused for longer may have been closed for that.
inline constexpr clock::duration newcomer = std::chrono::seconds{1};

/// What is spoken over a TLS session: plaintext in, plaintext out, no socket and no clock. Where memory runs
/// out its members throw `std::bad_alloc`, and the connection ends.
class wire {
 public:
  virtual ~wire() = default;

  /// What there is room for now.
  virtual link_room capacity() const noexcept = 0;

  /// Requests whose end isn't known.
  virtual std::size_t out() const noexcept = 0;

  /// What became known by the bytes that came last.
  enum class news : std::uint8_t {
    none,
    some,     ///< `next()` tells it; more may be read
    surplus,  ///< so too, but no more may be read: what follows has no meaning
    refused,  ///< `problem()` says why, `next()` what became known before; the connection must end
  };
  /// Where the next bytes go. Never empty.
  virtual std::span<char> room() = 0;
  virtual news commit(std::size_t size) = 0;
  /// No more bytes come: after a close_notify (`clean`), or without one, because of `cause`.
  virtual news end(bool clean, std::string_view cause) = 0;

  /// Something that became known, as the connection's observer is told it.
  struct note {
    enum class kind : std::uint8_t { capacity, retiring, heard, reply, attempt_lost };
    kind what = kind::reply;
    std::uint32_t capacity = 0;   ///< `capacity` only
    attempt_id attempt = 0;       ///< `reply` and `attempt_lost`
    fate became = fate::unknown;  ///< `attempt_lost`, as `why`
    failure why = {};
    detail::http_reply reply = {};  ///< `reply`; its views hold until `forget_reply`
  };
  /// The next thing that is to be told: `some` if there is one, else `none`. Or `refused`, if what came was
  /// no answer.
  virtual news next(note&) = 0;
  virtual void forget_reply() noexcept = 0;
  /// Why the connection must end.
  virtual const failure& problem() const noexcept = 0;

  /// Takes a request, for which there must be room. `idle`: for so long nothing was out.
  virtual void submit(attempt_id, const detail::prepared_request&, clock::duration idle) = 0;
  /// Nobody waits for its reply any more. False: the connection must end. `writing`: not all of it has left.
  virtual bool drop(attempt_id, bool writing) noexcept = 0;
  /// So too, and the peer is told that it needn't answer. False: the connection must end.
  virtual bool reset(attempt_id) = 0;
  /// Asks the peer for a sign of life: the note `heard` follows.
  virtual void probe() = 0;
  /// Tells the peer that the connection is about to end.
  virtual void say_goodbye() = 0;

  /// What is to go to the peer now, until `sent`.
  virtual std::string_view output() noexcept = 0;
  /// It has gone, or is as good as gone.
  virtual void sent() noexcept = 0;

  /// The connection has ended: what became of the requests that are still out.
  virtual fate fate_of_rest() const noexcept = 0;
};

}  // namespace ephemint::inline v0::net
