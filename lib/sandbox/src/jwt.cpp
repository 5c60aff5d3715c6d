#include "jwt.hpp"

#include "random.hpp"
#include "text.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace ephemint::inline v0::sandbox {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The only header that is signed or accepted, so that a token can't choose its algorithm.
const std::string& header_part() {
  static const std::string part = base64url(R"({"alg":"HS256","typ":"JWT"})");
  return part;
}

std::string numeric_date(wall_clock::time_point time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
}

std::optional<token_claims> read_claims(std::string_view payload) {
  simdjson::dom::parser parser;
  simdjson::dom::element claims;
  std::string_view account;
  double expires = 0;
  if (parser.parse(payload.data(), payload.size()).get(claims) || claims["account"].get(account) ||
      claims["exp"].get(expires))
    return std::nullopt;
  const std::chrono::duration<double> since_epoch{expires};
  return token_claims{std::string{account},
                      wall_clock::time_point{std::chrono::round<std::chrono::milliseconds>(since_epoch)}};
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t pending = 0;
  int bits = 0;
  for (char c : bytes) {
    pending = (pending << 8 | static_cast<unsigned char>(c)) & 0xffff;
    bits += 8;
    for (; bits >= 6; bits -= 6) text += alphabet[pending >> (bits - 6) & 63];
  }
  if (bits > 0) text += alphabet[pending << (6 - bits) & 63];
  return text;
}

std::optional<std::string> base64url_decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  int bits = 0;
  for (char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == alphabet.npos) return std::nullopt;
    pending = (pending << 6 | static_cast<std::uint32_t>(value)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(pending >> bits & 0xff);
  }
  const bool leftover = bits >= 6 || (pending & ((1U << bits) - 1)) != 0;
  return leftover ? std::nullopt : std::optional{bytes};
}

token_signer::token_signer() : key_{random_bytes(32)} {}

std::string token_signer::signature(std::string_view signed_part) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
            reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(), digest.data(),
            &size))
    throw std::runtime_error{"OpenSSL can't sign"};
  return base64url({reinterpret_cast<const char*>(digest.data()), size});
}

std::string token_signer::sign(std::string_view account, wall_clock::time_point now,
                               std::chrono::milliseconds lifetime) const {
  const std::string payload =
      fmt::format(R"({{"account":"{}","iat":{},"exp":{},"jti":"{}"}})", json_escaped(account),
                  numeric_date(now), numeric_date(now + lifetime), random_uuid());
  std::string token = header_part() + '.' + base64url(payload);
  token += '.' + signature(token);
  return token;
}

token_check token_signer::verify(std::string_view token, wall_clock::time_point now) const {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == token.npos || first == last) return {token_fault::malformed, {}};
  if (token.substr(0, first) != header_part()) return {token_fault::forged, {}};
  const std::string expected = signature(token.substr(0, last));
  const std::string_view given = token.substr(last + 1);
  if (given.size() != expected.size() || CRYPTO_memcmp(given.data(), expected.data(), given.size()) != 0)
    return {token_fault::forged, {}};
  const auto payload = base64url_decoded(token.substr(first + 1, last - first - 1));
  auto claims = payload ? read_claims(*payload) : std::nullopt;
  if (!claims) return {token_fault::malformed, {}};
  const bool alive = now < claims->expires_at;
  return {alive ? token_fault::none : token_fault::expired, std::move(claims)};
}

}  // namespace ephemint::inline v0::sandbox
