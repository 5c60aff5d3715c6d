#pragma once

#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::net {

/// Removes the chunk framing from a body, in place and for any pieces. Strict: CRLF only, and no control
/// characters. Trailers are skipped, as they have no effect.
class chunk_decoder {
 public:
  enum class status : std::uint8_t { incomplete, complete, refused };

  /// The limits of the chunk extensions on one line, and of all trailers: far above anything seen. They only
  /// cost time.
  static constexpr std::size_t max_extension = 256;
  static constexpr std::size_t max_trailers = 4096;

  explicit chunk_decoder(std::size_t max_body) noexcept : max_body_{max_body} {}

  /// Reads `bytes[read, end)` and moves the body's bytes to `bytes[write…)`; `write <= read`, and both are
  /// advanced.
  status decode(char* bytes, std::size_t& read, std::size_t end, std::size_t& write);
  /// Why it was refused.
  const char* problem() const noexcept { return problem_; }

 private:
  enum class place : std::uint8_t {
    size_start,
    size,
    blank,
    extension,
    size_end,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_end,
    last_lf,
    over,
  };

  /// Takes one byte of framing. False: refused.
  bool take(unsigned char);
  bool take_size(unsigned char);
  bool take_trailer(unsigned char);
  bool expect(unsigned char got, char wanted, place next);
  bool refuse(const char* why);

  std::size_t max_body_;
  std::size_t total_ = 0;      // body bytes announced so far
  std::size_t remaining_ = 0;  // of the present chunk
  std::size_t line_ = 0;       // bytes of this extension, or of all trailers
  const char* problem_ = nullptr;
  place place_ = place::size_start;
};

}  // namespace ephemint::inline v0::net
