#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::inline v0::sandbox {

/// HTTP/2's error codes (RFC 9113 §7). Any other number may be sent too.
enum class http2_error : std::uint32_t {
  no_error,
  protocol_error,
  internal_error,
  flow_control_error,
  settings_timeout,
  stream_closed,
  frame_size_error,
  refused_stream,  ///< surely not processed
  cancel,
  compression_error,
  connect_error,
  enhance_your_calm,
  inadequate_security,
  http_1_1_required,
};

/// How much of its reply a request's stream gets.
enum class stream_end : std::uint8_t {
  finish,      ///< all of it
  unfinished,  ///< all but END_STREAM, so that the client waits for more
  silent,      ///< nothing. The connection's other streams go on
};

/// Where in a reply RST_STREAM comes.
enum class reset_point : std::uint8_t {
  before_reply,  ///< instead of a reply
  inside_reply,  ///< after the body, instead of END_STREAM
  after_reply,   ///< after END_STREAM
};

/// How far a GOAWAY reaches: its last stream id.
enum class goaway_reach : std::uint8_t {
  this_request,      ///< up to this request, which is answered
  earlier_requests,  ///< up to the one before: this request counts as not processed, and gets no reply
  every_request,     ///< 2^31 - 1: a notice; the connection goes on, and another GOAWAY may follow
};

/// A GOAWAY.
struct goaway {
  /// Its error code.
  http2_error code = http2_error::no_error;
  /// Its last stream id.
  goaway_reach reach = goaway_reach::this_request;
  /// A particular last stream id. 0, the default: as `reach` says.
  std::uint32_t last_stream = 0;

  /// Whether both say the same.
  friend bool operator==(const goaway&, const goaway&) = default;
};

/// What goes wrong only over HTTP/2: a part of `fault`. A fault that sets any of these members doesn't affect
/// requests over HTTP/1.1.
struct http2_fault {
  // --- The request's stream.

  /// RST_STREAM with this code. With `refused_stream` instead of a reply the request isn't counted by the
  /// limiter, and mints nothing. Default: none.
  std::optional<http2_error> reset = std::nullopt;
  /// When it comes.
  reset_point reset_at = reset_point::before_reply;
  /// What the stream gets.
  stream_end end = stream_end::finish;

  // --- The reply's frames.

  /// Trailer lines, `Name: value`, after the body; sent unchanged.
  std::vector<std::string> trailers = {};
  /// The bytes of padding in each HEADERS and DATA frame. 0 to 255.
  unsigned padding = 0;
  /// Splits the header block: this many CONTINUATION frames follow the HEADERS frame, some of them empty if
  /// the block is too short. At most 10,000.
  unsigned continuations = 0;
  /// The most bytes of the body in one DATA frame. 0, the default: as many as fit.
  std::size_t data_size = 0;
  /// The number of empty DATA frames before the body. At most 100,000.
  unsigned empty_data = 0;

  // --- The connection, before the reply.

  /// A GOAWAY. As soon as its request has arrived, requests beyond its last stream id are ignored; the
  /// connection is closed once the requests up to that id are answered. Default: none.
  std::optional<goaway> go_away = std::nullopt;
  /// SETTINGS that from now on allow this many streams at once on the connection. 0 to 1,000. Default: none.
  std::optional<std::uint32_t> max_streams = std::nullopt;
  /// Sends this many PINGs; the reply waits until each was answered. At most 1,000.
  unsigned pings = 0;

  // --- The connection's beginning. A fault with one of these counts connections instead of requests, and
  // does nothing else but set their first `max_streams`.

  /// The server sends nothing for this time, not even its SETTINGS. It reads requests, and answers them
  /// afterwards.
  std::chrono::milliseconds settings_delay{0};
  /// The flow-control window for each request's body, in the first SETTINGS. 0 to 2^31 - 1. Default: 65,535.
  std::optional<std::uint32_t> window = std::nullopt;

  /// Whether both say the same.
  friend bool operator==(const http2_fault&, const http2_fault&) = default;
};

}  // namespace ephemint::inline v0::sandbox
