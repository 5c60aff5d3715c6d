#pragma once

#include <ephemint/sandbox/server_options.hpp>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace ephemint::inline v0::sandbox {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;

/// A certificate with its key.
struct identity {
  key_ptr key;
  certificate_ptr certificate;
};

/// The server's certificate, and the authority that its clients should trust.
struct server_identity {
  identity leaf;
  std::string ca_pem;
};

/// Makes an authority and a server certificate, which is signed by it or, as the kind demands, isn't. P-256
/// and SHA-256 throughout. Throws `std::runtime_error` if OpenSSL can't.
server_identity make_server_identity(certificate_kind);

}  // namespace ephemint::inline v0::sandbox
