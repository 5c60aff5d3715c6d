#include "portal_words.hpp"

#include <cstddef>

namespace ephemint::inline v0::gateway {

std::optional<portal_page> page_named(std::string_view name) noexcept {
  for (const portal_page page : {portal_page::carriers, portal_page::billing, portal_page::onboarding})
    if (name == to_string(page)) return page;
  return std::nullopt;
}

bool is_theme_id(std::string_view text) noexcept {
  constexpr std::string_view shape = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh",
                             digits = "0123456789abcdefABCDEF";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == '-' ? text[i] != '-' : digits.find(text[i]) == digits.npos) return false;
  return true;
}

}  // namespace ephemint::inline v0::gateway
