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
  unprocessed,  ///< surely not looked at by the API, or as good as surely: the server had given the
                ///< connection up
  unknown,      ///< no byte of a reply had come
  begun,        ///< a reply had begun
};

/// What a connection has room for.
struct link_room {
  std::uint32_t capacity = 1;  ///< requests at once
  bool shared = false;  ///< by many requests at once, as it is with HTTP/2: one can end without the others
};

/// What a dial has met at an address.
enum class address_news : std::uint8_t {
  taken,   ///< the connection leads there
  broke,   ///< it refused, hung up, or wasn't believed
  silent,  ///< nothing came in time, or another was faster by more than it had as a start
};

/// How a connection was made.
struct dial_facts {
  bool resumed = false;         ///< it resumed a TLS session
  clock::duration connect{};    ///< until the TLS handshake began, other addresses' turns included
  clock::duration handshake{};  ///< what that took
};

/// Hears of a connection's fate. Calls come from inside the gate, never from inside one of the
/// connection's members, and none after `close()`, `on_dial_failed` or
/// `on_gone`. Whoever observes must outlive the connection's end: call `close()` first.
class link_observer {
 public:
  /// It stands.
  virtual void on_open(link_id, link_room, const dial_facts&) = 0;
  virtual void on_dial_failed(link_id, const failure&) = 0;
  /// A dial has found these addresses, families in turn: puts them into the order in which they are tried.
  virtual void arrange(addresses&) {}
  /// Before `on_open` or `on_dial_failed`.
  virtual void on_address(link_id, const boost::asio::ip::address&, address_news) {}
  /// From now on it takes so many at once; perhaps fewer than are out.
  virtual void on_capacity(link_id, std::uint32_t) = 0;
  /// It was asked for a sign of life (`connection::probe`), and one came.
  virtual void on_heard(link_id) = 0;
  /// It takes no more requests; those that are out go on.
  virtual void on_retiring(link_id) = 0;
  /// The answer to `send`. If it isn't `reusable` the connection has ended: nothing follows. The observer may
  /// call `send` for the next request from inside.
  virtual void on_reply(link_id, attempt_id, const detail::http_reply&) = 0;
  /// No answer will come to this one; the connection goes on.
  virtual void on_attempt_lost(link_id, attempt_id, fate, const failure&) = 0;
  /// The connection has ended; `what` became of the requests that are out.
  virtual void on_gone(link_id, fate what, const failure&) = 0;

 protected:
  ~link_observer() = default;
};

}  // namespace ephemint::inline v0::net
