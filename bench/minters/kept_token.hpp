#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>

namespace ephemint::bench {

/// The kept parts of a reply.
struct kept_token {
  std::string token;
  std::string redirect_url;
};

/// Parses replies as a careful user of an HTTP library does: one simdjson parser for all, and copies of the
/// two strings.
class token_reader {
 public:
  /// Returns what is wrong with the reply, or null. `body` should have room for simdjson's padding after it
  /// (`reply_capacity`), else it is copied first.
  const char* read(int status, const std::string& body, kept_token& into);

 private:
  simdjson::dom::parser parser_;
};

/// Room for the reply and for simdjson's padding.
inline constexpr std::size_t reply_capacity = 4096;

}  // namespace ephemint::bench
