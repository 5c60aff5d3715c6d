#pragma once

#include <openssl/evp.h>

#include <array>
#include <new>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// Throws `std::bad_alloc` if OpenSSL has no memory for it.
inline std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> hash{};
  if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc{};
  return hash;
}

}  // namespace ephemint::inline v0::gateway
