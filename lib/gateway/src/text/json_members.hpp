#pragma once

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::gateway {

/// A member that a JSON object may have.
template <class To>
struct json_member {
  std::string_view name;
  const char* rule;  ///< the message for a value that `read` refuses
  bool (*read)(simdjson::dom::element value, To& to);
};

/// What is wrong with a JSON object.
struct json_fault {
  const char* what;                   ///< in our own words
  std::optional<std::string> name{};  ///< from the sender: the name of an unknown or repeated member
};

/// Reads an object that may have only the known members, each at most once, as parsers differ in which of two
/// they use. Throws `std::bad_alloc`.
template <class To, std::size_t Count>
std::optional<json_fault> read_json_object(std::string_view text,
                                           std::span<const json_member<To>, Count> known, To& to) {
  constexpr std::size_t deepest = 16;  // ours have one level
  const json_fault no_object{"the body isn't a JSON object in UTF-8"};
  // simdjson must not get a null pointer, and some of its versions skip a byte order mark.
  if (text.empty() || text.starts_with("\xef\xbb\xbf")) return no_object;
  simdjson::dom::parser parser;
  simdjson::dom::object given;
  if (parser.allocate(text.size() + 1, deepest) != simdjson::SUCCESS) throw std::bad_alloc{};
  if (parser.parse(text.data(), text.size()).get(given) != simdjson::SUCCESS) return no_object;
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : given) {
    const auto one = std::ranges::find(known, name, &json_member<To>::name);
    if (one == known.end()) return json_fault{"unknown member", std::string{name}};
    if (std::ranges::find(seen, name) != seen.end())
      return json_fault{"a member comes twice", std::string{name}};
    seen.push_back(name);
    if (!one->read(value, to)) return json_fault{one->rule};
  }
  return std::nullopt;
}

/// The string; empty for any other type.
inline std::string_view json_text(simdjson::dom::element value) noexcept {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

}  // namespace ephemint::inline v0::gateway
