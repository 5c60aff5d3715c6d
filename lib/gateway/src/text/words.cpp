#include "text/words.hpp"

#include <boost/url/grammar/ci_string.hpp>

namespace ephemint::inline v0::gateway {

bool same_word(std::string_view one, std::string_view other) noexcept {
  return boost::urls::grammar::ci_is_equal(one, other);
}

bool is_name(std::string_view text) noexcept {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
  return !text.empty() && text.size() <= 64 && text.find_first_not_of(allowed) == text.npos;
}

std::optional<portal_page> page_named(std::string_view name) noexcept {
  for (const portal_page page : {portal_page::carriers, portal_page::billing, portal_page::onboarding})
    if (name == to_string(page)) return page;
  return std::nullopt;
}

bool is_theme_id(std::string_view text) noexcept {
  constexpr std::string_view shape = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
  const auto fits = [](char c, char place) {
    constexpr std::string_view digits = "0123456789abcdefABCDEF";
    return place == '-' ? c == '-' : digits.find(c) != digits.npos;
  };
  return std::ranges::equal(text, shape, fits);
}

std::string_view take_word(std::string_view& line) noexcept {
  constexpr std::string_view blanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace ephemint::inline v0::gateway
