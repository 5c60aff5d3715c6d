#include "http2_frames.hpp"

namespace ephemint::test::http2 {

namespace {

constexpr std::size_t head_size = 9;

std::string text_of(std::string_view text) {
  constexpr int length_bits = 7;
  return integer(0, length_bits, text.size()) + std::string{text};
}

}  // namespace

std::string two_bytes(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

std::string four_bytes(std::uint32_t value) {
  return two_bytes(static_cast<std::uint16_t>(value >> 16)) +
         two_bytes(static_cast<std::uint16_t>(value & 0xffff));
}

std::string frame_head(std::uint32_t length, frame_type type, std::uint8_t flags, std::uint32_t stream) {
  std::string head = four_bytes(length).substr(1);
  head += static_cast<char>(type);
  head += static_cast<char>(flags);
  return head + four_bytes(stream);
}

std::string frame(frame_type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return frame_head(static_cast<std::uint32_t>(payload.size()), type, flags, stream).append(payload);
}

std::string settings(const settings_list& list) {
  std::string payload;
  for (const auto& [id, value] : list)
    payload += two_bytes(static_cast<std::uint16_t>(id)) + four_bytes(value);
  return frame(frame_type::settings, 0, 0, payload);
}

std::string settings_ack() { return frame(frame_type::settings, flag::ack, 0); }

std::string ping(std::string_view bytes, bool is_ack) {
  return frame(frame_type::ping, is_ack ? flag::ack : 0, 0, bytes);
}

std::string goaway(std::uint32_t last_stream, error_code code, std::string_view debug) {
  return frame(frame_type::goaway, 0, 0,
               four_bytes(last_stream) + four_bytes(static_cast<std::uint32_t>(code)) + std::string{debug});
}

std::string rst_stream(std::uint32_t stream, error_code code) {
  return frame(frame_type::rst_stream, 0, stream, four_bytes(static_cast<std::uint32_t>(code)));
}

std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(frame_type::window_update, 0, stream, four_bytes(increment));
}

std::string data(std::uint32_t stream, std::string_view bytes, bool ends) {
  return frame(frame_type::data, ends ? flag::end_stream : 0, stream, bytes);
}

std::string padded_data(std::uint32_t stream, std::string_view bytes, std::uint8_t padding, bool ends) {
  const auto flags = static_cast<std::uint8_t>(flag::padded | (ends ? flag::end_stream : 0));
  std::string payload{static_cast<char>(padding)};
  return frame(frame_type::data, flags, stream, payload.append(bytes).append(padding, '\0'));
}

std::string integer(std::uint8_t pattern, int prefix, std::size_t value) {
  const std::size_t most = (std::size_t{1} << prefix) - 1;
  if (value < most) return {static_cast<char>(pattern | value)};
  std::string bytes{static_cast<char>(pattern | most)};
  for (value -= most; value >= 128; value /= 128) bytes += static_cast<char>(value % 128 | 128);
  return bytes += static_cast<char>(value);
}

std::string literal(std::string_view name, std::string_view value) {
  return integer(0, 4, 0) + text_of(name) + text_of(value);
}

std::string remembered(std::string_view name, std::string_view value) {
  return integer(0x40, 6, 0) + text_of(name) + text_of(value);
}

std::string indexed(std::size_t index) { return integer(0x80, 7, index); }

std::string block(const field_list& fields) {
  std::string all;
  for (const auto& [name, value] : fields) all += literal(name, value);
  return all;
}

std::string headers(std::uint32_t stream, std::string_view block, bool ends) {
  const auto flags = static_cast<std::uint8_t>(flag::end_headers | (ends ? flag::end_stream : 0));
  return frame(frame_type::headers, flags, stream, block);
}

std::string open_headers(std::uint32_t stream, std::string_view part, bool ends) {
  return frame(frame_type::headers, ends ? flag::end_stream : 0, stream, part);
}

std::string continuation(std::uint32_t stream, std::string_view part, bool ends_block) {
  return frame(frame_type::continuation, ends_block ? flag::end_headers : 0, stream, part);
}

std::optional<error_code> received_frame::code() const {
  const std::size_t offset = type == frame_type::goaway ? 4 : 0;
  if (payload.size() < offset + 4) return std::nullopt;
  return static_cast<error_code>(number_at(payload, offset));
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
  if (bytes.size() < offset + 4) return 0;
  std::uint32_t value = 0;
  for (const char c : bytes.substr(offset, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::optional<received_frame> frame_reader::next() {
  if (bytes_.size() < head_size) return std::nullopt;
  const std::size_t length = number_at(bytes_, 0) >> 8;
  if (bytes_.size() < head_size + length) return std::nullopt;
  received_frame one;
  one.type = static_cast<frame_type>(bytes_[3]);
  one.flags = static_cast<std::uint8_t>(bytes_[4]);
  one.stream = number_at(bytes_, 5) & 0x7fffffff;
  one.payload = bytes_.substr(head_size, length);
  bytes_.erase(0, head_size + length);
  return one;
}

std::optional<bool> frame_reader::skip_preface() {
  if (bytes_.size() < preface.size() && preface.starts_with(bytes_)) return std::nullopt;
  if (!bytes_.starts_with(preface)) return false;
  bytes_.erase(0, preface.size());
  return true;
}

}  // namespace ephemint::test::http2
