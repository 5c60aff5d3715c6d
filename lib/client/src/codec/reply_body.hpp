#pragma once

#include "codec/untrusted_text.hpp"

#include <ephemint/error.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::detail {

/// The API keys that a server may echo: they are removed from its texts.
using known_keys = std::vector<std::string_view>;

/// What the top level of a reply's JSON says.
struct reply_fields {
  /// Why no token can be taken from this body, as text for a message; null if its form is right.
  const char* fault = nullptr;
  /// Each is set if the body has it as a string; a `redirect_url` of `null` counts as absent. Views into the
  /// reader's memory, valid until `forget()` or the next `read()`.
  std::optional<std::string_view> token;
  std::optional<std::string_view> redirect_url;
  std::string_view request_id;  ///< unchecked, perhaps empty: see `is_request_id` and `secrets_of`
  std::vector<api_error> errors;
};

/// Takes a reply's body apart; keeps the JSON parser's memory for the next one. Not thread-safe.
class body_reader {
 public:
  static constexpr std::size_t max_size = std::size_t{64} * 1024;
  static constexpr std::size_t max_depth = 16;
  static constexpr std::size_t max_errors = 16;
  static constexpr std::size_t max_message = 512;
  static constexpr std::size_t max_name = 64;  ///< characters kept of an enumeration value that we don't know
  static constexpr std::size_t max_field = 128;

  /// Reads the keys for each reply: they must outlive the reader.
  explicit body_reader(const known_keys&);
  ~body_reader();

  /// Parses in place: 64 readable bytes must follow `body`. Throws `std::bad_alloc` only.
  reply_fields read(std::string_view body);

  /// Overwrites the copies of the token that the parser made.
  void forget(const reply_fields&) noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Hides these fields' secrets, and the keys, in a reply's texts. Valid as long as the fields and the keys.
redactor secrets_of(const reply_fields&, const known_keys&) noexcept;

/// Whether this can be a request id: 1 to 128 visible ASCII characters.
bool is_request_id(std::string_view) noexcept;

}  // namespace ephemint::inline v0::detail
