#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::test {

/// RFC 4648's URL-safe alphabet, without padding; ends at the first character of another.
inline std::string base64url_text(std::string_view encoded) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : encoded) {
    const auto value = alphabet.find(c);
    if (value == alphabet.npos) break;
    pending = (pending << 6 | static_cast<std::uint32_t>(value)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    text += static_cast<char>(pending >> bits & 0xff);
  }
  return text;
}

/// The account that the sandbox wrote into a token of its own: the payload of a JWT. Empty if there is none.
inline std::string account_in(std::string_view token) {
  constexpr std::string_view name = R"("account":")";
  const auto dot = token.find('.');
  if (dot == token.npos) return {};
  const std::string payload = base64url_text(token.substr(dot + 1));
  const auto found = payload.find(name);
  if (found == payload.npos) return {};
  const auto begin = found + name.size();
  return payload.substr(begin, payload.find('"', begin) - begin);
}

}  // namespace ephemint::test
