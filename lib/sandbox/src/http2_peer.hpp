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

/// A request as its fields came.
struct http2_request {
  std::string method = {};
  std::string target = {};
  std::string host = {};
  std::string api_key = {};
  std::size_t api_keys = 0;
  std::string account = {};
  std::size_t accounts = 0;
  /// More header or body than the sandbox takes; what is above stops there.
  bool too_large = false;
};

/// One whole frame of ours, or a HEADERS with its CONTINUATIONs' first part.
struct http2_frame {
  std::string bytes = {};
  frame_head head = {};
  /// Whether it is a reply's head, not an interim one's.
  bool is_final_head = false;
  /// Whether it is a reply's last one, with END_STREAM or without it.
  bool completes_reply = false;

  bool ends_stream() const noexcept {
    const bool may = head.type == frame_type::data || head.type == frame_type::headers;
    return may && (head.flags & flag_end_stream) != 0;
  }
};

/// What the client's frames amount to. Called from inside `http2_peer::receive()` and `take()`, whose peer
/// must not be asked for more then.
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
/// It bounds what a client can make it hold: header and body of each request, the streams that are open, the
/// answers that wait to be sent, and the frames that come without a reply being finished.
class http2_peer {
 public:
  virtual ~http2_peer() = default;

  /// False if the connection is of no more use: `failure()` says why, and what `take()` has should still be
  /// sent.
  virtual bool receive(std::string_view bytes) = 0;
  virtual http2_error failure() const noexcept = 0;
  /// The next frame to send; one without bytes if there is none.
  virtual http2_frame take() = 0;
  /// Whether both sides have nothing more to say.
  virtual bool finished() const noexcept = 0;

  virtual void answer(std::uint32_t stream, http2_reply) = 0;
  /// The next DATA of a paced reply.
  virtual void go_on(std::uint32_t stream) = 0;
  virtual void reset(std::uint32_t stream, http2_error) = 0;
  virtual void ping(std::uint32_t stream) = 0;
  /// Holds from now on, announced or not.
  virtual void set_max_streams(std::uint32_t) = 0;

  virtual std::size_t open_streams() const noexcept = 0;
  /// Whether any is open up to that id.
  virtual bool has_streams_up_to(std::uint32_t last) const noexcept = 0;
};

/// Nothing if this build doesn't speak HTTP/2. `window`: the room for each request's body.
std::unique_ptr<http2_peer> make_http2_peer(http2_events&, std::uint32_t max_streams,
                                            std::optional<std::uint32_t> window);

}  // namespace ephemint::inline v0::sandbox
