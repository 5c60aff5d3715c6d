#include "http2_frames.hpp"

#include <algorithm>

namespace ephemint::inline v0::sandbox {
namespace {

constexpr std::uint8_t flag_padded = 8;

void append_number(std::string& to, std::uint32_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) to += static_cast<char>(number >> shift & 0xff);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t number = 0;
  for (const char c : bytes.substr(at, count)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

void append_head(std::string& to, const frame_head& head) {
  append_number(to, static_cast<std::uint32_t>(head.length), 3);
  to += static_cast<char>(head.type);
  to += static_cast<char>(head.flags);
  append_number(to, head.stream, 4);
}

std::string frame(frame_type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string bytes;
  append_head(bytes, {payload.size(), type, flags, stream});
  return bytes.append(payload);
}

std::string_view part(std::string_view block, std::size_t size, std::size_t which) {
  const std::size_t at = std::min(which * size, block.size());
  return block.substr(at, size);
}

}  // namespace

frame_head read_frame_head(std::string_view bytes) {
  return {number_at(bytes, 0, 3), static_cast<frame_type>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
          number_at(bytes, 5, 4)};
}

std::string data_frame(std::uint32_t stream, std::string_view bytes) {
  return frame(frame_type::data, 0, stream, bytes);
}

std::string rst_stream_frame(std::uint32_t stream, http2_error code) {
  std::string payload;
  append_number(payload, static_cast<std::uint32_t>(code), 4);
  return frame(frame_type::rst_stream, 0, stream, payload);
}

std::string goaway_frame(std::uint32_t last_stream, http2_error code) {
  std::string payload;
  append_number(payload, last_stream, 4);
  append_number(payload, static_cast<std::uint32_t>(code), 4);
  return frame(frame_type::goaway, 0, 0, payload);
}

std::string cut_headers(std::string_view bytes, unsigned continuations) {
  const frame_head head = read_frame_head(bytes);
  std::string_view block = bytes.substr(frame_head::size);
  std::string_view padding;
  const bool padded = (head.flags & flag_padded) != 0;
  if (padded) {  // padding stays in the HEADERS: a CONTINUATION can't have any
    const auto size = static_cast<unsigned char>(block.front());
    padding = block.substr(block.size() - size);
    block = block.substr(1, block.size() - 1 - size);
  }
  const std::size_t size = std::max<std::size_t>(1, (block.size() + continuations) / (continuations + 1));
  std::string first;
  if (padded) first += static_cast<char>(padding.size());
  (first += part(block, size, 0)) += padding;
  const auto open = static_cast<std::uint8_t>(head.flags & ~flag_end_headers);
  std::string cut = frame(frame_type::headers, open, head.stream, first);
  for (unsigned i = 1; i <= continuations; ++i)
    cut += frame(frame_type::continuation, i == continuations ? flag_end_headers : 0, head.stream,
                 part(block, size, i));
  return cut;
}

void replace_setting(std::string& frame, std::uint16_t id, std::uint32_t value) {
  constexpr std::size_t entry = 6;
  for (std::size_t at = frame_head::size; at + entry <= frame.size(); at += entry) {
    if (number_at(frame, at, 2) != id) continue;
    std::string text;
    append_number(text, value, 4);
    frame.replace(at + 2, 4, text);
  }
}

}  // namespace ephemint::inline v0::sandbox
