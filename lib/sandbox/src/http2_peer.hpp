#pragma once

#include "http2_frames.hpp"
#include "http2_reply.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// Whether this build speaks HTTP/2.
bool http2_is_built() noexcept;

/// A request's fields as received.
struct http2_request {
  std::string method = {};
  std::string target = {};
  std::string host = {};
  std::string api_key = {};
  std::size_t api_keys = 0;
  std::string account = {};
  std::size_t accounts = 0;
  /// The header or body is larger than the sandbox accepts; the members above are incomplete then.
  bool too_large = false;
};

/// One whole frame of ours, or a part of a HEADERS with its CONTINUATIONs.
struct http2_frame {
  std::string bytes = {};
  frame_head head = {};
  /// Whether it is the head of a final reply, not of an interim one.
  bool is_final_head = false;
  /// Whether it is a reply's last frame, with END_STREAM or without.
  bool completes_reply = false;

  bool ends_stream() const noexcept {
    const bool may = head.type == frame_type::data || head.type == frame_type::headers;
    return may && (head.flags & flag_end_stream) != 0;
  }
};

/// The events of a client's frames. Called from inside `http2_peer::receive()` and `take()`; the peer must
/// not be called from there.
class http2_events {
 public:
  virtual void on_request(std::uint32_t stream, http2_request) = 0;
  virtual void on_stream_end(std::uint32_t stream) = 0;
  virtual void on_refused() = 0;
  /// A PING of `ping()` came back.
  virtual void on_pong(std::uint32_t stream) = 0;

 protected:
  ~http2_events() = default;
};

/// The server's side of one HTTP/2 connection, without any I/O: bytes go in, requests come out; replies go
/// in, frames come out.
///
/// It bounds what a client can make it store: each request's header and body, the open streams, the answers
/// that wait to be sent, and the frames that come without a finished reply.
class http2_peer {
 public:
  virtual ~http2_peer() = default;

  /// False if the connection can't be used any more: `failure()` says why, and the frames of `take()` should
  /// still be sent.
  virtual bool receive(std::string_view bytes) = 0;
  virtual http2_error failure() const noexcept = 0;
  /// The next frame to send; one without bytes if there is none.
  virtual http2_frame take() = 0;
  /// Whether both sides have finished.
  virtual bool finished() const noexcept = 0;

  virtual void answer(std::uint32_t stream, http2_reply) = 0;
  /// Sends the next DATA frame of a paced reply.
  virtual void go_on(std::uint32_t stream) = 0;
  virtual void reset(std::uint32_t stream, http2_error) = 0;
  virtual void ping(std::uint32_t stream) = 0;
  /// Applies from now on, even before it is announced.
  virtual void set_max_streams(std::uint32_t) = 0;

  virtual std::size_t open_streams() const noexcept = 0;
  /// Whether any stream up to that id is open.
  virtual bool has_streams_up_to(std::uint32_t last) const noexcept = 0;
};

/// Null if this build doesn't speak HTTP/2. `window`: the flow-control window for each request's body.
std::unique_ptr<http2_peer> make_http2_peer(http2_events&, std::uint32_t max_streams,
                                            std::optional<std::uint32_t> window);

}  // namespace ephemint::inline v0::sandbox
