#pragma once

#include "codec/request.hpp"
#include "net/link_observer.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;

class serial_gate;
class endpoint;  // what all connections of a client share: host, resolver cache, TLS context and sessions

/// One connection over TLS: dials itself, then carries requests. An actor: it owns its TLS stream and what is
/// spoken over that, keeps itself alive while operations are pending, and is told what to do from inside its
/// gate only. No policy here: the times are handed in, and what a failure means is the engine's business.
/// Where memory runs out the connection ends, and says so like any other end.
class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(asio::any_io_executor, std::shared_ptr<serial_gate>, std::shared_ptr<endpoint>, link_id,
             link_observer&);
  ~connection();

  /// Resolves, connects (Happy Eyeballs), shakes hands. Once.
  void connect(std::chrono::milliseconds connect_timeout,
               std::chrono::milliseconds handshake_timeout) noexcept;

  /// Takes one whole request. Only when open and with room. The bytes may go as soon as it returns. HTTP/1.1
  /// writes it at once: one TLS record, one system call where the socket takes it. HTTP/2 writes with
  /// `flush`. False: not a byte of it has left, and the connection is finished; the observer hears nothing
  /// more of it.
  bool send(attempt_id, const detail::prepared_request&) noexcept;

  /// Has written what was taken since it was called last, all requests of one turn of the event loop
  /// together: perhaps only when what the loop has ready by now has run, for that may bring more. Should it
  /// end the connection, the observer hears that later. Nothing with HTTP/1.1, whose `send` writes.
  void flush() noexcept;

  /// Asks the peer for a sign of life, with the next `flush`: `on_heard` follows what comes next, be it the
  /// answer or anything else. Nothing with HTTP/1.1, which can't ask.
  void probe() noexcept;

  /// Nobody waits for this answer any more. Mid-write the connection ends (true: ended, the observer hears
  /// nothing more of it); otherwise the answer still comes to `on_reply`, and the caller decides how long to
  /// wait for it.
  bool drop(attempt_id) noexcept;

  /// That answer hasn't come, and is given up: nothing is heard of it any more. HTTP/2 tells the peer so,
  /// with the next `flush`. True: that ended the connection, as it does with HTTP/1.1; the observer hears
  /// nothing more of it.
  bool reset(attempt_id) noexcept;

  /// Ends it at once: close_notify is sent if that can be done without waiting, nothing is awaited.
  void close() noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::inline v0::net
