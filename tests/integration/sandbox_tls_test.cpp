#include "support/sandbox_fixture.hpp"

#include <openssl/x509_vfy.h>

// The sandbox's handshakes, as seen by a client that verifies.

namespace ephemint::test {
namespace {

using sandbox::certificate_kind;
using sandbox::tls_version;

sandbox::server_options showing(certificate_kind kind) {
  sandbox::server_options options;
  options.certificate = kind;
  return options;
}

TEST(sandbox_tls, each_bad_certificate_is_bad_in_its_own_way) {
  struct {
    certificate_kind kind;
    const char* host;
    long error;
  } const cases[] = {
      {certificate_kind::good, "localhost", X509_V_OK},
      {certificate_kind::good, "127.0.0.1", X509_V_OK},
      {certificate_kind::good, "::1", X509_V_OK},
      {certificate_kind::good, "other.example", X509_V_ERR_HOSTNAME_MISMATCH},
      {certificate_kind::dns_only, "localhost", X509_V_OK},
      {certificate_kind::dns_only, "127.0.0.1", X509_V_ERR_IP_ADDRESS_MISMATCH},
      {certificate_kind::expired, "localhost", X509_V_ERR_CERT_HAS_EXPIRED},
      {certificate_kind::not_yet_valid, "localhost", X509_V_ERR_CERT_NOT_YET_VALID},
      {certificate_kind::wrong_host, "localhost", X509_V_ERR_HOSTNAME_MISMATCH},
      {certificate_kind::self_signed, "localhost", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
      {certificate_kind::untrusted_root, "localhost", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
      {certificate_kind::incomplete_chain, "localhost", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
  };
  for (const auto& c : cases) {
    const sandbox::server server{showing(c.kind)};
    client_settings settings = trusting(server);
    settings.host = c.host;
    blocking_client client{server.port(), settings};
    EXPECT_EQ(client.handshake(), c.error == X509_V_OK) << static_cast<int>(c.kind) << ' ' << c.host;
    EXPECT_EQ(client.verify_error(), c.error) << static_cast<int>(c.kind) << ' ' << c.host;
  }
}

TEST(sandbox_tls, name_in_the_subject_only_is_there_to_be_refused) {
  // OpenSSL's own default still takes it; a client that doesn't must say so.
  const sandbox::server server{showing(certificate_kind::cn_without_san)};
  blocking_client client{server.port(), trusting(server)};
  EXPECT_TRUE(client.handshake());
}

TEST(sandbox_tls, refused_certificate_is_a_failed_handshake_here) {
  const sandbox::server server{showing(certificate_kind::expired)};
  {
    blocking_client client{server.port(), trusting(server)};
    EXPECT_FALSE(client.handshake());
  }
  EXPECT_TRUE(eventually([&] { return server.stats().connections_open == 0; }));
  EXPECT_EQ(server.stats().requests, 0U);
}

TEST(sandbox_tls, sessions_are_resumed_until_they_are_forgotten) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    sandbox::server server;
    client_settings settings = trusting(server);
    settings.max_version = version;
    sandbox_client first{server, settings};
    EXPECT_EQ(first.version(), version);
    EXPECT_EQ(first.mint().status, 200U);
    const session_ptr session = first.session();

    settings.session = session.get();
    EXPECT_TRUE((sandbox_client{server, settings}.resumed()));
    EXPECT_TRUE(eventually([&] { return server.stats().handshakes_resumed == 1; }));
    server.forget_sessions();
    sandbox_client third{server, settings};
    EXPECT_FALSE(third.resumed());
    EXPECT_EQ(third.mint().status, 200U);
    EXPECT_EQ(server.stats().handshakes_full, 2U);
  }
}

TEST(sandbox_tls, no_tickets_no_resumption) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    sandbox::server server{{.session_tickets = 0}};
    client_settings settings = trusting(server);
    settings.max_version = version;
    sandbox_client first{server, settings};
    EXPECT_EQ(first.mint().status, 200U);
    const session_ptr session = first.session();
    settings.session = session.get();
    EXPECT_FALSE((sandbox_client{server, settings}.resumed()));
  }
}

TEST(sandbox_tls, hundred_tickets_do_no_harm) {
  sandbox::server server{{.session_tickets = 100}};
  EXPECT_EQ(sandbox_client{server}.mint().status, 200U);
}

TEST(sandbox_tls, versions_are_those_asked_for) {
  struct {
    tls_version least, most;
    int offered;
    bool agreed;
  } const cases[] = {
      {tls_version::tls_1_2, tls_version::tls_1_3, TLS1_2_VERSION, true},
      {tls_version::tls_1_3, tls_version::tls_1_3, TLS1_2_VERSION, false},
      {tls_version::tls_1_2, tls_version::tls_1_2, TLS1_3_VERSION, true},
      {tls_version::tls_1_0, tls_version::tls_1_0, TLS1_VERSION, true},
      {tls_version::tls_1_0, tls_version::tls_1_1, TLS1_1_VERSION, true},
      {tls_version::tls_1_2, tls_version::tls_1_3, TLS1_1_VERSION, false},
  };
  for (const auto& c : cases) {
    const sandbox::server server{{.min_tls = c.least, .max_tls = c.most}};
    client_settings settings = trusting(server);
    settings.min_version = c.offered < TLS1_2_VERSION ? TLS1_VERSION : TLS1_2_VERSION;
    settings.max_version = c.offered;
    blocking_client client{server.port(), settings};
    EXPECT_EQ(client.handshake(), c.agreed) << static_cast<int>(c.most) << ' ' << c.offered;
    EXPECT_TRUE(eventually([&] {
      const auto stats = server.stats();
      return (c.agreed ? stats.handshakes_full : stats.handshakes_failed) == 1;
    }));
  }
}

TEST(sandbox_tls, demanded_client_certificate_is_never_good_enough) {
  const sandbox::server server{{.require_client_certificate = true}};
  blocking_client client{server.port(), trusting(server)};
  if (client.handshake()) {  // TLS 1.3: the refusal comes after it
    client.send(token_request(server.api_key(), "a"));
    EXPECT_EQ(client.read_reply().status, 0U);
    EXPECT_EQ(client.end(), seen_end::failed);
  }
  EXPECT_TRUE(eventually([&] { return server.stats().handshakes_failed == 1; }));
  EXPECT_EQ(server.stats().requests, 0U);
}

TEST(sandbox_tls, plain_http_speaks_no_tls) {
  sandbox::server server{{.plain_http = true}};
  blocking_client secure{server.port(), trusting(server)};
  EXPECT_FALSE(secure.handshake());
  blocking_client plain{server.port(), {.plain = true}};
  plain.send(token_request(server.api_key(), "a"));
  EXPECT_EQ(plain.read_reply().status, 200U);
  EXPECT_EQ(server.stats().handshakes_full + server.stats().handshakes_failed, 0U);
}

TEST(sandbox_tls, tls_speaks_no_plain_http) {
  sandbox::server server;
  blocking_client plain{server.port(), {.plain = true}};
  plain.send(token_request(server.api_key(), "a"));
  plain.read_all();
  EXPECT_TRUE(eventually([&] { return server.stats().handshakes_failed == 1; }));
  EXPECT_EQ(server.stats().requests, 0U);
}

TEST(sandbox_tls, handshake_faults_stall_close_and_reset) {
  using sandbox::handshake_fault;
  struct {
    handshake_fault what;
    seen_end end;
  } const cases[] = {{handshake_fault::stall, seen_end::timed_out},
                     {handshake_fault::close, seen_end::cut},
                     {handshake_fault::reset, seen_end::reset}};
  for (const auto& c : cases) {
    sandbox::server server{{.faults = {{.count = 1, .handshake = c.what}}}};
    client_settings settings = trusting(server);
    if (c.what == handshake_fault::stall) settings.patience = std::chrono::milliseconds{100};
    blocking_client client{server.port(), settings};
    EXPECT_FALSE(client.handshake());
    EXPECT_EQ(client.end(), c.end) << static_cast<int>(c.what);
    EXPECT_EQ(sandbox_client{server}.mint().status, 200U);
    EXPECT_EQ(server.stats().faulted, 1U);
  }
}

}  // namespace
}  // namespace ephemint::test
