#pragma once

#include "codec/request.hpp"
#include "net/link_observer.hpp"

#include <ephemint/clock.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;

class serial_gate;
class endpoint;  // shared by all connections of a client: host, resolver cache, TLS context and sessions

/// One connection over TLS: dials itself, then carries requests. It owns its TLS stream and the wire over it,
/// keeps itself alive while operations are pending, and may only be called from inside its gate. It has no
/// policy: times are arguments, and the engine decides what a failure means. If memory runs out the
/// connection ends, and reports that like any other end.
class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(asio::any_io_executor, std::shared_ptr<serial_gate>, std::shared_ptr<endpoint>, link_id,
             link_observer&);
  ~connection();

  /// Resolves, connects (Happy Eyeballs) and does the TLS handshake. Call it once.
  void connect(std::chrono::milliseconds connect_timeout,
               std::chrono::milliseconds handshake_timeout) noexcept;

  /// Takes one whole request, only when open and with room. Its bytes needn't stay valid after the call.
  /// HTTP/1.1 writes it at once: one TLS record and one system call, if the socket takes it all. HTTP/2
  /// writes with `flush`. False: not a byte has left, and the connection has ended; the observer isn't told.
  /// `now` is the time of the event that caused the request.
  bool send(attempt_id, const detail::prepared_request&, clock::time_point now = clock::now()) noexcept;

  /// Writes what was taken since the last call, so that all requests of one turn of the event loop leave
  /// together. It may wait until the handlers that are ready now have run, as they may bring more. If that
  /// ends the connection, the observer is told later. Does nothing with HTTP/1.1, whose `send` writes.
  void flush() noexcept;

  /// Asks the peer for a sign of life, with the next `flush`. `on_heard` follows whatever comes next, the
  /// answer or anything else. Does nothing with HTTP/1.1, which can't ask.
  void probe() noexcept;

  /// Nobody waits for this answer any more. If the request is only partly written the connection ends:
  /// returns true, and the observer isn't told. Otherwise the answer still comes to `on_reply`, and the
  /// caller decides how long to wait for it.
  bool drop(attempt_id) noexcept;

  /// Gives up an answer that hasn't come: it isn't reported any more. HTTP/2 tells the peer, with the next
  /// `flush`. True: that ended the connection, as always with HTTP/1.1; the observer isn't told.
  bool reset(attempt_id) noexcept;

  /// Ends the connection at once. close_notify is sent if that is possible without waiting.
  void close() noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::inline v0::net
