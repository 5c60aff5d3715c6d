#include "tickets/link_keys.hpp"

#include "text/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace ephemint::inline v0::gateway {
namespace {

bool has_kid(std::span<const link_key> keys, std::string_view kid) {
  return std::ranges::find(keys, kid, &link_key::kid) != keys.end();
}

/// Appends the key on that line, or returns what is wrong and what is right.
const char* add_key(std::string_view line, std::vector<link_key>& keys) {
  const std::string_view kid = take_word(line);
  const std::string_view text = take_word(line);
  if (text.empty() || !take_word(line).empty()) return "is not a kid and its secret; give those two words";
  if (has_kid(keys, kid)) return "has a kid that another line has; give each key its own";
  keys.push_back({std::string{kid}, secret{text}});
  return fault_of(keys.back());
}

}  // namespace

const char* fault_of(const link_key& key) noexcept {
  constexpr std::size_t shortest_text = 32, longest_text = 512;
  if (!is_name(key.kid)) return "has a kid that can't be; give 1 to 64 of A-Z a-z 0-9 _ - .";
  const std::string_view text = key.text.reveal();
  if (text.size() < shortest_text || text.size() > longest_text)
    return "has a secret that is too short or too long; give 32 to 512 characters";
  if (std::any_of(text.begin(), text.end(), [](char c) { return c < 0x21 || c > 0x7e; }))
    return "has a secret with a character that is not visible ASCII; give 32 to 512 that are";
  return nullptr;
}

void check_link_keys(std::span<const link_key> keys, std::string_view option_name) {
  if (keys.empty())
    throw std::invalid_argument{fmt::format("{}: there is no key; give at least one", option_name)};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const char* const fault = has_kid(keys.first(i), keys[i].kid)
                                  ? "has a kid that another has; give each key its own"
                                  : fault_of(keys[i]);
    if (fault) throw std::invalid_argument{fmt::format("{}: key {} {}", option_name, i + 1, fault)};
  }
}

std::vector<link_key> parse_link_keys(std::string_view text) {
  std::vector<link_key> keys;
  each_line(text, [&keys](std::string_view line) { return add_key(line, keys); });
  if (keys.empty()) throw std::invalid_argument{"there is no link key; give lines of a kid and its secret"};
  return keys;
}

}  // namespace ephemint::inline v0::gateway
