#pragma once

#include "codec/http_reply.hpp"
#include "net/wire/http1/chunk_decoder.hpp"
#include "net/wire/http1/reply_head.hpp"
#include "net/wire/reply_limits.hpp"
#include "net/wire/wiped_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ephemint::inline v0::net {

/// Parses the framing of replies: bytes in, in any pieces, one `http_reply` out. Every limit applies to the
/// whole reply, so that no server can make it grow.
class reply_parser {
 public:
  static constexpr std::size_t max_head = reply_limits::head;
  static constexpr std::size_t max_fields = reply_limits::fields;
  static constexpr std::size_t max_body = reply_limits::body;
  static constexpr std::size_t max_bytes = reply_limits::bytes;
  static constexpr int max_interim = reply_limits::interim;

  enum class status : std::uint8_t { incomplete, complete, refused };

  /// The buffer for the next bytes. Never empty.
  std::span<char> room() { return buffer_.room(); }
  /// That many bytes were put there. Bytes after a complete reply are never read.
  status commit(std::size_t size);
  /// The peer has ended the stream: with a close_notify (`clean`), or without.
  status end(bool clean);

  bool complete() const noexcept { return status_ == status::complete; }
  /// Whether only the body was refused: the head is valid.
  bool body_refused() const noexcept { return status_ == status::refused && in_body_; }
  /// Whether the head is complete: `reply().status` is valid, whatever happens to the body.
  bool head_complete() const noexcept { return in_body_; }
  /// How many bytes have come after the head.
  std::size_t behind_head() const noexcept { return buffer_.size() - body_begin_; }
  /// For a complete reply, or one whose body was refused. The views are valid until `reset`.
  detail::http_reply reply() const;
  /// Why it was refused or isn't complete: one line, without any text of the server's.
  const std::string& problem() const noexcept { return problem_; }
  /// Whether a byte of the reply has come.
  bool begun() const noexcept { return buffer_.size() != 0; }

  /// Wipes everything, ready for the next reply.
  void reset() noexcept;

 private:
  status parse();
  status parse_lines();
  status check_line(std::size_t end);
  status take_head(std::size_t end);
  status parse_body();
  status finish(std::size_t end);
  status refuse(std::string why);
  bool version_is_possible() const;

  wiped_buffer buffer_;
  status status_ = status::incomplete;
  bool in_body_ = false;
  bool surplus_ = false;
  int interims_ = 0;
  std::size_t head_begin_ = 0;
  std::size_t line_begin_ = 0;  // the line that isn't complete yet
  std::size_t searched_ = 0;    // up to here there is no further end of line
  std::size_t lines_ = 0;
  std::size_t body_begin_ = 0;
  std::size_t body_end_ = 0;
  std::size_t chunks_read_ = 0;
  reply_head head_;
  chunk_decoder chunks_{max_body};
  std::string problem_;
};

}  // namespace ephemint::inline v0::net
