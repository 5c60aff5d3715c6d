#include "text/json_object.hpp"
#include "text/origin.hpp"
#include "text/words.hpp"
#include "tickets/link_keys.hpp"
#include "tickets/link_ticket.hpp"
#include "tickets/signing.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

using std::chrono::seconds;

void require(bool holds, const char* message) {
  if (!holds) throw std::invalid_argument{message};
}

void check_link(const login_link& link, const link_key& key) {
  require(link.account.valid(), "account: can't be asked for; give 1 to 128 characters of visible ASCII");
  require(!link.redirect_to || !to_string(*link.redirect_to).empty(),
          "redirect_to: is not a page; give carriers, billing or onboarding");
  require(link.theme_id.empty() || is_theme_id(link.theme_id),
          "theme_id: is not a UUID; give one like 123e4567-e89b-12d3-a456-426614174000");
  require(link.max_age >= seconds{1} && link.max_age <= longest_link_age,
          "max_age: can't be; give 1 s to 300 s");
  if (const char* const fault = fault_of(key))
    throw std::invalid_argument{fmt::format("link_key: {}", fault)};
}

/// 128 random bits: unique, and impossible to guess.
std::string new_ticket_id() {
  std::array<unsigned char, 16> bits{};
  if (RAND_bytes(bits.data(), static_cast<int>(bits.size())) != 1)
    throw std::runtime_error{"OpenSSL has no randomness"};
  return base64url({reinterpret_cast<const char*>(bits.data()), bits.size()});
}

std::string claims_of(const login_link& link, std::string_view audience, wall_clock::time_point now) {
  const auto issued_at = std::chrono::floor<seconds>(now).time_since_epoch();
  json_object claims;
  claims.text("sub", link.account.str()).text("aud", audience);
  claims.number("iat", issued_at.count()).number("exp", (issued_at + link.max_age).count());
  claims.text("jti", new_ticket_id());
  if (link.redirect_to) claims.text("redirect_to", to_string(*link.redirect_to));
  if (!link.theme_id.empty()) claims.text("theme_id", link.theme_id);
  return std::move(claims).take();
}

}  // namespace

std::string make_login_link(const login_link& link, const link_key& key, std::string_view public_url,
                            wall_clock::time_point now) {
  check_link(link, key);
  const std::string origin = checked_origin(public_url, "public_url");
  std::string ticket = base64url(fmt::format(R"({{"alg":"HS256","kid":"{}","typ":"JWT"}})", key.kid));
  ticket += '.' + base64url(claims_of(link, origin, now));
  ticket += '.' + hs256(key.text, ticket);
  return origin + "/login/" + ticket;
}

}  // namespace ephemint::inline v0::gateway
