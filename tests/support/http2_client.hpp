#pragma once

#include "support/http2_frames.hpp"
#include "support/http2_header_decoder.hpp"
#include "support/sandbox_fixture.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// What came for one stream.
struct http2_answer {
  std::vector<unsigned> interim = {};
  unsigned status = 0;
  http2::field_list head = {};
  std::string body = {};
  http2::field_list trailers = {};
  /// Whether END_STREAM came.
  bool complete = false;
  std::optional<http2::error_code> reset = std::nullopt;

  /// The value of a header, or an empty text.
  std::string header(std::string_view name) const;
};

/// One HTTP/2 connection to a sandbox, its frames written and read by hand; blocking, as its base is.
class http2_client : public blocking_client {
 public:
  /// Handshake, preface and SETTINGS.
  explicit http2_client(const sandbox::server&, std::string_view settings = http2::settings());
  http2_client(const sandbox::server&, client_settings, std::string_view settings = http2::settings());

  /// Begins a request for a token: its stream.
  std::uint32_t ask(std::string_view account = "se-1");
  /// The same with the given fields instead of its own.
  std::uint32_t ask(const http2::field_list& fields, bool ends = true);
  /// Reads until the stream has ended, or the connection has.
  http2_answer answer(std::uint32_t stream);
  http2_answer mint(std::string_view account = "se-1") { return answer(ask(account)); }
  /// Reads one frame and records it; nothing at the connection's end.
  std::optional<http2::received_frame> read_frame();
  /// Reads until a frame fits: that one, or nothing at the connection's end.
  std::optional<http2::received_frame> read_until(
      const std::function<bool(const http2::received_frame&)>& fits);
  std::optional<http2::received_frame> read_until(http2::frame_type);

  /// Whether SETTINGS and PING are answered.
  bool answers = true;
  /// All frames that came, without acknowledgements.
  std::vector<http2::received_frame> frames;
  /// The fields of a request for a token.
  http2::field_list token_fields(std::string_view account) const;
  std::uint32_t latest_stream() const { return next_stream_ - 2; }

 private:
  void note(const http2::received_frame&);
  void note_block(http2_answer&, std::string_view block, bool ends);

  std::string key_;
  http2::frame_reader reader_;
  http2::header_decoder decoder_;
  std::map<std::uint32_t, http2_answer> answers_;
  std::string block_;
  std::uint8_t block_flags_ = 0;
  std::uint32_t next_stream_ = 1;
};

/// The value of a setting in a SETTINGS' payload.
std::optional<std::uint32_t> setting_in(const http2::received_frame&, http2::setting);

inline client_settings offering(const sandbox::server& server, std::string protocols) {
  client_settings settings = trusting(server);
  settings.alpn = std::move(protocols);
  return settings;
}
inline client_settings offering_http2(const sandbox::server& server) {
  return offering(server, "\x02h2\x08http/1.1");
}

}  // namespace ephemint::test
