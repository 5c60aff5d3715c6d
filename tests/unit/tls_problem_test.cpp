#include "net/dial/tls_problem.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <string>

namespace ephemint::net {
namespace {

unsigned long ssl_error(int reason) { return ERR_PACK(ERR_LIB_SSL, 0, reason); }
unsigned long alert(int number) { return ssl_error(SSL_AD_REASON_OFFSET + number); }

// behaviours: T1
TEST(TlsProblem, a_refused_certificate_says_why_and_what_to_do) {
  struct {
    long verdict;
    const char* said;
  } const table[] = {
      {X509_V_ERR_CERT_HAS_EXPIRED, "or one of its chain, has expired; renew it"},
      {X509_V_ERR_CERT_NOT_YET_VALID, "not valid yet; set this machine's clock"},
      {X509_V_ERR_HOSTNAME_MISMATCH, "not for this host name; use a name that"},
      {X509_V_ERR_IP_ADDRESS_MISMATCH, "not for this IP address; use the host's name"},
      {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed and not among the trusted ones; add it"},
      {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "root is not trusted; add the root"},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "issuer is not known; let the server send"},
      {X509_V_ERR_EE_KEY_TOO_SMALL, "EE certificate key too weak; give the server a proper certificate"},
  };
  for (const auto& each : table) {
    const failure why = tls_problem({.host = "api.test",
                                     .error = ssl_error(SSL_R_CERTIFICATE_VERIFY_FAILED),
                                     .verdict = each.verdict,
                                     .first_bytes = {}});
    EXPECT_EQ(why.code, mint_errc::tls_failed);
    EXPECT_FALSE(why.retryable);
    EXPECT_EQ(why.message.view().find("the certificate of api.test was refused: "), 0U) << why.message.view();
    EXPECT_NE(why.message.view().find(each.said), std::string::npos) << why.message.view();
  }
}

// behaviours: T1 T2 T3 T4
TEST(TlsProblem, a_broken_handshake_says_why) {
  // Loads OpenSSL's messages, as this program hasn't made a context yet.
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);
  struct {
    unsigned long error;
    bool certificate_demanded;
    bool retryable;
    const char* said;
  } const table[] = {
      {alert(SSL_AD_PROTOCOL_VERSION), false, false, "api.test speaks no TLS 1.2 or newer"},
      {ssl_error(SSL_R_UNSUPPORTED_PROTOCOL), false, false, "api.test speaks no TLS 1.2 or newer"},
      {alert(SSL_AD_UNRECOGNIZED_NAME), false, false, "does not know; check base_url"},
      {alert(SSL_AD_HANDSHAKE_FAILURE), true, false, "demands a client certificate"},
      {alert(SSL_AD_HANDSHAKE_FAILURE), false, false, "with the alert `handshake failure`"},
      {alert(SSL_AD_INTERNAL_ERROR), true, true, "with the alert `internal error`"},
      {alert(SSL_AD_USER_CANCELLED), false, true, "with the alert `user canceled`"},
      {alert(SSL_AD_ACCESS_DENIED), false, false, "with the alert `access denied`"},
      {alert(SSL_AD_DECODE_ERROR), false, false, "with the alert `decode error`"},
      {ssl_error(SSL_R_WRONG_VERSION_NUMBER), false, false, "does not speak TLS on this port"},
      {ssl_error(SSL_R_DH_KEY_TOO_SMALL), false, false, "broke the TLS handshake: dh key too small"},
      {0, false, false, "broke the TLS handshake: unknown reason"},
  };
  for (const auto& each : table) {
    const failure why = tls_problem({.host = "api.test",
                                     .error = each.error,
                                     .first_bytes = {},
                                     .certificate_demanded = each.certificate_demanded});
    EXPECT_EQ(why.code, each.retryable ? mint_errc::connect_failed : mint_errc::tls_failed);
    EXPECT_EQ(why.retryable, each.retryable);
    EXPECT_NE(why.message.view().find(each.said), std::string::npos) << why.message.view();
  }
}

TEST(TlsProblem, what_breaks_later_is_a_lost_connection_unless_it_is_about_certificates) {
  tls_evidence seen{
      .host = "api.test", .error = alert(SSL_AD_INTERNAL_ERROR), .first_bytes = {}, .established = true};
  EXPECT_EQ(tls_problem(seen).code, mint_errc::connect_failed);
  EXPECT_TRUE(tls_problem(seen).retryable);
  seen.error = 0;
  EXPECT_EQ(tls_problem(seen).message.view(), "the connection to api.test broke: bad TLS record");
  seen.error = alert(SSL_AD_CERTIFICATE_REQUIRED);
  seen.certificate_demanded = true;
  EXPECT_EQ(tls_problem(seen).code, mint_errc::tls_failed);
  EXPECT_FALSE(tls_problem(seen).retryable);
}

}  // namespace
}  // namespace ephemint::net
