#pragma once

#include <ephemint/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::redis {

/// A reply of the protocol's second version (RESP2).
struct resp_value {
  enum class kind : std::uint8_t { nil, integer, text, status, error, array };
  kind what = kind::nil;
  std::int64_t integer = 0;
  std::string text{};  ///< of a text, a status or an error: any bytes
  std::vector<resp_value> elements{};
};

/// The bytes of a command. They are a secret, as some commands hold a password.
///
/// Throws `std::bad_alloc`.
secret resp_command(std::span<const std::string_view> words);

/// Takes a server's bytes, in pieces of any size, and gives its replies.
///
/// The server isn't trusted: the size of a reply is bounded, and memory is allocated for what has come, never
/// for what is announced. What was read is overwritten on destruction, as a server may repeat in an error
/// what it was sent.
class resp_reader {
 public:
  /// Far more than any expected reply: `INFO server` has some 1,500 bytes.
  static constexpr std::size_t longest_reply = 64 * 1024;
  static constexpr std::size_t most_elements = 1024;  ///< of one array
  static constexpr std::size_t deepest = 4;           ///< arrays in arrays

  /// Throws `std::bad_alloc`.
  resp_reader();
  ~resp_reader();
  resp_reader(const resp_reader&) = delete;
  resp_reader& operator=(const resp_reader&) = delete;

  /// Takes the next bytes. Throws `std::bad_alloc`; then the reader can't be used any more.
  void feed(std::string_view bytes);
  /// The next complete reply; none if there is none yet, or none ever again if there is a `problem`. Throws
  /// `std::bad_alloc`.
  std::optional<resp_value> next();
  /// What is wrong with the bytes, in our own words; empty: nothing.
  std::string_view problem() const noexcept;

 private:
  struct parser;
  std::unique_ptr<parser> parser_;
};

}  // namespace ephemint::inline v0::redis
