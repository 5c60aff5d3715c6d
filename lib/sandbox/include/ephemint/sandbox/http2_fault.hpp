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

/// What a request's stream gets of its reply.
enum class stream_end : std::uint8_t {
  finish,      ///< all of it
  unfinished,  ///< all but END_STREAM: the client waits for more
  silent,      ///< nothing. The connection's other streams go on
};

/// Where in a reply RST_STREAM comes.
enum class reset_point : std::uint8_t {
  before_reply,  ///< instead of a reply
  inside_reply,  ///< behind the body, in END_STREAM's place
  after_reply,   ///< behind END_STREAM
};

/// How far a GOAWAY reaches: its last stream id.
enum class goaway_reach : std::uint8_t {
  this_request,      ///< up to this request, which is answered
  earlier_requests,  ///< up to the one before: this one was surely not processed, and gets no reply
  every_request,     ///< 2^31 - 1: a notice; the connection goes on, and another GOAWAY may follow
};

/// A GOAWAY.
struct goaway {
  /// Its error code.
  http2_error code = http2_error::no_error;
  /// Its last stream id.
  goaway_reach reach = goaway_reach::this_request;
  /// Another one: this very number. 0, the default: what `reach` says.
  std::uint32_t last_stream = 0;

  /// Whether both say the same.
  friend bool operator==(const goaway&, const goaway&) = default;
};

/// What goes wrong in HTTP/2 alone: a part of `fault`. A fault that sets any of it touches no request that
/// comes over HTTP/1.1.
struct http2_fault {
  // --- The request's stream.

  /// RST_STREAM with this code. `refused_stream` instead of a reply: the request meets no limiter and mints
  /// nothing. Default: none.
  std::optional<http2_error> reset = std::nullopt;
  /// When it comes.
  reset_point reset_at = reset_point::before_reply;
  /// What the stream gets.
  stream_end end = stream_end::finish;

  // --- The reply's frames.

  /// Trailer lines, `Name: value`, behind the body; sent as they are.
  std::vector<std::string> trailers = {};
  /// So many bytes of padding in each HEADERS and DATA. 0 to 255.
  unsigned padding = 0;
  /// Cuts the header block: so many CONTINUATIONs follow the HEADERS, empty ones if there is too little for
  /// all. At most 10,000.
  unsigned continuations = 0;
  /// The most bytes of the body in one DATA. 0, the default: what fits.
  std::size_t data_size = 0;
  /// So many empty DATA before the body. At most 100,000.
  unsigned empty_data = 0;

  // --- The connection, before the reply.

  /// A GOAWAY. From the arrival of its request on none beyond its last stream id is looked at; the connection
  /// is closed once those up to it are answered. Default: none.
  std::optional<goaway> go_away = std::nullopt;
  /// SETTINGS that allow the connection so many streams at once from now on. 0 to 1,000. Default: none.
  std::optional<std::uint32_t> max_streams = std::nullopt;
  /// So many PINGs; the reply waits until each was answered. At most 1,000.
  unsigned pings = 0;

  // --- The connection's beginning. A fault with one of these counts connections instead of requests, and
  // does nothing else but set their first `max_streams`.

  /// The server sends nothing for so long, not even its SETTINGS. It listens, and answers then.
  std::chrono::milliseconds settings_delay{0};
  /// The first SETTINGS leave each request's body so much room. 0 to 2^31 - 1. Default: 65,535.
  std::optional<std::uint32_t> window = std::nullopt;

  /// Whether both say the same.
  friend bool operator==(const http2_fault&, const http2_fault&) = default;
};

}  // namespace ephemint::inline v0::sandbox
