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

/// A reply in HTTP/2's form.
struct http2_reply {
  unsigned interim = 0;
  unsigned interim_status = 103;
  header_fields head = {};
  std::string body = {};
  header_fields trailers = {};
  /// Whether END_STREAM is sent.
  bool finishes = true;
  /// The most bytes in one DATA frame. 0: as many as fit.
  std::size_t data_size = 0;
  /// Whether each DATA frame but the first waits for `http2_peer::go_on()`.
  bool paced = false;
  unsigned padding = 0;
};

/// What happens on an HTTP/2 connection in answer to one request.
struct http2_exchange {
  std::chrono::microseconds delay{0};
  http2_reply reply = {};
  /// The faults of HTTP/2's own.
  http2_fault own = {};
  /// Bytes on the connection instead of the reply.
  std::optional<std::string> raw = std::nullopt;
  /// Bytes in one more DATA frame after the reply.
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

/// Whether the fault keeps a stream's request from the API: by a refusal, or by a GOAWAY whose last stream id
/// is lower.
bool keeps_from_api(const http2_fault&, std::uint32_t stream);

/// `Name: value` as an HTTP/2 field, with the name in lower case.
header_field to_field(std::string_view line);

/// The reply in HTTP/2's form, sent and ended as the fault says.
http2_exchange to_http2_exchange(reply, const fault&, const request&);

}  // namespace ephemint::inline v0::sandbox
