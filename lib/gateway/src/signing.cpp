#include "signing.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace ephemint::inline v0::gateway {
namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : bytes) {
    pending = (pending << 8 | static_cast<unsigned char>(c)) & 0xffff;
    bits += 8;
    for (; bits >= 6; bits -= 6) text += base64_alphabet[pending >> (bits - 6) & 63];
  }
  if (bits > 0) text += base64_alphabet[pending << (6 - bits) & 63];
  return text;
}

std::optional<std::string> base64url_decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t value = base64_alphabet.find(c);
    if (value == base64_alphabet.npos) return std::nullopt;
    pending = (pending << 6 | static_cast<std::uint32_t>(value)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(pending >> bits & 0xff);
  }
  const bool leftover = bits >= 6 || (pending & ((1U << bits) - 1)) != 0;
  return leftover ? std::nullopt : std::optional{bytes};
}

std::string hs256(const secret& key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::string_view bytes = key.reveal();
  if (!HMAC(EVP_sha256(), bytes.data(), static_cast<int>(bytes.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size))
    throw std::runtime_error{"OpenSSL can't sign"};
  return base64url({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace ephemint::inline v0::gateway
