#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace ephemint::bench {

/// Writes a JSON object, a member at a time. Names and texts here are our own: nothing in them needs more
/// than quotes and backslashes escaped.
class json_object {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> json_object& add(std::string_view name, T value) {
    if constexpr (std::same_as<T, bool>)
      return add_text(name, value ? "true" : "false");
    else if constexpr (std::floating_point<T>)
      return add_text(name, fmt::format("{:.6g}", value));
    else
      return add_text(name, fmt::format("{}", value));
  }
  json_object& add(std::string_view name, std::string_view value) { return add_text(name, quoted(value)); }
  json_object& add(std::string_view name, const json_object& value) { return add_text(name, value.text()); }

  /// `value` is JSON already.
  json_object& add_text(std::string_view name, std::string_view value) {
    if (!members_.empty()) members_ += ", ";
    members_ += quoted(name);
    members_ += ": ";
    members_ += value;
    return *this;
  }

  std::string text() const { return '{' + members_ + '}'; }

 private:
  static std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out += '"';
  }

  std::string members_;
};

}  // namespace ephemint::bench
