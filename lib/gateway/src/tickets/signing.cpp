#include "tickets/signing.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace ephemint::inline v0::gateway {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '=');  // and OpenSSL's terminating zero
  EVP_EncodeBlock(bytes_of(text), bytes_of(bytes), static_cast<int>(bytes.size()));
  text.resize((4 * bytes.size() + 2) / 3);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> base64url_decoded(std::string_view text) {
  std::string padded{text};
  padded.resize(4 * ((text.size() + 3) / 4), '=');
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  std::string bytes(3 * (padded.size() / 4), '\0');
  if (EVP_DecodeBlock(bytes_of(bytes), bytes_of(padded), static_cast<int>(padded.size())) < 0)
    return std::nullopt;
  bytes.resize(3 * text.size() / 4);
  // OpenSSL accepts blanks, non-zero unused bits, and the other alphabet.
  return base64url(bytes) == text ? std::optional{bytes} : std::nullopt;
}

std::string hs256(const secret& key, std::string_view text) {
  std::array<char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::string_view bytes = key.reveal();
  if (!HMAC(EVP_sha256(), bytes.data(), static_cast<int>(bytes.size()), bytes_of(text), text.size(),
            reinterpret_cast<unsigned char*>(digest.data()), &size))
    throw std::runtime_error{"OpenSSL can't sign"};
  return base64url({digest.data(), size});
}

std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> hash{};
  if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc{};
  return hash;
}

}  // namespace ephemint::inline v0::gateway
