#pragma once

#include "codec/http_reply.hpp"
#include "net/failure.hpp"

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

/// Who hears of a connection's fate. Calls come from inside the gate, never from inside one of the
/// connection's members (`connect`, `send`, `drop`, `close`), and none after `close()`, `on_dial_failed` or
/// `on_gone`. Whoever observes must outlive the connection's end: call `close()` first.
class link_observer {
 public:
  /// It stands, and takes `capacity` requests at once.
  virtual void on_open(link_id, std::uint32_t capacity, bool resumed) = 0;
  virtual void on_dial_failed(link_id, const failure&) = 0;
  /// From now on it takes so many at once; perhaps fewer than are out.
  virtual void on_capacity(link_id, std::uint32_t) = 0;
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
