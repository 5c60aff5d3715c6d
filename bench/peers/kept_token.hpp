#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace ephemint::bench {

/// What a careful user of an HTTP library does with a reply: one simdjson parser for all of them, the two
/// strings copied out.
class token_keeper {
 public:
  /// Keeps what is in `body`, and says what is wrong with it; null if nothing. It should have room for
  /// simdjson's padding behind it
  /// (`reply_capacity`), else it is copied first.
  const char* keep(int status, const std::string& body);

 private:
  simdjson::dom::parser parser_;
  std::string token_;
  std::string redirect_url_;
};

/// Room for the reply and for simdjson's padding.
inline constexpr std::size_t reply_capacity = 4096;

}  // namespace ephemint::bench
