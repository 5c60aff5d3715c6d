#pragma once

#include "tickets/signing.hpp"

#include <ephemint/secret.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::test {

inline const secret ticket_key{"0123456789abcdef0123456789abcdef"};  ///< whose kid is `k1`
inline constexpr std::string_view ticket_header = R"({"alg":"HS256","kid":"k1","typ":"JWT"})";

/// Any header and any claims, signed as a ticket is.
inline std::string signed_ticket(std::string_view header, std::string_view claims,
                                 const secret& key = ticket_key) {
  std::string text = gateway::base64url(header) + '.' + gateway::base64url(claims);
  return text + '.' + gateway::hs256(key, text);
}

/// Claims of a good ticket for the gateway at https://login.test, issued at 1800000000. `changes` replaces or
/// adds members; a member with an empty text is left out. A member's text is JSON.
inline std::string ticket_claims_with(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::pair<std::string, std::string>> members{{"sub", "\"se-1\""},
                                                           {"aud", "\"https://login.test\""},
                                                           {"iat", "1800000000"},
                                                           {"exp", "1800000060"},
                                                           {"jti", "\"abcdefghijklmnop\""}};
  for (const auto& change : changes) {
    std::erase_if(members, [&](const auto& member) { return member.first == change.first; });
    if (!change.second.empty()) members.push_back(change);
  }
  std::string text;
  for (const auto& [name, value] : members)
    text.append(text.empty() ? "{\"" : ",\"").append(name).append("\":").append(value);
  return text.empty() ? "{}" : text + '}';
}

}  // namespace ephemint::test
