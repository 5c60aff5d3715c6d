#pragma once

#include "codec/http_reply.hpp"
#include "net/failure.hpp"
#include "net/link_observer.hpp"

#include <ephemint/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ephemint::inline v0::net {

/// What is spoken over a TLS session: plaintext in, plaintext out, no socket and no clock. Where memory runs
/// out its members throw `std::bad_alloc`, and the connection ends.
class wire {
 public:
  virtual ~wire() = default;

  /// How many requests may be out at once.
  virtual std::uint32_t capacity() const noexcept = 0;

  /// What became known by the bytes that came last.
  enum class news : std::uint8_t {
    none,
    reply,    ///< ask `reply()`; more may be read
    surplus,  ///< so too, but no more may be read: what follows has no meaning
    refused,  ///< `problem()` says why; the connection must end
  };
  /// Where the next bytes go. Never empty.
  virtual std::span<char> room() = 0;
  virtual news commit(std::size_t size) = 0;
  /// No more bytes come: after a close_notify (`clean`), or without one, because of `cause`.
  virtual news end(bool clean, std::string_view cause) = 0;

  struct answer {
    attempt_id attempt;
    detail::http_reply reply;
  };
  /// A whole reply; its views hold until `forget_reply`. None: it was no answer, and `problem()` says what.
  virtual std::optional<answer> reply() = 0;
  virtual void forget_reply() noexcept = 0;
  /// Why the connection must end.
  virtual const failure& problem() const noexcept = 0;

  /// Takes a request, and gives what goes to the peer now. `idle`: for so long nothing was out.
  virtual std::string_view submit(attempt_id, std::string_view request, clock::duration idle) = 0;
  /// Nobody waits for its reply any more. False: the connection must end. `writing`: not all of it has left.
  virtual bool drop(attempt_id, bool writing) noexcept = 0;

  /// The connection has ended: what became of the requests that are still out.
  virtual fate fate_of_rest() const noexcept = 0;
};

}  // namespace ephemint::inline v0::net
