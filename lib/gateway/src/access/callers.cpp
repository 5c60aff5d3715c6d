#include "access/callers.hpp"

#include "text/words.hpp"
#include "tickets/signing.hpp"

#include <ephemint/account_id.hpp>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>

namespace ephemint::inline v0::gateway {
namespace {

bool is_account_pattern(std::string_view text) {
  if (text == "*") return true;
  if (text.ends_with('*')) text.remove_suffix(1);
  return text.find('*') == text.npos && account_id{text}.valid();
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

bool is_there(std::span<const bearer> all, std::string_view name) {
  return std::ranges::find(all, name, &bearer::name) != all.end();
}

/// Appends the bearer on that line, or returns what is wrong and what is right.
const char* add_bearer(std::string_view line, std::vector<bearer>& all) {
  bearer one;
  one.name = take_word(line);
  if (!is_name(one.name)) return "has a name that can't be; give 1 to 64 of A-Z a-z 0-9 _ - .";
  if (!read_hash(take_word(line), one.token_sha256))
    return "has no hash; give the 64 hexadecimal digits of the token's SHA-256 (printf %s TOKEN | sha256sum)";
  if (one.token_sha256 == sha256("")) return "has the hash of no token at all; is the variable set?";
  if (is_there(all, one.name)) return "has a name that another line has; give each bearer its own";
  if (std::ranges::find(all, one.token_sha256, &bearer::token_sha256) != all.end())
    return "has a token that another line has; give each bearer its own";
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    if (!is_account_pattern(word))
      return "has an account that can't be; give visible ASCII, and * at its end alone";
    one.accounts.emplace_back(word);
  }
  all.push_back(std::move(one));
  return nullptr;
}

/// What is wrong with the last bearer, and what is right; empty: nothing.
std::string fault_of_last(std::span<const bearer> all) {
  const bearer& last = all.back();
  if (!is_name(last.name)) return "a name is malformed; give 1 to 64 of A-Z a-z 0-9 _ - .";
  if (is_there(all.first(all.size() - 1), last.name))
    return fmt::format("{} is there twice; give each a name of its own", last.name);
  const auto wrong = std::ranges::find_if_not(last.accounts, is_account_pattern);
  if (wrong == last.accounts.end()) return {};
  return fmt::format("\"{}\" of {} isn't a pattern; give an account, or its beginning and *", *wrong,
                     last.name);
}

}  // namespace

std::vector<bearer> parse_bearers(std::string_view text) {
  std::vector<bearer> all;
  each_line(text, [&all](std::string_view line) { return add_bearer(line, all); });
  if (all.empty())
    throw std::invalid_argument{"there is no bearer; give lines of a name and its token's SHA-256"};
  return all;
}

void check_bearers(std::span<const bearer> bearers, bool needed) {
  if (needed && bearers.empty())
    throw std::invalid_argument{
        "bearers: there is none, and any process can reach a TCP address; give one at least, or listen on a "
        "Unix socket"};
  for (std::size_t count = 1; count <= bearers.size(); ++count)
    if (const std::string fault = fault_of_last(bearers.first(count)); !fault.empty())
      throw std::invalid_argument{"bearers: " + fault};
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

bool is_own_host(std::string_view host, std::string_view address) noexcept {
  constexpr std::string_view scheme = "http://", digits = "0123456789";
  const std::size_t colon = host.find(':', host.starts_with('[') ? host.find(']') : 0);
  const std::string_view name = host.substr(0, colon);
  const std::string_view port = colon == host.npos ? "80" : host.substr(colon + 1);
  const bool localhost = same_word(name, "localhost");
  if (!address.starts_with(scheme))
    return localhost && !port.empty() && port.find_first_not_of(digits) == port.npos;
  address.remove_prefix(scheme.size());
  const std::size_t own_colon = address.rfind(':');
  return (localhost || name == address.substr(0, own_colon)) && port == address.substr(own_colon + 1);
}

}  // namespace ephemint::inline v0::gateway
