#pragma once

#include "codec/http_reply.hpp"
#include "net/wire/wiped_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ephemint::inline v0::net {

/// One stream's reply: blocks of fields and pieces of data in, one `http_reply` out. Every limit applies to
/// the whole stream, so that no server can make it grow. HTTP/2's own rules for fields are checked before
/// they come here.
class http2_reply {
 public:
  enum class status : std::uint8_t {
    incomplete,
    complete,      ///< the whole reply has come
    body_refused,  ///< the head is valid, the body is refused: `reply()` says why
    refused,       ///< `problem()` says why
  };

  /// Each of these returns the reply's present status, and ignores what comes after its end. They throw
  /// `std::bad_alloc`.
  ///
  /// A frame of the stream has come; `size`: its bytes, including head and padding.
  status on_frame(std::size_t size);
  status on_field(std::string_view name, std::string_view value);
  status on_block_end();
  status on_data(std::string_view bytes);
  /// The server has ended the stream.
  status on_end();

  status now() const noexcept { return status_; }
  /// Whether anything of it has come.
  bool begun() const noexcept { return bytes_ != 0; }
  /// Whether it needs a buffer, which must be given by `use` before `on_field`.
  bool needs_buffer() const noexcept { return !text_; }
  void use(std::unique_ptr<wiped_buffer> empty) noexcept { text_ = std::move(empty); }

  /// For a reply that is `complete` or `body_refused`. The views are valid until `reset`.
  detail::http_reply reply() const;
  /// One line, without any text of the server's.
  const std::string& problem() const noexcept { return problem_; }

  /// Refuses the reply for a reason that was found elsewhere.
  status refuse(std::string why);
  /// Ready for the next reply. Gives the buffer back.
  std::unique_ptr<wiped_buffer> reset() noexcept;

 private:
  struct part {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  void take_field(std::string_view name, std::string_view value);
  void take_length(std::string_view value);
  void take_retry_after(std::string_view value);
  part keep(std::string_view value);
  std::string_view text_of(part) const noexcept;
  bool interim() const noexcept { return code_ < 200; }
  bool has_no_body() const noexcept { return code_ < 200 || code_ == 204 || code_ == 304; }

  std::unique_ptr<wiped_buffer> text_;  // the parts of the head that are kept, followed by the body
  status status_ = status::incomplete;
  bool head_over_ = false;  // further fields are trailers
  bool retry_after_seen_ = false;
  bool coded_ = false;  // the body is encoded
  std::uint16_t code_ = 0;
  std::uint8_t interims_ = 0;
  std::uint32_t fields_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t bytes_ = 0;
  std::size_t body_size_ = 0;
  std::size_t declared_ = 0;
  part content_type_, request_id_, retry_after_, date_;
  std::uint32_t body_begin_ = 0;
  std::string problem_;  // or why the body is refused
};

}  // namespace ephemint::inline v0::net
