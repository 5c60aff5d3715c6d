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
  malformed_json,  ///< JSON that breaks off in the middle
  custom,          ///< `fault::body_text`, sent as `fault::content_type`
};

/// How the end of the reply's body is told.
enum class body_framing : std::uint8_t {
  content_length,
  chunked,
  until_close,  ///< HTTP/1.0's way: by the end of the connection, see `fault::end`
};

/// What becomes of the connection.
enum class connection_end : std::uint8_t {
  keep,   ///< it stays open
  close,  ///< close_notify, then FIN
  cut,    ///< FIN, without the close_notify that TLS asks for
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

/// Something that goes wrong, and for which requests.
///
/// Set only what should differ; all else is what the sandbox would have done anyway. Faults touch the API's
/// requests, never the login page. For each request they are asked in the order in which they were added: the
/// delays of all that match add up, and of those that do more than delay the first one alone is used.
///
/// Over HTTP/2 a fault does what is nearest: what ends or silences a connection does so to all of its
/// streams, what delays a reply delays no other. Where that isn't plain, the member says it.
struct fault {
  // --- Which requests. All that is set must hold; by default every request.

  /// Only this account's. Empty, the default: any.
  std::string account = {};
  /// Only the n-th request of its connection, from 1. 0, the default: any. 2 and `end` make a stale
  /// connection.
  std::uint64_t nth_on_connection = 0;
  /// Lets so many of the matching requests pass first.
  std::uint64_t skip = 0;
  /// Then every k-th of them. 1, the default: each. At least 1.
  std::uint64_t every = 1;
  /// Then by chance. 1, the default: always. 0 to 1.
  double probability = 1.0;
  /// Feeds the chances of this fault, so that a run can be repeated.
  std::uint64_t seed = 1;
  /// How many times it happens; after that it is gone. 0, the default: without end.
  std::uint64_t count = 0;

  // --- Delay, before the first byte of the reply. A token is minted before it: waiting eats of its life.

  /// So long every time.
  std::chrono::milliseconds delay{0};
  /// A uniform extra of up to so much.
  std::chrono::milliseconds jitter{0};
  /// The chance, 0 to 1, of `tail_delay` on top: the slow one in a hundred.
  double tail_probability = 0.0;
  /// What comes on top then.
  std::chrono::milliseconds tail_delay{0};

  // --- What is answered.

  /// This status instead of the right answer: 200 to 599. The request then meets no limiter and mints
  /// nothing. 0, the default: the right answer. A status of 200 to 299 with `fault_body::api_error` has both
  /// token and errors.
  unsigned status = 0;
  /// Default: what the API sends. Without `status` only `malformed_json` and `custom` are used, with the
  /// right status.
  fault_body body = fault_body::api_error;
  /// For `fault_body::custom`: any bytes.
  std::string body_text = {};
  /// Its `Content-Type`.
  std::string content_type = "application/json";
  /// The error's `error_source`. Default of this and the next three: what suits the status, so `shipengine`,
  /// `system`, `rate_limit_exceeded` for 429.
  std::string error_source = {};
  /// The error's `error_type`.
  std::string error_type = {};
  /// The error's `error_code`.
  std::string error_code = {};
  /// The error's `message`.
  std::string error_message = {};
  /// The value of a `Retry-After` header, sent as it is. Default: no header.
  std::optional<std::string> retry_after = std::nullopt;
  /// More header lines, `Name: value`, without their line ends; sent as they are.
  std::vector<std::string> headers = {};
  /// One more header of about so many bytes.
  std::size_t header_padding = 0;
  /// So many blanks behind the body (JSON stays valid), counted in its length.
  std::size_t body_padding = 0;
  /// So many interim replies first.
  unsigned interim = 0;
  /// Their status: 100 to 199. Default: Early Hints.
  unsigned interim_status = 103;
  /// These bytes are sent instead of a reply, whatever they are. Over HTTP/2: on the connection, between two
  /// frames; the stream gets nothing else.
  std::optional<std::string> raw_reply = std::nullopt;
  /// Whether `$TOKEN`, `$REDIRECT_URL`, `$BODY` and `$LENGTH` in it are replaced by those of the right
  /// answer.
  bool raw_expands = false;

  // --- How it is framed and sent.

  /// How the body's end is told. Over HTTP/2 always by END_STREAM: all but `content_length` leave that header
  /// out, and `chunked` sends two DATA.
  body_framing framing = body_framing::content_length;
  /// Sends `Connection: close`, and closes after the reply. Over HTTP/2: a GOAWAY before the reply.
  bool announce_close = false;
  /// Sends `Keep-Alive: timeout=N`. It is not acted on. HTTP/2 has no such thing: nothing is sent.
  std::optional<unsigned> keep_alive_timeout = std::nullopt;
  /// So many bytes more are promised by `Content-Length` than come; then the connection ends (`close` if
  /// `end` is `keep`). Over HTTP/2 END_STREAM comes instead of the end; if `end` isn't `keep`, that without
  /// it.
  std::size_t missing_bytes = 0;
  /// Bytes behind the complete reply, in the same write. Over HTTP/2: one more DATA on the closed stream.
  std::string extra_bytes = {};
  /// Sends one byte, waits so long, sends the next. 0, the default: all at once. Over HTTP/2: the body, one
  /// byte a DATA.
  std::chrono::milliseconds drip{0};
  /// Sends each byte in a TLS record of its own.
  bool one_byte_records = false;

  // --- How the connection ends.

  /// What becomes of it.
  connection_end end = connection_end::keep;
  /// When that happens.
  end_point end_at = end_point::after_reply;
  /// After how many bytes of the reply, for `end_point::inside_reply`.
  std::size_t end_after = 0;

  // --- The handshake.

  /// What becomes of it. A fault with this set counts connections instead of requests, and does nothing else.
  handshake_fault handshake = handshake_fault::none;

  // --- HTTP/2 alone.

  /// What goes wrong over HTTP/2 alone; requests over HTTP/1.1 pass by such a fault, uncounted.
  http2_fault http2 = {};

  /// These bytes as the reply; then the connection stays as it is.
  EPHEMINT_SANDBOX_EXPORT static fault raw(std::string bytes);
  /// HTTP/2: a refused stream, which the API has surely not seen.
  EPHEMINT_SANDBOX_EXPORT static fault refuse();
  /// HTTP/2: RST_STREAM.
  EPHEMINT_SANDBOX_EXPORT static fault reset_stream(http2_error, reset_point = reset_point::before_reply);
  /// HTTP/2: a GOAWAY.
  EPHEMINT_SANDBOX_EXPORT static fault go_away(http2_error = http2_error::no_error,
                                               goaway_reach = goaway_reach::this_request);
  /// HTTP/2: SETTINGS that allow so many streams at once.
  EPHEMINT_SANDBOX_EXPORT static fault limit_streams(std::uint32_t most);
};

/// Reads a fault from one line of `name=value` parts with commas between them, as `--fault` takes it:
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
/// Over HTTP/2 alone, with CODE an error's name (`REFUSED_STREAM`) or its number:
///
/// - the stream: `refuse rst=CODE[:before|inside|after] unfinished silent`
/// - its frames: `trailer=TEXT padding=N continuations=N data_size=N empty_data=N`
/// - the connection: `goaway=CODE[:this|earlier|every|ID] max_streams=N ping[=N]`
/// - its beginning: `settings_delay=DUR window=N`, also with `max_streams`
///
/// A value in double quotes may hold commas and the escapes \r \n \t \0 \" \\ \xHH. Durations have a unit:
/// ms, s, min, h. Throws `std::invalid_argument` that names the bad part and says what is right.
EPHEMINT_SANDBOX_EXPORT fault parse_fault(std::string_view spec);

}  // namespace ephemint::inline v0::sandbox
