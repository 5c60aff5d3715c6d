// Any text as the PEM of authorities: certificates that can be used, or one line that says what is wrong.
//
// Input: `p` and the PEM text, or `d` and a certificate's DER, which is put into PEM here.

#include "fuzz/bytes.hpp"
#include "net/dial/authorities.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint;
using fuzz::require;

std::string in_pem(const std::uint8_t* der, std::size_t size) {
  std::vector<unsigned char> text(size / 3 * 4 + 5);
  const int length = EVP_EncodeBlock(text.data(), der, static_cast<int>(size));
  std::string all = "-----BEGIN CERTIFICATE-----\n";
  const std::string_view encoded{reinterpret_cast<const char*>(text.data()),
                                 static_cast<std::size_t>(length)};
  for (std::size_t at = 0; at < encoded.size(); at += 64) all.append(encoded.substr(at, 64)).append(1, '\n');
  return all + "-----END CERTIFICATE-----\n";
}

void read(const std::string& pem, SSL_CTX& context) {
  SSL_CTX_set_cert_store(&context, X509_STORE_new());
  try {
    const net::authorities trusted{context,
                                   {.host = "api.test", .system_authorities = false, .authority_pem = pem}};
    const STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(&context));
    require(sk_X509_OBJECT_num(all) > 0);
    for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
      X509* const each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
      require(each != nullptr && X509_get0_pubkey(each) != nullptr);
    }
  } catch (const std::invalid_argument& wrong) {
    const std::string_view said{wrong.what()};
    require(said.starts_with(pem.empty() ? "system_authorities: " : "authority_pem: "));
    require(said.size() < 256 && fuzz::is_clean(said));
  }
  require(ERR_peek_error() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static SSL_CTX& context = *SSL_CTX_new(TLS_client_method());
  if (size == 0 || size > 64 * 1024) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  read(data[0] == 'd' ? in_pem(data + 1, size - 1) : std::string{text}, context);
  return 0;
}
