#include "bearers.hpp"

#include "sha256.hpp"

#include <ephemint/account_id.hpp>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>

namespace ephemint::inline v0::gateway {
namespace {

constexpr std::string_view blanks = " \t\r";

/// What stands before the first of `marks` in `text`, and no longer does.
std::string_view cut(std::string_view& text, std::string_view marks) {
  const std::string_view front = text.substr(0, text.find_first_of(marks));
  text.remove_prefix(std::min(front.size() + 1, text.size()));
  return front;
}

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  return cut(line, blanks);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") ==
             text.npos;
}

bool is_pattern(std::string_view text) {
  if (text.ends_with('*')) text.remove_suffix(1);
  return text.find('*') == text.npos && (text.empty() || account_id{text}.valid());
}

std::optional<unsigned char> hex_digit(char c) {
  const std::size_t value = std::string_view{"0123456789abcdefABCDEF"}.find(c);
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned char>(value < 16 ? value : value - 6);
}

bool read_hash(std::string_view text, std::array<unsigned char, 32>& to) {
  if (text.size() != 2 * to.size()) return false;
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (!high || !low) return false;
    to[i] = static_cast<unsigned char>(*high << 4 | *low);
  }
  return true;
}

/// What is wrong with a line; none of its words, as one of them may be a token that shouldn't be there.
class line_reader {
 public:
  line_reader(std::size_t number, std::string_view line) : number_{number}, line_{line} {}

  bearer read(const std::vector<bearer>& before) {
    bearer one;
    one.name = next_word(line_);
    if (!is_name(one.name)) refuse("a name is 1 to 64 characters of A-Z a-z 0-9 _ - .");
    if (!read_hash(next_word(line_), one.token_sha256))
      refuse(
          "behind the name stand the 64 hexadecimal digits of the token's SHA-256 (printf %s TOKEN | "
          "sha256sum)");
    if (one.token_sha256 == sha256("")) refuse("this is the SHA-256 of no token at all");
    for (const bearer& other : before) {
      if (other.name == one.name) refuse("this name stands above already; give each its own");
      if (other.token_sha256 == one.token_sha256)
        refuse("this token is another's already; give each its own");
    }
    for (std::string_view word = next_word(line_); !word.empty(); word = next_word(line_)) {
      if (!is_pattern(word)) refuse("an account is visible ASCII, and * stands at its end alone");
      one.accounts.emplace_back(word);
    }
    return one;
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw std::invalid_argument{fmt::format("line {}: {}", number_, why)};
  }

  std::size_t number_;
  std::string_view line_;
};

}  // namespace

std::vector<bearer> parse_bearers(std::string_view text) {
  std::vector<bearer> all;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = cut(text, "\n");
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == line.npos || line[begin] == '#') continue;
    all.push_back(line_reader{number, line}.read(all));
  }
  if (all.empty()) throw std::invalid_argument{"there is no bearer; give lines of name sha256-of-token"};
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
