#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::gateway {

/// Writes one JSON object, member by member. Control characters are escaped, and if a text isn't valid UTF-8
/// its non-ASCII bytes become U+FFFD. So the result is always valid JSON on one line.
class json_object {
 public:
  /// `room`: up to this many characters it doesn't grow, which would leave copies of a secret in memory.
  explicit json_object(std::size_t room = 0) { out_.reserve(room); }

  json_object& text(std::string_view name, std::string_view value);
  json_object& number(std::string_view name, std::int64_t value);
  /// Adds `json` unchanged.
  json_object& json(std::string_view name, std::string_view json);

  std::string take() && { return std::move(out_ += out_.empty() ? "{}" : "}"); }

 private:
  void begin(std::string_view name);
  void append(std::string_view text);

  std::string out_;
};

}  // namespace ephemint::inline v0::gateway
