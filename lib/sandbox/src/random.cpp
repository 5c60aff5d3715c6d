#include "random.hpp"

#include <openssl/rand.h>

#include <stdexcept>
#include <string_view>

namespace ephemint::inline v0::sandbox {

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1)
    throw std::runtime_error{"OpenSSL has no random bytes"};
  return bytes;
}

std::string random_uuid() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += digits[byte >> 4];
    text += digits[byte & 0x0f];
  }
  return text;
}

std::string random_api_key() {
  // 62 doesn't divide 256: the slight bias doesn't matter for a key without value.
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string key = "TEST_";
  for (char c : random_bytes(43)) key += letters[static_cast<unsigned char>(c) % letters.size()];
  return key;
}

}  // namespace ephemint::inline v0::sandbox
