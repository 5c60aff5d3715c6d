#include "http2_client.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

namespace ephemint::test {

using http2::frame_type;
using http2::received_frame;

std::string http2_answer::header(std::string_view name) const {
  for (const http2::field& f : head)
    if (f.name == name) return f.value;
  return {};
}

http2_client::http2_client(const sandbox::server& server, std::string_view settings)
    : http2_client{server, offering_http2(server), settings} {}

http2_client::http2_client(const sandbox::server& server, client_settings tls, std::string_view settings)
    : blocking_client{server.port(), std::move(tls)}, key_{server.api_key()} {
  EXPECT_TRUE(handshake());
  EXPECT_EQ(protocol(), "h2");
  send(std::string{http2::preface}.append(settings));
}

http2::field_list http2_client::token_fields(std::string_view account) const {
  return {{":method", "POST"},         {":scheme", "https"},
          {":authority", "localhost"}, {":path", "/v1/tokens/ephemeral?redirect=shipengine-dashboard"},
          {"api-key", key_},           {"on-behalf-of", std::string{account}}};
}

std::uint32_t http2_client::ask(std::string_view account) { return ask(token_fields(account)); }

std::uint32_t http2_client::ask(const http2::field_list& fields, bool ends) {
  const std::uint32_t stream = std::exchange(next_stream_, next_stream_ + 2);
  send(http2::headers(stream, http2::block(fields), ends));
  return stream;
}

http2_answer http2_client::answer(std::uint32_t stream) {
  while (!answers_[stream].complete && !answers_[stream].reset)
    if (!read_frame()) break;
  return answers_[stream];
}

std::optional<received_frame> http2_client::read_frame() {
  std::optional<received_frame> frame;
  while (!(frame = reader_.next())) {
    const std::string bytes = read_some();
    if (bytes.empty()) return std::nullopt;
    reader_.take(bytes);
  }
  note(*frame);
  return frame;
}

std::optional<received_frame> http2_client::read_until(
    const std::function<bool(const received_frame&)>& fits) {
  std::optional<received_frame> frame;
  do frame = read_frame();
  while (frame && !fits(*frame));
  return frame;
}

std::optional<received_frame> http2_client::read_until(frame_type type) {
  return read_until([type](const received_frame& f) { return f.type == type; });
}

void http2_client::note(const received_frame& frame) {
  const bool is_control = frame.type == frame_type::settings || frame.type == frame_type::ping;
  if (is_control && frame.has(http2::flag::ack)) return;
  frames.push_back(frame);
  if (answers && frame.type == frame_type::settings) send(http2::settings_ack());
  if (answers && frame.type == frame_type::ping) send(http2::ping(frame.payload, true));
  http2_answer& answer = answers_[frame.stream];
  std::string_view payload = frame.payload;
  const bool carries = frame.type == frame_type::data || frame.type == frame_type::headers;
  if (carries && frame.has(http2::flag::padded)) {
    const auto padding = static_cast<unsigned char>(payload.front());
    payload = payload.substr(1, payload.size() - 1 - padding);
  }
  switch (frame.type) {
    case frame_type::data:
      answer.body += payload;
      if (frame.has(http2::flag::end_stream)) answer.complete = true;
      break;
    case frame_type::rst_stream:
      answer.reset = frame.code();
      break;
    case frame_type::headers:
      block_ = payload;
      block_flags_ = frame.flags;
      break;
    case frame_type::continuation:
      block_ += payload;
      break;
    default:
      return;
  }
  const bool of_block = frame.type == frame_type::headers || frame.type == frame_type::continuation;
  if (of_block && frame.has(http2::flag::end_headers))
    note_block(answer, block_, (block_flags_ & http2::flag::end_stream) != 0);
}

void http2_client::note_block(http2_answer& answer, std::string_view block, bool ends) {
  const auto decoded = decoder_.decode(block);
  ASSERT_TRUE(decoded);
  http2::field_list fields;
  for (const auto& f : *decoded) fields.push_back({f.name, f.value});
  const bool has_status = !fields.empty() && fields.front().name == ":status";
  const auto status =
      has_status ? static_cast<unsigned>(std::strtoul(fields.front().value.c_str(), nullptr, 10)) : 0;
  if (status >= 100 && status < 200) {
    answer.interim.push_back(status);
  } else if (has_status) {
    answer.status = status;
    answer.head = std::move(fields);
  } else {
    answer.trailers = std::move(fields);
  }
  answer.complete = answer.complete || ends;
}

std::optional<std::uint32_t> setting_in(const received_frame& frame, http2::setting wanted) {
  constexpr std::size_t entry = 6;
  for (std::size_t at = 0; at + entry <= frame.payload.size(); at += entry) {
    const std::uint32_t id = http2::number_at(frame.payload, at) >> 16;
    if (id == static_cast<std::uint32_t>(wanted)) return http2::number_at(frame.payload, at + 2);
  }
  return std::nullopt;
}

}  // namespace ephemint::test
