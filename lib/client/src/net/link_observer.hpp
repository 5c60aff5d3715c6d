#pragma once

#include "codec/http_reply.hpp"
#include "net/dial/address_cache.hpp"
#include "net/failure.hpp"

#include <ephemint/clock.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstdint>

namespace ephemint::inline v0::net {

using link_id = std::uint32_t;
using attempt_id = std::uint32_t;

/// What became of a request that got no reply.
enum class fate : std::uint8_t {
  unprocessed,  ///< not processed by the API, or almost certainly not: the server had given up the connection
  unknown,      ///< no byte of a reply had come
  begun,        ///< a reply had begun
};

/// How much room a connection has.
struct link_room {
  std::uint32_t capacity = 1;  ///< requests at once
  bool shared = false;         ///< by many requests at once, as with HTTP/2: one can end without the others
  bool settling = false;  ///< the server hasn't completed the handshake yet; usually `on_settled` follows
};

/// What happened to a dial at one address.
enum class address_news : std::uint8_t {
  taken,   ///< the connection leads there
  broke,   ///< it refused, hung up, or its certificate was refused
  silent,  ///< no answer came in time, or a later attempt was faster in spite of this one's head start
};

/// How a connection was made.
struct dial_facts {
  bool resumed = false;         ///< it resumed a TLS session
  clock::duration connect{};    ///< until the TLS handshake began, other addresses' attempts included
  clock::duration handshake{};  ///< how long the handshake took
};

/// Is told of a connection's events. Calls come from inside the gate, never from inside one of the
/// connection's members, and none after `close()`, `on_dial_failed` or `on_gone`. The observer must outlive
/// the connection's end: call `close()` first.
class link_observer {
 public:
  /// The connection is established.
  virtual void on_open(link_id, link_room, const dial_facts&) = 0;
  virtual void on_dial_failed(link_id, const failure&) = 0;
  /// A dial has found these addresses, with alternating families: reorders them as they are to be tried.
  virtual void arrange(addresses&) {}
  /// Called before `on_open` or `on_dial_failed`.
  virtual void on_address(link_id, const boost::asio::ip::address&, address_news) {}
  /// From now on the connection takes that many requests at once; perhaps fewer than are under way.
  virtual void on_capacity(link_id, std::uint32_t) = 0;
  /// The sign of life came for which `connection::probe` asked.
  virtual void on_heard(link_id) = 0;
  /// The server has completed the handshake too: its tickets came, or, with HTTP/2, it acknowledged our
  /// settings.
  virtual void on_settled(link_id) {}
  /// The connection takes no more requests; those under way go on.
  virtual void on_retiring(link_id) = 0;
  /// The answer to `send`. If it isn't `reusable` the connection has ended: nothing follows. The observer may
  /// call `send` for the next request from inside.
  virtual void on_reply(link_id, attempt_id, const detail::http_reply&) = 0;
  /// No answer will come to this attempt; the connection goes on.
  virtual void on_attempt_lost(link_id, attempt_id, fate, const failure&) = 0;
  /// The connection has ended; `what` is the fate of the requests under way.
  virtual void on_gone(link_id, fate what, const failure&) = 0;

 protected:
  ~link_observer() = default;
};

}  // namespace ephemint::inline v0::net
