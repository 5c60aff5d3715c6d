#pragma once

#include "reply.hpp"

#include <ephemint/sandbox/fault.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::sandbox {

struct header_field {
  std::string name;
  std::string value;

  friend bool operator==(const header_field&, const header_field&) = default;
};
using header_fields = std::vector<header_field>;

/// What a stream is sent, as HTTP/2 has it.
struct http2_reply {
  unsigned interim = 0;
  unsigned interim_status = 103;
  header_fields head = {};
  std::string body = {};
  header_fields trailers = {};
  /// Whether END_STREAM comes.
  bool finishes = true;
  /// The most bytes in one DATA. 0: what fits.
  std::size_t data_size = 0;
  /// Whether each DATA but the first is asked for by `http2_peer::go_on()`.
  bool paced = false;
  unsigned padding = 0;
};

/// What happens on an HTTP/2 connection in answer to one request.
struct http2_exchange {
  std::chrono::microseconds delay{0};
  http2_reply reply = {};
  /// Everything that HTTP/2 alone can show.
  http2_fault own = {};
  /// Bytes on the connection instead of the reply.
  std::optional<std::string> raw = std::nullopt;
  /// Bytes in one more DATA behind the reply.
  std::string extra = {};
  std::chrono::milliseconds drip{0};
  bool one_byte_records = false;
  connection_end end = connection_end::keep;
  end_point end_at = end_point::after_reply;
  std::size_t end_after = 0;
  /// The status that the stream is sent, or 0.
  unsigned status = 0;
};

/// The last stream id of a GOAWAY in answer to that stream's request.
std::uint32_t last_stream_of(const goaway&, std::uint32_t stream);

/// Whether such a fault keeps a stream's request from the API: by a refusal, or by a GOAWAY that doesn't
/// reach it.
bool keeps_from_api(const http2_fault&, std::uint32_t stream);

/// `Name: value` as HTTP/2 writes it, the name in small letters.
header_field to_field(std::string_view line);

/// The reply as HTTP/2's frames have it, sent and ended as the fault wants it.
http2_exchange to_http2_exchange(reply, const fault&, const request&);

}  // namespace ephemint::inline v0::sandbox
