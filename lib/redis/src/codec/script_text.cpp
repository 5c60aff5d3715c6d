#include "codec/script_text.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace ephemint::inline v0::redis {

const std::string& quota_script_digest() {
  static const std::string digest = [] {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    const std::string_view text = quota_script();
    if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha1(), nullptr) != 1)
      throw std::runtime_error{"OpenSSL can't compute SHA-1, by which EVALSHA names scripts"};
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", bytes[i]);
    return hex;
  }();
  return digest;
}

}  // namespace ephemint::inline v0::redis
