#pragma once

#include "http2_frames.hpp"
#include "scripted_server.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::test {

/// The server's end of one HTTP/2 connection, for a script: reads frames, writes them by hand.
class http2_script {
 public:
  explicit http2_script(peer& client) : client_{client} {}

  /// Does the handshake, reads the preface, and sends its settings.
  bool begin(const http2::settings_list& list = {}) {
    if (!client_.shake_hands() || !client_.write(http2::settings(list))) return false;
    std::optional<bool> seen;
    while (!(seen = reader_.skip_preface())) {
      const std::string more = client_.read_some();
      if (more.empty()) return false;
      ++reads_;
      reader_.take(more);
    }
    return *seen;
  }
  /// The next frame of that type; none if the client ends first.
  std::optional<http2::received_frame> next(http2::frame_type type) {
    for (;;) {
      while (auto one = reader_.next())
        if (one->type == type) return one;
      const std::string more = client_.read_some();
      if (more.empty()) return std::nullopt;
      ++reads_;
      reader_.take(more);
    }
  }
  /// The stream of the next request; 0 if the client ends.
  std::uint32_t request() {
    const auto one = next(http2::frame_type::headers);
    return one ? one->stream : 0;
  }
  bool write(std::string_view bytes) { return client_.write(bytes); }
  static std::string answer(std::uint32_t stream, std::string_view body = "token") {
    return http2::headers(stream, http2::block({{":status", "200"}})) + http2::data(stream, body, true);
  }
  /// TLS records of the client's that were read.
  int reads() const noexcept { return reads_; }
  peer& raw() noexcept { return client_; }

 private:
  peer& client_;
  http2::frame_reader reader_;
  int reads_ = 0;
};

}  // namespace ephemint::test
