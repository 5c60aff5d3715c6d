#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP/2's frames (RFC 9113) and header blocks (RFC 7541), byte by byte, without the client's library, so
/// that a test's server can also write what a library would refuse.
namespace ephemint::test::http2 {

/// RFC 9113 §3.4: what a client begins with.
inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class frame_type : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation,
  altsvc,  ///< RFC 7838
};

namespace flag {
inline constexpr std::uint8_t ack = 1;
inline constexpr std::uint8_t end_stream = 1;
inline constexpr std::uint8_t end_headers = 4;
inline constexpr std::uint8_t padded = 8;
inline constexpr std::uint8_t priority = 0x20;
}  // namespace flag

enum class error_code : std::uint32_t {
  no_error,
  protocol_error,
  internal_error,
  flow_control_error,
  settings_timeout,
  stream_closed,
  frame_size_error,
  refused_stream,
  cancel,
  compression_error,
  connect_error,
  enhance_your_calm,
  inadequate_security,
  http_1_1_required,
};

enum class setting : std::uint16_t {
  header_table_size = 1,
  enable_push,
  max_concurrent_streams,
  initial_window_size,
  max_frame_size,
  max_header_list_size,
};

using settings_list = std::vector<std::pair<setting, std::uint32_t>>;

struct field {
  std::string name;
  std::string value;

  friend bool operator==(const field&, const field&) = default;
};
using field_list = std::vector<field>;

/// Any frame; nothing is checked.
std::string frame(frame_type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {});
/// Only a frame's first nine bytes, with any length.
std::string frame_head(std::uint32_t length, frame_type, std::uint8_t flags, std::uint32_t stream);

std::string settings(const settings_list& = {});
std::string settings_ack();
/// `bytes`: eight of them.
std::string ping(std::string_view bytes, bool is_ack = false);
std::string goaway(std::uint32_t last_stream, error_code, std::string_view debug = {});
std::string rst_stream(std::uint32_t stream, error_code);
std::string window_update(std::uint32_t stream, std::uint32_t increment);
std::string data(std::uint32_t stream, std::string_view bytes, bool ends = false);
/// With that many bytes of padding after it, at most 255.
std::string padded_data(std::uint32_t stream, std::string_view bytes, std::uint8_t padding,
                        bool ends = false);

/// Four bytes, or two, most significant first.
std::string four_bytes(std::uint32_t);
std::string two_bytes(std::uint16_t);

/// An integer of a header block: its low `prefix` bits go into the first byte beside `pattern`.
std::string integer(std::uint8_t pattern, int prefix, std::size_t value);
/// A field of its own, not indexed, no Huffman code.
std::string literal(std::string_view name, std::string_view value);
/// The same, remembered in the dynamic table.
std::string remembered(std::string_view name, std::string_view value);
/// A field that the tables know.
std::string indexed(std::size_t index);
/// Literals, one after the other.
std::string block(const field_list&);

/// A whole header block in one frame.
std::string headers(std::uint32_t stream, std::string_view block, bool ends = false);
/// The first part of a block; `continuation`s follow.
std::string open_headers(std::uint32_t stream, std::string_view part, bool ends = false);
std::string continuation(std::uint32_t stream, std::string_view part, bool ends_block = false);

/// A frame that came.
struct received_frame {
  frame_type type = frame_type::data;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  /// The error code of an RST_STREAM or a GOAWAY; nothing if the payload is too short.
  std::optional<error_code> code() const;
};

/// The number at that place, most significant byte first; 0 after the end.
std::uint32_t number_at(std::string_view bytes, std::size_t offset);

/// Splits bytes into frames.
class frame_reader {
 public:
  void take(std::string_view bytes) { bytes_ += bytes; }
  /// The next whole frame; nothing if it needs more bytes.
  std::optional<received_frame> next();
  /// Removes the client's preface. Returns whether it was there; nothing if it needs more bytes.
  std::optional<bool> skip_preface();

 private:
  std::string bytes_;
};

}  // namespace ephemint::test::http2
