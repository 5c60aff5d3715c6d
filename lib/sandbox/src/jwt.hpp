#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

using wall_clock = std::chrono::system_clock;

/// A token's claims.
struct token_claims {
  std::string account;
  wall_clock::time_point expires_at;
};

enum class token_fault { none, malformed, forged, expired };

/// The result of checking a token; the claims are set if it is valid or only expired.
struct token_check {
  token_fault fault = token_fault::malformed;
  std::optional<token_claims> claims;
};

/// Signs and verifies tokens: JWTs, HS256 (RFC 7519, RFC 7515), with a key of its own.
/// Times are `NumericDate`s with milliseconds: whole seconds would be a tenth of a token's life.
class token_signer {
 public:
  token_signer();

  std::string sign(std::string_view account, wall_clock::time_point now,
                   std::chrono::milliseconds lifetime) const;
  token_check verify(std::string_view token, wall_clock::time_point now) const;

 private:
  std::string signature(std::string_view signed_part) const;

  std::string key_;
};

/// RFC 4648's URL-safe alphabet, without padding.
std::string base64url(std::string_view bytes);
/// None unless `text` is the canonical encoding of some bytes.
std::optional<std::string> base64url_decoded(std::string_view text);

}  // namespace ephemint::inline v0::sandbox
