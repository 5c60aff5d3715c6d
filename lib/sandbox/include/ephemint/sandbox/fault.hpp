#pragma once

#include <ephemint/sandbox/export.hpp>
#include <ephemint/sandbox/http2_fault.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::sandbox {

/// The body of a reply whose status a fault sets.
enum class fault_body : std::uint8_t {
  api_error,       ///< the API's own error JSON, made of the `error_*` members
  html,            ///< a gateway's HTML page
  empty,           ///< none
  malformed_json,  ///< JSON that ends in the middle
  custom,          ///< `fault::body_text`, sent as `fault::content_type`
};

/// How the end of the reply's body is marked.
enum class body_framing : std::uint8_t {
  content_length,
  chunked,
  until_close,  ///< by the end of the connection, as in HTTP/1.0; see `fault::end`
};

/// What happens to the connection.
enum class connection_end : std::uint8_t {
  keep,   ///< it stays open
  close,  ///< close_notify, then FIN
  cut,    ///< FIN, without the close_notify that TLS requires
  reset,  ///< RST
  stall,  ///< it stays open, but nothing is ever sent on it again
};

/// When `fault::end` happens.
enum class end_point : std::uint8_t {
  before_reply,  ///< instead of a reply
  inside_reply,  ///< after the first `fault::end_after` bytes of it
  after_reply,   ///< unannounced: no `Connection: close` unless `fault::announce_close`
};

/// What happens to a TLS handshake once the client's first message is there.
enum class handshake_fault : std::uint8_t { none, stall, close, reset };

/// Something that goes wrong, and the requests that it affects.
///
/// Set only what should differ; in all else the sandbox behaves as usual. Faults affect requests to the API,
/// never the login page. For each request they are checked in the order in which they were added: the delays
/// of all matching faults add up, and of the matching faults that do more than delay only the first is used.
///
/// Over HTTP/2 a fault does the nearest equivalent: one that ends or silences a connection affects all of its
/// streams, and one that delays a reply delays no other. Where that isn't obvious the member's comment says
/// it.
struct fault {
  // --- Which requests. All that is set must hold; by default every request.

  /// Only requests for this account. Empty, the default: any.
  std::string account = {};
  /// Only the n-th request of its connection, from 1. 0, the default: any. 2 and `end` make a stale
  /// connection.
  std::uint64_t nth_on_connection = 0;
  /// Lets this many matching requests pass first.
  std::uint64_t skip = 0;
  /// Then every k-th of them. 1, the default: each. At least 1.
  std::uint64_t every = 1;
  /// The probability of the fault for each of those, 0 to 1. 1, the default: always.
  double probability = 1.0;
  /// The seed of this fault's random numbers, so that a run can be repeated.
  std::uint64_t seed = 1;
  /// How many times it happens; after that it is removed. 0, the default: no limit.
  std::uint64_t count = 0;

  // --- Delay, before the first byte of the reply. A token is minted before the delay, which shortens its
  // remaining life.

  /// The delay each time.
  std::chrono::milliseconds delay{0};
  /// An additional delay, uniformly distributed from 0 to this.
  std::chrono::milliseconds jitter{0};
  /// The probability, 0 to 1, of an additional `tail_delay`, for instance for one slow reply in a hundred.
  double tail_probability = 0.0;
  /// That additional delay.
  std::chrono::milliseconds tail_delay{0};

  // --- What is answered.

  /// This status instead of the right answer: 200 to 599. The request then isn't counted by the limiter, and
  /// mints nothing. 0, the default: the right answer. A reply with a status of 200 to 299 and
  /// `fault_body::api_error` has both a token and errors.
  unsigned status = 0;
  /// Default: the API's own. Without `status` only `malformed_json` and `custom` have an effect, with the
  /// right status.
  fault_body body = fault_body::api_error;
  /// For `fault_body::custom`: any bytes.
  std::string body_text = {};
  /// Its `Content-Type`.
  std::string content_type = "application/json";
  /// The error's `error_source`. The default of this and the next three depends on the status: for 429
  /// `shipengine`, `system` and `rate_limit_exceeded`.
  std::string error_source = {};
  /// The error's `error_type`.
  std::string error_type = {};
  /// The error's `error_code`.
  std::string error_code = {};
  /// The error's `message`.
  std::string error_message = {};
  /// The value of a `Retry-After` header, sent as it is. Default: no header.
  std::optional<std::string> retry_after = std::nullopt;
  /// Further header lines, `Name: value`, without line ends; sent unchanged.
  std::vector<std::string> headers = {};
  /// Adds a header of about this many bytes.
  std::size_t header_padding = 0;
  /// Adds this many blanks after the body (JSON stays valid); they count in its length.
  std::size_t body_padding = 0;
  /// Sends this many interim replies first.
  unsigned interim = 0;
  /// Their status: 100 to 199. Default: Early Hints.
  unsigned interim_status = 103;
  /// Any bytes that are sent instead of a reply. Over HTTP/2: on the connection, between two frames; the
  /// stream gets nothing else.
  std::optional<std::string> raw_reply = std::nullopt;
  /// Whether `$TOKEN`, `$REDIRECT_URL`, `$BODY` and `$LENGTH` in it are replaced by those of the right
  /// answer.
  bool raw_expands = false;

  // --- How it is framed and sent.

  /// How the body's end is marked. Over HTTP/2 that is always END_STREAM: all values but `content_length`
  /// leave that header out, and `chunked` sends two DATA frames.
  body_framing framing = body_framing::content_length;
  /// Sends `Connection: close`, and closes after the reply. Over HTTP/2: a GOAWAY before the reply.
  bool announce_close = false;
  /// Sends `Keep-Alive: timeout=N`, but doesn't act on it. Over HTTP/2, which has no such header, nothing is
  /// sent.
  std::optional<unsigned> keep_alive_timeout = std::nullopt;
  /// `Content-Length` promises this many bytes more than are sent; then the connection ends (by `close` if
  /// `end` is `keep`). Over HTTP/2 END_STREAM is sent instead; but if `end` isn't `keep`, the connection ends
  /// as that says, without END_STREAM.
  std::size_t missing_bytes = 0;
  /// Bytes after the complete reply, in the same write. Over HTTP/2: one more DATA frame on the closed
  /// stream.
  std::string extra_bytes = {};
  /// Sends the reply byte by byte, with this wait between two bytes. 0, the default: all at once. Over
  /// HTTP/2: the body, with one byte in each DATA frame.
  std::chrono::milliseconds drip{0};
  /// Sends each byte in a TLS record of its own.
  bool one_byte_records = false;

  // --- How the connection ends.

  /// What happens to the connection.
  connection_end end = connection_end::keep;
  /// When that happens.
  end_point end_at = end_point::after_reply;
  /// After how many bytes of the reply, for `end_point::inside_reply`.
  std::size_t end_after = 0;

  // --- The handshake.

  /// What happens to the handshake. A fault with this set counts connections instead of requests, and does
  /// nothing else.
  handshake_fault handshake = handshake_fault::none;

  // --- HTTP/2 alone.

  /// What goes wrong only over HTTP/2. Such a fault ignores requests over HTTP/1.1, and doesn't count them.
  http2_fault http2 = {};

  /// A fault that sends these bytes as the reply, and keeps the connection open.
  EPHEMINT_SANDBOX_EXPORT static fault raw(std::string bytes);
  /// HTTP/2: a refused stream, which the API surely hasn't processed.
  EPHEMINT_SANDBOX_EXPORT static fault refuse();
  /// HTTP/2: RST_STREAM.
  EPHEMINT_SANDBOX_EXPORT static fault reset_stream(http2_error, reset_point = reset_point::before_reply);
  /// HTTP/2: a GOAWAY.
  EPHEMINT_SANDBOX_EXPORT static fault go_away(http2_error = http2_error::no_error,
                                               goaway_reach = goaway_reach::this_request);
  /// HTTP/2: SETTINGS that allow this many streams at once.
  EPHEMINT_SANDBOX_EXPORT static fault limit_streams(std::uint32_t most);
};

/// Reads a fault from one line of `name=value` parts, separated by commas, as `--fault` takes it:
///
///     status=503,count=3                 the next three requests get a 503
///     delay=80ms,jitter=40ms             80 to 120 ms each
///     delay=2s,probability=0.01          one in a hundred takes 2 s
///     account=se-7,status=401            one account is refused
///     close=before,nth=2                 each connection is closed at its second request
///     raw="HTTP/1.1 200 OK\r\n\r\nhi",close
///
/// - which: `account=ID nth=N skip=N every=N probability=P seed=N count=N`
/// - delay: `delay=DUR jitter=DUR tail=P:DUR`
/// - answer: `status=N body=api|html|empty|malformed text=TEXT content_type=TEXT`
/// - the API's error: `source=TEXT type=TEXT code=TEXT message=TEXT retry_after=TEXT`
/// - more of it: `header=TEXT header_padding=N body_padding=N interim=N[:STATUS]`
/// - instead: `raw=TEXT`, or `template=TEXT` (a `raw` that expands)
/// - sending: `chunked until_close announce_close keep_alive=N missing=N extra=TEXT`
/// - slowly: `drip=DUR one_byte_records`
/// - ending: `close cut reset stall`, each also with `=before` (what a bare reset or stall does),
///   `=inside:N` or `=after` (what a bare close or cut does)
/// - handshake: `handshake=stall|close|reset`
///
/// Only over HTTP/2, where CODE is an error's name (`REFUSED_STREAM`) or number:
///
/// - the stream: `refuse rst=CODE[:before|inside|after] unfinished silent`
/// - its frames: `trailer=TEXT padding=N continuations=N data_size=N empty_data=N`
/// - the connection: `goaway=CODE[:this|earlier|every|ID] max_streams=N ping[=N]`
/// - its beginning: `settings_delay=DUR window=N`, also with `max_streams`
///
/// A value in double quotes may hold commas and the escapes \r \n \t \0 \" \\ \xHH. Durations have a unit:
/// ms, s, min, h. Throws `std::invalid_argument`, naming the wrong part and what is right.
EPHEMINT_SANDBOX_EXPORT fault parse_fault(std::string_view spec);

}  // namespace ephemint::inline v0::sandbox
