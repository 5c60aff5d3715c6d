#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace ephemint::bench {

/// A text as a JSON string, with quotes.
inline std::string in_json(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

/// An array with a line for each of `all`; `json_of` makes a JSON text of it.
template <class Range, class Function>
std::string json_array(const Range& all, Function json_of) {
  std::string lines;
  for (const auto& one : all) {
    lines += lines.empty() ? "\n" : ",\n";
    lines += json_of(one);
  }
  return '[' + lines + "\n]";
}

/// Writes a JSON object, a member at a time.
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
  json_object& add(std::string_view name, std::string_view value) { return add_text(name, in_json(value)); }
  json_object& add(std::string_view name, const json_object& value) { return add_text(name, value.text()); }

  /// `value` is JSON already.
  json_object& add_text(std::string_view name, std::string_view value) {
    if (!members_.empty()) members_ += ", ";
    members_ += in_json(name);
    members_ += ": ";
    members_ += value;
    return *this;
  }

  std::string text() const { return '{' + members_ + '}'; }

 private:
  std::string members_;
};

}  // namespace ephemint::bench
