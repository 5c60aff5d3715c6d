#pragma once

#include <ephemint/sandbox/http2_fault.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Frames that the HTTP/2 library of `http2_peer` can't write, byte by byte (RFC 9113 §4 and §6).

namespace ephemint::inline v0::sandbox {

enum class frame_type : std::uint8_t {
  data = 0,
  headers = 1,
  rst_stream = 3,
  settings = 4,
  goaway = 7,
  continuation = 9,
};

/// The nine bytes that each frame begins with.
struct frame_head {
  static constexpr std::size_t size = 9;

  std::size_t length = 0;
  frame_type type = frame_type::data;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
};

inline constexpr std::uint8_t flag_end_stream = 1;  // of DATA and HEADERS
inline constexpr std::uint8_t flag_ack = 1;         // of SETTINGS
inline constexpr std::uint8_t flag_end_headers = 4;

/// `bytes` must hold at least one.
frame_head read_frame_head(std::string_view bytes);

std::string data_frame(std::uint32_t stream, std::string_view bytes);
std::string rst_stream_frame(std::uint32_t stream, http2_error);
std::string goaway_frame(std::uint32_t last_stream, http2_error);

/// Splits the block of a whole HEADERS frame into a HEADERS and that many CONTINUATION frames.
std::string cut_headers(std::string_view frame, unsigned continuations);

/// Replaces a setting's value in a SETTINGS frame, if the frame has that setting.
void replace_setting(std::string& frame, std::uint16_t id, std::uint32_t value);

}  // namespace ephemint::inline v0::sandbox
