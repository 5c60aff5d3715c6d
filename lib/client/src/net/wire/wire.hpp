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

/// A connection that is lost unused before this age counts as a failed dial: the server is full, or refuses
/// us after the handshake. An older one may have been closed because it was unused.
inline constexpr clock::duration newcomer = std::chrono::seconds{1};

/// The protocol over a TLS session: plaintext in, plaintext out, no socket and no clock. If memory runs out
/// its members throw `std::bad_alloc`, and the connection ends.
class wire {
 public:
  virtual ~wire() = default;

  /// How much room there is now.
  virtual link_room capacity() const noexcept = 0;

  /// Requests that haven't ended.
  virtual std::size_t out() const noexcept = 0;

  /// What became known from the last bytes.
  enum class news : std::uint8_t {
    none,
    some,     ///< `next()` gives it; more may be read
    surplus,  ///< the same, but nothing more may be read: what follows has no meaning
    refused,  ///< `problem()` says why, `next()` gives what became known before; the connection must end
  };
  /// The buffer for the next bytes. Never empty.
  virtual std::span<char> room() = 0;
  virtual news commit(std::size_t size) = 0;
  /// No more bytes will come: after a close_notify (`clean`), or without one, because of `cause`.
  virtual news end(bool clean, std::string_view cause) = 0;

  /// One piece of news for the connection's observer.
  struct note {
    enum class kind : std::uint8_t { capacity, retiring, heard, settled, reply, attempt_lost };
    kind what = kind::reply;
    std::uint32_t capacity = 0;   ///< `capacity` only
    attempt_id attempt = 0;       ///< `reply` and `attempt_lost`
    fate became = fate::unknown;  ///< `attempt_lost`, as `why`
    failure why = {};
    detail::http_reply reply = {};  ///< `reply`; its views are valid until `forget_reply`
  };
  /// Gives the next piece of news: `some` if there is one, else `none`; or `refused`, if what came wasn't an
  /// answer.
  virtual news next(note&) = 0;
  virtual void forget_reply() noexcept = 0;
  /// Why the connection must end.
  virtual const failure& problem() const noexcept = 0;

  /// Takes a request, for which there must be room. `idle`: for how long no request was under way.
  virtual void submit(attempt_id, const detail::prepared_request&, clock::duration idle) = 0;
  /// Nobody waits for this reply any more. False: the connection must end. `writing`: not all of the request
  /// has left.
  virtual bool drop(attempt_id, bool writing) noexcept = 0;
  /// The same, and the peer is told that it needn't answer. False: the connection must end.
  virtual bool reset(attempt_id) = 0;
  /// Asks the peer for a sign of life: the note `heard` follows.
  virtual void probe() = 0;
  /// Tells the peer that the connection is about to end.
  virtual void say_goodbye() = 0;

  /// Bytes for the peer, valid until `sent`.
  virtual std::string_view output() noexcept = 0;
  /// The output was written, or will be.
  virtual void sent() noexcept = 0;

  /// The connection has ended: the fate of the requests still under way.
  virtual fate fate_of_rest() const noexcept = 0;
};

}  // namespace ephemint::inline v0::net
