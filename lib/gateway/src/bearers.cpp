#include "bearers.hpp"

#include "lines.hpp"
#include "sha256.hpp"

#include <ephemint/account_id.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>

namespace ephemint::inline v0::gateway {
namespace {

bool is_bearer_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") ==
             text.npos;
}

bool is_account_pattern(std::string_view text) {
  if (text.ends_with('*')) text.remove_suffix(1);
  return text.find('*') == text.npos && (text.empty() || account_id{text}.valid());
}

bool read_hash(std::string_view digits, std::array<unsigned char, 32>& to) {
  if (digits.size() != 2 * to.size()) return false;
  for (unsigned char& byte : to) {
    const auto read = std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    if (read.ec != std::errc{} || read.ptr != digits.data() + 2) return false;
    digits.remove_prefix(2);
  }
  return true;
}

/// Appends the bearer of that line; otherwise says what is wrong, and what is right.
const char* add_bearer(std::string_view line, std::vector<bearer>& all) {
  bearer one;
  one.name = take_word(line);
  if (!is_bearer_name(one.name)) return "has a name that can't be; give 1 to 64 of A-Z a-z 0-9 _ - .";
  if (!read_hash(take_word(line), one.token_sha256))
    return "has no hash; give the 64 hexadecimal digits of the token's SHA-256 (printf %s TOKEN | sha256sum)";
  if (one.token_sha256 == sha256("")) return "has the hash of no token at all; is the variable set?";
  for (const bearer& other : all) {
    if (other.name == one.name) return "has a name that another line has; give each bearer its own";
    if (other.token_sha256 == one.token_sha256)
      return "has a token that another line has; give each bearer its own";
  }
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    if (!is_account_pattern(word))
      return "has an account that can't be; give visible ASCII, and * at its end alone";
    one.accounts.emplace_back(word);
  }
  all.push_back(std::move(one));
  return nullptr;
}

}  // namespace

std::vector<bearer> parse_bearers(std::string_view text) {
  std::vector<bearer> all;
  each_line(text, [&all](std::string_view line) { return add_bearer(line, all); });
  if (all.empty())
    throw std::invalid_argument{"there is no bearer; give lines of a name and its token's SHA-256"};
  return all;
}

const bearer* find_bearer(std::span<const bearer> all, std::string_view token) {
  const auto hash = sha256(token);
  const bearer* found = nullptr;
  for (const bearer& one : all)
    if (CRYPTO_memcmp(hash.data(), one.token_sha256.data(), hash.size()) == 0) found = &one;
  return found;
}

bool may_ask_for(const bearer& who, std::string_view account) noexcept {
  const auto matches = [account](std::string_view pattern) {
    if (!pattern.ends_with('*')) return account == pattern;
    return account.starts_with(pattern.substr(0, pattern.size() - 1));
  };
  return who.accounts.empty() || std::ranges::any_of(who.accounts, matches);
}

}  // namespace ephemint::inline v0::gateway
