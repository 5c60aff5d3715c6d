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
  const char* rule;  ///< what is said of a value that `read` refuses
  bool (*read)(simdjson::dom::element value, To& to);
};

/// What is wrong with a JSON object.
struct json_fault {
  const char* what;                   ///< our own words
  std::optional<std::string> name{};  ///< the sender's: of a member that isn't known, or comes twice
};

/// Reads an object that has none but the known members, and each of them once: of two, parsers differ in
/// which they believe. Throws `std::bad_alloc`.
template <class To, std::size_t Count>
std::optional<json_fault> read_json_object(std::string_view text,
                                           std::span<const json_member<To>, Count> known, To& to) {
  constexpr std::size_t deepest = 16;  // ours have one level
  const json_fault no_object{"the body isn't a JSON object in UTF-8"};
  // simdjson may be given no null pointer; and a byte order mark is skipped by some.
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

/// Empty if it is no text.
inline std::string_view json_text(simdjson::dom::element value) noexcept {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

}  // namespace ephemint::inline v0::gateway
