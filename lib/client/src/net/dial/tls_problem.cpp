#include "net/dial/tls_problem.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <string>

namespace ephemint::inline v0::net {

namespace {

struct advice {
  const char* what;
  const char* cure;
};

advice certificate_advice(long verdict) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {"it, or one of its chain, has expired", "renew it, or set this machine's clock"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {"it is not valid yet", "set this machine's clock, or the server's certificate right"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return {"it is not for this host name", "use a name that stands in the certificate's subjectAltName"};
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {"it is not for this IP address",
              "use the host's name, or a certificate with an IP subjectAltName"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return {"it is self-signed and not among the trusted ones", "add it to authority_file if it is yours"};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {"its root is not trusted", "add the root to authority_file if you trust it"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {"its issuer is not known",
              "let the server send its whole chain, or add the issuer's root to authority_file"};
    default:
      return {X509_verify_cert_error_string(verdict), "give the server a proper certificate"};
  }
}

/// Not retryable: the peer isn't who it should be, or speaks another protocol.
failure refused(const tls_evidence& seen, const std::string& what) {
  return {mint_errc::tls_failed, std::string{seen.host} + ' ' + what, false};
}

/// Alerts of a server with a problem of its own: they say nothing about its identity, nor about what we sent
/// (T3).
bool is_passing(int alert) noexcept {
  return alert == SSL_AD_INTERNAL_ERROR || alert == SSL_AD_USER_CANCELLED;
}

failure alert_received(const tls_evidence& seen, int alert) {
  const bool about_certificate = alert == SSL_AD_CERTIFICATE_REQUIRED || alert == SSL_AD_BAD_CERTIFICATE ||
                                 alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_CERTIFICATE_UNKNOWN;
  if (seen.certificate_demanded && about_certificate)
    return refused(
        seen, "demands a client certificate, which this client has not; use an API host that takes keys");
  if (alert == SSL_AD_PROTOCOL_VERSION)
    return refused(seen, "speaks no TLS 1.2 or newer; the server must be brought up to date");
  if (alert == SSL_AD_UNRECOGNIZED_NAME)
    return refused(seen, "is a name that the server at this address does not know; check base_url");
  const std::string what =
      std::string{"ended the TLS handshake with the alert `"} + SSL_alert_desc_string_long(alert) + '`';
  if (is_passing(alert)) return {mint_errc::connect_failed, std::string{seen.host} + ' ' + what, true};
  return refused(seen, what);
}

failure handshake_problem(const tls_evidence& seen, int reason) {
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED: {
      const advice say = certificate_advice(seen.verdict);
      return {mint_errc::tls_failed,
              "the certificate of " + std::string{seen.host} + " was refused: " + say.what + "; " + say.cure,
              false};
    }
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return refused(seen, "speaks no TLS 1.2 or newer; the server must be brought up to date");
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return refused(seen, "does not speak TLS on this port; check base_url's port");
    default:
      break;
  }
  const char* reason_text = ERR_reason_error_string(seen.error);
  return refused(seen,
                 std::string{"broke the TLS handshake: "} + (reason_text ? reason_text : "unknown reason"));
}

}  // namespace

failure tls_problem(const tls_evidence& seen) {
  const int reason = ERR_GET_REASON(seen.error);
  if (seen.first_bytes.starts_with("HTTP/"))
    return refused(seen,
                   "answers in plain HTTP on this port; check base_url's port (the API key was not sent)");
  if (!seen.established)
    return reason > SSL_AD_REASON_OFFSET ? alert_received(seen, reason - SSL_AD_REASON_OFFSET)
                                         : handshake_problem(seen, reason);
  // TLS 1.3: for us the handshake is over before the server has checked our (missing) certificate.
  if (seen.certificate_demanded && reason > SSL_AD_REASON_OFFSET)
    return alert_received(seen, reason - SSL_AD_REASON_OFFSET);
  const char* reason_text = ERR_reason_error_string(seen.error);
  return {mint_errc::connect_failed,
          "the connection to " + std::string{seen.host} +
              " broke: " + (reason_text ? reason_text : "bad TLS record"),
          true};
}

}  // namespace ephemint::inline v0::net
