#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>

namespace ephemint::bench {

/// What is made of a reply.
struct kept_token {
  std::string token;
  std::string redirect_url;
};

/// What a careful user of an HTTP library does with a reply: one simdjson parser for all of them, the two
/// strings copied out.
class token_reader {
 public:
  /// Says what is wrong with the reply; null if nothing. `body` should have room for simdjson's padding
  /// behind it (`reply_capacity`), else it is copied first.
  const char* read(int status, const std::string& body, kept_token& into);

 private:
  simdjson::dom::parser parser_;
};

/// Room for the reply and for simdjson's padding.
inline constexpr std::size_t reply_capacity = 4096;

}  // namespace ephemint::bench
