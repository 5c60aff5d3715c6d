#include "failing_memory.hpp"
#include "net/dial/authorities.hpp"
#include "net/dial/openssl_errors.hpp"
#include "test_authority.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <new>

namespace ephemint::net {
namespace {

bool trusts_a_root(SSL_CTX& context) {
  const STACK_OF(X509_OBJECT)* const all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(&context));
  X509* const one =
      sk_X509_OBJECT_num(all) == 1 ? X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, 0)) : nullptr;
  return one != nullptr && (X509_get_extension_flags(one) & EXFLAG_SS) != 0;
}

// behaviours: H1
TEST(authorities_memory, a_root_is_known_for_one_whichever_allocation_fails) {
  const endpoint_settings settings{
      .host = "localhost", .system_authorities = false, .authority_pem = test::make_root().pem()};
  bool failed = true;
  for (long n = 0; failed && !HasFailure(); ++n) {  // 0: none fails; makes what is made only once
    const openssl_pointer<SSL_CTX, SSL_CTX_free> context{SSL_CTX_new(TLS_client_method())};
    bool refused = false;
    test::take_part();
    if (n > 0) test::fail_allocation(n, test::allocator::openssl);
    try {
      const authorities made{*context, settings};
    } catch (const std::bad_alloc&) {
      refused = true;
    }
    failed = test::stop_failing() || n == 0;
    test::take_part(false);
    EXPECT_TRUE(refused || trusts_a_root(*context)) << "allocation " << n;
  }
}

}  // namespace
}  // namespace ephemint::net
