#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::net {

/// A reply's status line and header fields, parsed.
struct reply_head {
  /// A field's value as a range of the parsed text, which may move before the value is used.
  struct part {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    std::string_view of(const char* text) const noexcept { return {text + begin, size}; }
  };
  enum class framing : std::uint8_t { none, length, chunked, until_close };

  int status = 0;
  framing body = framing::none;
  std::size_t length = 0;  ///< `framing::length` only; at most what `parse_head` was given
  /// Why the body is refused although the head is valid; empty: it isn't refused.
  std::string body_fault;
  /// The server will take another request on this connection: HTTP/1.1, no `close`, and a body with a known
  /// end.
  bool keeps_alive = false;
  std::optional<std::chrono::seconds> keep_alive;

  part content_type;
  part request_id;
  part retry_after;
  part date;

  bool interim() const noexcept { return status < 200; }
};

/// Parses one whole head, up to and including its empty line. The caller has checked that each line ends in
/// CRLF and none begins with a blank. Returns why the head is refused. If that is empty the reply's status is
/// valid, even if its body is refused.
std::string parse_head(std::string_view text, std::size_t max_body, reply_head&);

/// `timeout=5, max=100`. Unknown parameters are skipped, as it is only a hint.
struct keep_alive_hint {
  std::optional<std::chrono::seconds> timeout;
  bool last_request = false;  ///< `max=0`
};
keep_alive_hint parse_keep_alive(std::string_view value);

}  // namespace ephemint::inline v0::net
