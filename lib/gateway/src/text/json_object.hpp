#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::gateway {

/// Writes one JSON object, member by member. Control characters are escaped, and in a text that isn't UTF-8
/// what isn't ASCII becomes U+FFFD: the outcome is valid JSON in one line, whatever it is given.
class json_object {
 public:
  /// `room`: so many characters may come without memory that a secret is left in.
  explicit json_object(std::size_t room = 0) { out_.reserve(room); }

  json_object& text(std::string_view name, std::string_view value);
  json_object& number(std::string_view name, std::int64_t value);
  /// `json` as it is.
  json_object& json(std::string_view name, std::string_view json);

  std::string take() && { return std::move(out_ += out_.empty() ? "{}" : "}"); }

 private:
  void begin(std::string_view name);
  void append(std::string_view text);

  std::string out_;
};

}  // namespace ephemint::inline v0::gateway
