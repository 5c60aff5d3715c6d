#pragma once

#include "codec/http_reply.hpp"
#include "net/failure.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;

class endpoint;  // what all connections of a client share: host, resolver cache, TLS context and sessions

/// Who hears of a connection's fate. Calls come on the connection's executor, never from inside one of its
/// members (`connect`, `send`, `abandon`, `close`), and none after `close()` or after
/// `on_connect_failed`/`on_lost`. Whoever observes must outlive the connection's end: call `close()` first.
class connection_observer {
 public:
  /// The TLS session stands.
  virtual void on_connected(std::uint32_t id, bool resumed) = 0;
  virtual void on_connect_failed(std::uint32_t id, const failure&) = 0;
  /// The answer to `send`. If it isn't `reusable` the connection has ended: nothing follows.
  /// The observer may call `send` for the next request from inside.
  virtual void on_reply(std::uint32_t id, const detail::http_reply&) = 0;
  /// The connection has ended, idle or busy. `reply_begun`: at least one byte of the answer had come.
  virtual void on_lost(std::uint32_t id, const failure&, bool reply_begun) = 0;

 protected:
  ~connection_observer() = default;
};

/// One HTTP/1.1 connection over TLS: dials itself, then carries one request at a time. An actor: it owns its
/// socket and its session, keeps itself alive while operations are pending, and is told what to do from its
/// executor only. No policy here: the times are handed in, and what a failure means is the engine's business.
class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(asio::any_io_executor, std::shared_ptr<endpoint>, std::uint32_t id, connection_observer&);
  ~connection();

  /// Resolves, connects (Happy Eyeballs), shakes hands. Once.
  void connect(std::chrono::milliseconds connect_timeout, std::chrono::milliseconds handshake_timeout);

  /// Writes one whole request: one TLS record, one system call where the socket takes it. Only when connected
  /// and not busy. The bytes may go as soon as it returns. False: not a byte has left (the connection is
  /// finished; the observer hears nothing more of it).
  bool send(std::string_view request);

  /// Nobody waits for the answer any more. Mid-write the connection ends (true: ended, the observer hears
  /// nothing more of it); otherwise the answer still comes to `on_reply`, and the caller decides how long to
  /// wait for it.
  bool abandon();

  /// Ends it at once: close_notify is sent if that can be done without waiting, nothing is awaited.
  void close();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::inline v0::net
