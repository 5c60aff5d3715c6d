#include "memory_tls_server.hpp"
#include "net/dial/tls.hpp"
#include "temporary_file.hpp"
#include "test_authority.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::net {
namespace {

using test::certificate_wishes;
using test::identity;
using test::memory_tls_server;
using test::server_wishes;
using namespace std::chrono_literals;

const identity& root() {
  static const identity made = test::make_root();
  return made;
}

endpoint_settings settings_for(const std::string& host, const identity& trusted = root()) {
  return {.host = host, .system_authorities = false, .authority_pem = trusted.pem()};
}

/// One client session and one server, joined by strings.
struct pair {
  pair(tls_context& context, const server_wishes& wishes)
      : server_context{test::make_server_context(wishes)}, client{context}, server{*server_context} {}
  pair(tls_context& context, SSL_CTX& shared) : client{context}, server{shared} {}

  /// Runs both sides until the client knows how it ended. `piece`: how many bytes the client gets at a time.
  tls_status shake_hands(std::size_t piece = 1 << 16) {
    tls_status status = client.handshake();
    for (int turn = 0; turn < 10 && status == tls_status::need_input; ++turn) {
      server.receive(take_output());
      status = give(server.take(), piece, [this] { return client.handshake(); });
    }
    server.receive(take_output());
    return status;
  }

  template <class Step>
  tls_status give(const std::string& bytes, std::size_t piece, Step step) {
    tls_status status = tls_status::need_input;
    for (std::size_t at = 0; at < bytes.size() && status == tls_status::need_input; at += piece) {
      client.feed(std::string_view{bytes}.substr(at, piece));
      status = step();
      if (status == tls_status::done && at + piece < bytes.size()) unread = bytes.substr(at + piece);
    }
    return status;
  }

  std::string take_output() { return std::exchange(client.output(), {}); }

  /// Everything that the client can read from the server.
  tls_status read(std::string& plain, std::size_t piece = 1 << 16, std::size_t room = 4096) {
    std::string bytes = std::exchange(unread, {}) + server.take();
    tls_status status = tls_status::need_input;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      client.feed(std::string_view{bytes}.substr(at, piece));
      std::string buffer(room, '\0');
      for (;;) {
        const auto got = client.decrypt(buffer);
        status = got.status;
        if (status != tls_status::done) break;
        plain.append(buffer, 0, got.size);
      }
      if (status != tls_status::need_input) break;
    }
    return status;
  }

  test::openssl_pointer<SSL_CTX> server_context;
  tls_session client;
  memory_tls_server server;
  std::string unread;
};

server_wishes good_server() { return {.shown = test::issue(root(), {})}; }

// --- which servers are accepted

struct refused_server {
  const char* name;
  const char* host;
  server_wishes wishes;
  const char* said;
};

// behaviours: T1
TEST(TlsSession, refuses_whoever_cannot_prove_to_be_the_host) {
  const identity stranger = test::make_root("A stranger");
  const identity middle = test::issue(root(), {.common_name = "Middle", .authority = true});
  const std::vector<refused_server> table = {
      {"expired", "localhost", {.shown = test::issue(root(), {.from = -2h, .until = -1h})}, "has expired"},
      {"not yet valid",
       "localhost",
       {.shown = test::issue(root(), {.from = 1h, .until = 2h})},
       "not valid yet"},
      {"wrong host",
       "localhost",
       {.shown = test::issue(root(), {.alternative_names = {"DNS:other.test"}})},
       "not for this host name"},
      {"address with names only",
       "127.0.0.1",
       {.shown = test::issue(root(), {.alternative_names = {"DNS:localhost", "DNS:127.0.0.1"}})},
       "not for this IP address"},
      {"IPv6 address with names only",
       "::1",
       {.shown = test::issue(root(), {.alternative_names = {"DNS:localhost"}})},
       "not for this IP address"},
      {"self-signed", "localhost", {.shown = test::self_signed({})}, "self-signed"},
      {"untrusted root",
       "localhost",
       {.shown = test::issue(stranger, {}), .chain = {stranger}},
       "root is not trusted"},
      {"incomplete chain", "localhost", {.shown = test::issue(middle, {})}, "issuer is not known"},
      {"common name without alternative name",
       "localhost",
       {.shown = test::issue(root(), {.alternative_names = {}})},
       "not for this host name"},
      {"partial wildcard",
       "api.example.test",
       {.shown = test::issue(root(), {.alternative_names = {"DNS:a*.example.test"}})},
       "not for this host name"},
      {"TLS 1.1",
       "localhost",
       {.shown = test::issue(root(), {}), .least_version = TLS1_VERSION, .greatest_version = TLS1_1_VERSION},
       "no TLS 1.2"},
  };
  for (const refused_server& each : table) {
    SCOPED_TRACE(each.name);
    tls_context context{settings_for(each.host)};
    pair joined{context, each.wishes};
    EXPECT_EQ(joined.shake_hands(), tls_status::failed);
    EXPECT_EQ(joined.client.problem().code, mint_errc::tls_failed);
    EXPECT_FALSE(joined.client.problem().retryable);
    EXPECT_NE(joined.client.problem().message.view().find(each.said), std::string::npos)
        << joined.client.problem().message.view();
    EXPECT_NE(joined.client.problem().message.view().find(each.host), std::string::npos)
        << joined.client.problem().message.view();
    EXPECT_EQ(joined.server.received(), "");
  }
}

// behaviours: T1
TEST(TlsSession, believes_names_addresses_and_whole_chains) {
  const identity middle = test::issue(root(), {.common_name = "Middle", .authority = true});
  const identity wildcard = test::issue(root(), {.alternative_names = {"DNS:*.example.test"}});
  const identity own = test::self_signed({});
  struct {
    const char* host;
    server_wishes wishes;
    identity trusted;
  } const table[] = {
      {"localhost", good_server(), root()},
      {"localhost.", good_server(), root()},
      {"127.0.0.1", good_server(), root()},
      {"::1", good_server(), root()},
      {"api.example.test", {.shown = wildcard}, root()},
      {"localhost", {.shown = test::issue(middle, {}), .chain = {middle}}, root()},
      {"localhost", {.shown = own}, own},
  };
  for (const auto& each : table) {
    SCOPED_TRACE(each.host);
    tls_context context{settings_for(each.host, each.trusted)};
    pair joined{context, each.wishes};
    EXPECT_EQ(joined.shake_hands(), tls_status::done) << joined.client.problem().message.view();
    EXPECT_TRUE(joined.server.shaken());
  }
}

// behaviours: T1, N9
TEST(TlsSession, names_the_host_to_the_server_unless_it_is_an_address) {
  for (const auto& [host, said] : {std::pair{"localhost", "localhost"}, std::pair{"localhost.", "localhost"},
                                   std::pair{"127.0.0.1", ""}}) {
    tls_context context{settings_for(host)};
    pair joined{context, good_server()};
    ASSERT_EQ(joined.shake_hands(), tls_status::done);
    const char* name = SSL_get_servername(&joined.server.native(), TLSEXT_NAMETYPE_host_name);
    EXPECT_STREQ(name ? name : "", said);
  }
}

// --- what isn't TLS, or not ours

// behaviours: T2
TEST(TlsSession, plain_http_on_the_port_is_named_as_such) {
  tls_context context{settings_for("localhost")};
  for (std::size_t piece : {1UL, 3UL, 4096UL}) {
    tls_session client{context};
    ASSERT_EQ(client.handshake(), tls_status::need_input);
    const std::string answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    tls_status status = tls_status::need_input;
    for (std::size_t at = 0; at < answer.size() && status == tls_status::need_input; at += piece) {
      client.feed(std::string_view{answer}.substr(at, piece));
      status = client.handshake();
    }
    ASSERT_EQ(status, tls_status::failed);
    EXPECT_EQ(client.problem().code, mint_errc::tls_failed);
    EXPECT_FALSE(client.problem().retryable);
    EXPECT_NE(client.problem().message.view().find("plain HTTP"), std::string::npos)
        << client.problem().message.view();
  }
}

// behaviours: T2
TEST(TlsSession, another_protocol_on_the_port_is_refused) {
  tls_context context{settings_for("localhost")};
  tls_session client{context};
  ASSERT_EQ(client.handshake(), tls_status::need_input);
  client.feed("220 mail.example.test ESMTP\r\n");
  ASSERT_EQ(client.handshake(), tls_status::failed);
  EXPECT_NE(client.problem().message.view().find("does not speak TLS"), std::string::npos)
      << client.problem().message.view();
  EXPECT_FALSE(client.problem().retryable);
}

// behaviours: T4
TEST(TlsSession, a_server_that_insists_on_a_client_certificate_is_named_as_such) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SCOPED_TRACE(version);
    tls_context context{settings_for("localhost")};
    server_wishes wishes = good_server();
    wishes.greatest_version = version;
    wishes.demands_client_certificate = true;
    pair joined{context, wishes};
    tls_status status = joined.shake_hands();
    std::string plain;
    if (status == tls_status::done)
      status = joined.read(plain);  // with TLS 1.3 the client learns it only afterwards
    ASSERT_EQ(status, tls_status::failed);
    EXPECT_TRUE(joined.client.certificate_demanded());
    EXPECT_EQ(joined.client.problem().code, mint_errc::tls_failed);
    EXPECT_FALSE(joined.client.problem().retryable);
    EXPECT_NE(joined.client.problem().message.view().find("client certificate"), std::string::npos)
        << joined.client.problem().message.view();
  }
}

// --- bytes

// behaviours: F15
TEST(TlsSession, any_split_of_the_bytes_works) {
  for (std::size_t piece : {1UL, 2UL, 7UL, 1000UL}) {
    SCOPED_TRACE(piece);
    tls_context context{settings_for("localhost")};
    pair joined{context, good_server()};
    ASSERT_EQ(joined.shake_hands(piece), tls_status::done);
    ASSERT_TRUE(joined.client.encrypt("a request"));
    joined.server.receive(joined.take_output());
    EXPECT_EQ(joined.server.received(), "a request");
    joined.server.write("a reply, ");
    joined.server.write(std::string(20'000, 'x'));
    joined.server.close();
    std::string plain;
    EXPECT_EQ(joined.read(plain, piece, 100), tls_status::closed);
    EXPECT_EQ(plain, "a reply, " + std::string(20'000, 'x'));
  }
}

TEST(TlsSession, one_request_is_one_record) {
  tls_context context{settings_for("localhost")};
  pair joined{context, good_server()};
  ASSERT_EQ(joined.shake_hands(), tls_status::done);
  ASSERT_TRUE(joined.client.encrypt(std::string(1000, 'r')));
  const std::string out = joined.take_output();
  const std::size_t length =
      static_cast<unsigned char>(out.at(3)) * 256U + static_cast<unsigned char>(out.at(4));
  EXPECT_EQ(out.size(), 5 + length);
}

TEST(TlsSession, a_changed_byte_breaks_the_connection_not_the_trust) {
  tls_context context{settings_for("localhost")};
  pair joined{context, good_server()};
  ASSERT_EQ(joined.shake_hands(), tls_status::done);
  std::string plain;
  joined.read(plain);
  joined.server.write("a reply");
  std::string bytes = joined.server.take();
  bytes.back() ^= 1;
  joined.client.feed(bytes);
  std::array<char, 100> room;
  EXPECT_EQ(joined.client.decrypt(room).status, tls_status::failed);
  EXPECT_EQ(joined.client.problem().code, mint_errc::connect_failed);
  EXPECT_TRUE(joined.client.problem().retryable);
}

// behaviours: T6
TEST(TlsSession, says_goodbye_without_an_answer) {
  tls_context context{settings_for("localhost")};
  pair joined{context, good_server()};
  joined.client.close();
  EXPECT_EQ(joined.client.output(), "");  // no handshake, no goodbye
  ASSERT_EQ(joined.shake_hands(), tls_status::done);
  joined.client.close();
  joined.server.receive(joined.take_output());
  EXPECT_EQ(SSL_get_shutdown(&joined.server.native()), SSL_RECEIVED_SHUTDOWN);
}

TEST(TlsSession, the_hosts_own_openssl_errors_are_not_taken_for_ours) {
  tls_context context{settings_for("localhost")};
  pair joined{context, good_server()};
  ASSERT_EQ(BIO_new_file("/nowhere/at all", "r"), nullptr);  // leaves an error behind
  EXPECT_EQ(joined.client.handshake(), tls_status::need_input);
}

// --- resumption

void exchange_once(pair& joined) {
  std::string plain;
  joined.server.write("x");
  joined.read(plain);
}

// behaviours: T5
TEST(TlsSession, resumes_with_each_ticket_once_only) {
  const auto server = test::make_server_context(good_server());
  tls_context context{settings_for("localhost")};
  {
    pair first{context, *server};
    ASSERT_EQ(first.shake_hands(), tls_status::done);
    EXPECT_FALSE(first.client.resumed());
    exchange_once(first);
  }
  ASSERT_EQ(context.sessions().size(), 2U);
  pair second{context, *server}, third{context, *server}, fourth{context, *server};
  EXPECT_EQ(context.sessions().size(), 0U);
  ASSERT_EQ(second.shake_hands(), tls_status::done);
  ASSERT_EQ(third.shake_hands(), tls_status::done);
  ASSERT_EQ(fourth.shake_hands(), tls_status::done);
  EXPECT_TRUE(second.client.resumed());
  EXPECT_TRUE(third.client.resumed());
  EXPECT_FALSE(fourth.client.resumed());
}

// behaviours: T5
TEST(TlsSession, no_tickets_or_a_hundred_are_no_failure_and_memory_is_bounded) {
  for (int tickets : {0, 100}) {
    SCOPED_TRACE(tickets);
    server_wishes wishes = good_server();
    wishes.tickets = tickets;
    const auto server = test::make_server_context(wishes);
    tls_context context{settings_for("localhost")};
    pair first{context, *server};
    ASSERT_EQ(first.shake_hands(), tls_status::done);
    exchange_once(first);
    EXPECT_EQ(context.sessions().size(), std::min<std::size_t>(tickets, session_cache::max_sessions));
    pair second{context, *server};
    ASSERT_EQ(second.shake_hands(), tls_status::done);
    EXPECT_EQ(second.client.resumed(), tickets > 0);
  }
}

// behaviours: T5
TEST(TlsSession, a_server_that_forgot_the_ticket_gets_a_full_handshake) {
  tls_context context{settings_for("localhost")};
  {
    pair first{context, good_server()};
    ASSERT_EQ(first.shake_hands(), tls_status::done);
    exchange_once(first);
  }
  ASSERT_GT(context.sessions().size(), 0U);
  pair second{context, good_server()};  // another server, with another ticket key
  EXPECT_EQ(second.shake_hands(), tls_status::done);
  EXPECT_FALSE(second.client.resumed());
}

// behaviours: T5
TEST(TlsSession, a_tls_1_2_session_may_be_resumed_again_and_again) {
  server_wishes wishes = good_server();
  wishes.greatest_version = TLS1_2_VERSION;
  const auto server = test::make_server_context(wishes);
  tls_context context{settings_for("localhost")};
  for (bool resumed : {false, true, true}) {
    pair joined{context, *server};
    ASSERT_EQ(joined.shake_hands(), tls_status::done);
    EXPECT_EQ(joined.client.resumed(), resumed);
  }
}

struct short_lived_chain {
  const char* name;
  certificate_wishes leaf, middle, root;
};

// behaviours: T11
TEST(TlsSession, a_session_is_resumed_no_longer_than_every_certificate_of_its_chain_is_valid) {
  constexpr std::chrono::seconds brief = 1h, year = 365 * 24h;
  const short_lived_chain table[] = {
      {"leaf", {.until = brief}, {.until = year}, {.until = year}},
      {"intermediate", {.until = year}, {.until = brief}, {.until = year}},
      {"root", {.until = year}, {.until = year}, {.until = brief}},
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (short_lived_chain each : table) {
      SCOPED_TRACE(std::string{each.name} + (version == TLS1_2_VERSION ? ", TLS 1.2" : ", TLS 1.3"));
      each.middle.authority = each.root.authority = true;
      each.middle.common_name = "Middle";
      each.root.common_name = "Root";
      const identity top = test::self_signed(each.root);
      const identity middle = test::issue(top, each.middle);
      const auto server = test::make_server_context(
          {.shown = test::issue(middle, each.leaf), .chain = {middle}, .greatest_version = version});
      SSL_CTX_set_timeout(server.get(), year.count());
      for (const int resumptions : {0, 1, 2}) {  // no certificate is seen in a resumption
        tls_context context{settings_for("localhost", top)};
        for (int i = 0; i <= resumptions; ++i) {
          pair joined{context, *server};
          ASSERT_EQ(joined.shake_hands(), tls_status::done) << joined.client.problem().message.view();
          ASSERT_EQ(joined.client.resumed(), i > 0);
          exchange_once(joined);
        }
        const std::time_t now = std::time(nullptr);
        EXPECT_TRUE(context.sessions().take(now + 59 * 60).session);
        EXPECT_GT(context.sessions().size(), 0U);
        EXPECT_FALSE(context.sessions().take(now + 60 * 60).session);
        EXPECT_EQ(context.sessions().size(), 0U) << "what is of no use is forgotten";
      }
    }
}

// behaviours: T11
TEST(TlsSession, a_session_is_not_resumed_while_the_clock_says_that_its_certificate_is_not_yet_valid) {
  const auto server = test::make_server_context(good_server());
  tls_context context{settings_for("localhost")};
  pair joined{context, *server};
  ASSERT_EQ(joined.shake_hands(), tls_status::done);
  exchange_once(joined);
  EXPECT_FALSE(context.sessions().take(std::time(nullptr) - 2 * 60 * 60).session);
}

TEST(TlsSession, resumption_can_be_turned_off) {
  const auto server = test::make_server_context(good_server());
  endpoint_settings settings = settings_for("localhost");
  settings.resume_sessions = false;
  tls_context context{settings};
  for (int i = 0; i < 2; ++i) {
    pair joined{context, *server};
    ASSERT_EQ(joined.shake_hands(), tls_status::done);
    EXPECT_FALSE(joined.client.resumed());
    exchange_once(joined);
  }
  EXPECT_EQ(context.sessions().size(), 0U);
}

// behaviours: T7
TEST(TlsSession, contexts_share_nothing) {
  const auto server = test::make_server_context(good_server());
  tls_context trusting{settings_for("localhost")};
  pair first{trusting, *server};
  ASSERT_EQ(first.shake_hands(), tls_status::done);
  exchange_once(first);
  tls_context doubting{settings_for("localhost", test::make_root("Somebody else"))};
  EXPECT_EQ(doubting.sessions().size(), 0U);
  pair second{doubting, *server};
  EXPECT_EQ(second.shake_hands(), tls_status::failed);
}

// behaviours: K4, T7
TEST(TlsSession, contexts_on_one_basis_share_no_session) {
  const auto server = test::make_server_context(good_server());
  const auto basis = std::make_shared<tls_basis>(settings_for("localhost"));
  tls_context first{settings_for("localhost"), basis};
  tls_context second{settings_for("localhost"), basis};
  for (tls_context* const each : {&first, &second}) {
    EXPECT_EQ(each->sessions().size(), 0U);
    pair joined{*each, *server};
    ASSERT_EQ(joined.shake_hands(), tls_status::done);
    EXPECT_FALSE(joined.client.resumed());
    exchange_once(joined);
    EXPECT_GT(each->sessions().size(), 0U);
  }
  pair again{first, *server};
  ASSERT_EQ(again.shake_hands(), tls_status::done);
  EXPECT_TRUE(again.client.resumed());
}

// --- authorities that are replaced

/// A context that trusts the authorities in a file, and the file.
struct rotating {
  explicit rotating(const identity& trusted) : file{trusted.pem()}, context{settings(file.path())} {}
  static endpoint_settings settings(const std::string& path) {
    return {.host = "localhost", .system_authorities = false, .authority_file = path};
  }
  void put(const std::string& text) const { std::ofstream{file.path()} << text; }

  test::temporary_file file;
  tls_context context;
};

// behaviours: T10, T7
TEST(TlsSession, a_replaced_authority_file_counts_in_the_very_handshake_that_would_fail) {
  const identity next = test::make_root("Next");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SCOPED_TRACE(version);
    rotating ours{root()};
    const auto old_server = test::make_server_context(good_server());
    pair before{ours.context, *old_server};
    ASSERT_EQ(before.shake_hands(), tls_status::done);
    exchange_once(before);
    ASSERT_GT(ours.context.sessions().size(), 0U);
    ours.put(next.pem());
    pair after{ours.context, {.shown = test::issue(next, {}), .greatest_version = version}};
    ASSERT_EQ(after.shake_hands(), tls_status::done) << after.client.problem().message.view();
    EXPECT_FALSE(after.client.resumed());
    ASSERT_TRUE(after.client.encrypt("a request"));
    pair who_is_trusted_no_more{ours.context, *old_server};
    EXPECT_EQ(who_is_trusted_no_more.shake_hands(), tls_status::failed) << "by no session either";
    exchange_once(after);
    EXPECT_TRUE(ours.context.sessions().take(std::time(nullptr)).session) << "its chain was seen";
  }
}

// behaviours: T10, T7
TEST(TlsSession, a_ticket_from_whom_the_old_authorities_vouched_for_is_not_kept) {
  const identity next = test::make_root("Next");
  rotating ours{root()};
  pair before{ours.context, good_server()};
  ASSERT_EQ(before.shake_hands(), tls_status::done);  // its tickets are on their way
  ours.put(next.pem());
  pair after{ours.context, {.shown = test::issue(next, {})}};
  ASSERT_EQ(after.shake_hands(), tls_status::done);
  exchange_once(before);
  EXPECT_EQ(ours.context.sessions().size(), 0U);
  exchange_once(after);
  EXPECT_EQ(ours.context.sessions().size(), 2U);
}

// behaviours: T10, T1
TEST(TlsSession, new_authorities_are_no_excuse_for_another_name) {
  const identity next = test::make_root("Next");
  rotating ours{root()};
  ours.put(next.pem());
  pair joined{ours.context, {.shown = test::issue(next, {.alternative_names = {"DNS:other.test"}})}};
  ASSERT_EQ(joined.shake_hands(), tls_status::failed);
  EXPECT_NE(joined.client.problem().message.view().find("not for this host name"), std::string_view::npos)
      << joined.client.problem().message.view();
}

// behaviours: T10
TEST(TlsSession, a_refusal_says_why_the_authority_file_was_read_again_in_vain) {
  const identity next = test::make_root("Next");
  rotating ours{root()};
  ours.put("no certificate");
  for (int i = 0; i < 2; ++i) {  // read once, told each time
    pair joined{ours.context, {.shown = test::issue(next, {}), .chain = {next}}};
    ASSERT_EQ(joined.shake_hands(), tls_status::failed);
    EXPECT_FALSE(joined.client.problem().retryable);
    const auto said = joined.client.problem().message.view();
    EXPECT_NE(said.find("its root is not trusted"), std::string_view::npos) << said;
    EXPECT_NE(
        said.find("(read again in vain: authority_file: `" + ours.file.path() + "` holds no certificate"),
        std::string_view::npos)
        << said;
  }
  pair old{ours.context, good_server()};
  EXPECT_EQ(old.shake_hands(), tls_status::done) << "whom we trusted is trusted still";
}

// behaviours: X5
TEST(TlsSession, the_key_log_variable_is_ignored) {
  const std::string path = testing::TempDir() + "ephemint_key_log";
  ASSERT_EQ(setenv("SSLKEYLOGFILE", path.c_str(), 1), 0);
  tls_context context{settings_for("localhost")};
  pair joined{context, good_server()};
  EXPECT_EQ(joined.shake_hands(), tls_status::done);
  unsetenv("SSLKEYLOGFILE");
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

// --- which HTTP is spoken

using protocol = tls_session::protocol;

struct agreement {
  http_offer offer;
  std::vector<std::string> taken;    // by the server
  std::vector<std::string> offered;  // as it saw that
  protocol chosen;
};

TEST(TlsSession, offers_what_may_be_spoken_and_speaks_what_was_chosen) {
  if (!speaks_http2()) GTEST_SKIP() << "built without HTTP/2";
  const std::vector<std::string> both{"h2", "http/1.1"}, h1{"http/1.1"}, h2{"h2"};
  const std::vector<agreement> table = {
      {http_offer::both, both, both, protocol::http2}, {http_offer::both, h1, both, protocol::http1},
      {http_offer::both, {}, both, protocol::http1},   {http_offer::http1, both, h1, protocol::http1},
      {http_offer::http2, both, h2, protocol::http2},  {http_offer::http2, h1, h2, protocol::http1}};
  for (const auto& one : table) {
    endpoint_settings settings = settings_for("localhost");
    settings.http = one.offer;
    tls_context context{settings};
    server_wishes wishes = good_server();
    wishes.protocols = one.taken;
    pair both_ends{context, wishes};
    ASSERT_EQ(both_ends.shake_hands(), tls_status::done);
    EXPECT_EQ(test::offered_protocols(both_ends.server.native()), one.offered);
    EXPECT_EQ(both_ends.client.chosen(), one.chosen);
  }
}

TEST(TlsSession, a_protocol_that_was_never_offered_ends_the_handshake) {
  endpoint_settings settings = settings_for("localhost");
  settings.http = http_offer::http1;
  tls_context context{settings};
  server_wishes wishes = good_server();
  wishes.protocols = {"h2"};
  wishes.insists = true;
  pair both_ends{context, wishes};
  EXPECT_EQ(both_ends.shake_hands(), tls_status::failed);
}

TEST(TlsSession, once_told_it_offers_http_1_1_alone) {
  tls_context context{settings_for("localhost")};
  context.offer_http1_only();
  server_wishes wishes = good_server();
  wishes.protocols = {"h2", "http/1.1"};
  pair both_ends{context, wishes};
  ASSERT_EQ(both_ends.shake_hands(), tls_status::done);
  EXPECT_EQ(test::offered_protocols(both_ends.server.native()), std::vector<std::string>{"http/1.1"});
}

// The protocol of the resumed session isn't binding: the server may use another one by now.
TEST(TlsSession, a_resumed_session_agrees_anew) {
  if (!speaks_http2()) GTEST_SKIP() << "built without HTTP/2";
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_context context{settings_for("localhost")};
    server_wishes wishes = good_server();
    wishes.greatest_version = version;
    wishes.protocols = {"h2", "http/1.1"};
    const auto server = test::make_server_context(wishes);
    for (const auto& [resumed, chosen] : {std::pair{false, protocol::http2}, {true, protocol::http2}}) {
      pair both_ends{context, *server};
      ASSERT_EQ(both_ends.shake_hands(), tls_status::done);
      EXPECT_EQ(both_ends.client.resumed(), resumed);
      EXPECT_EQ(both_ends.client.chosen(), chosen);
      std::string nothing;
      both_ends.read(nothing);  // the tickets
    }
    context.offer_http1_only();
    pair both_ends{context, *server};
    ASSERT_EQ(both_ends.shake_hands(), tls_status::done);
    EXPECT_TRUE(both_ends.client.resumed());
    EXPECT_EQ(both_ends.client.chosen(), protocol::http1);
  }
}

// RFC 9113, appendix A.
TEST(TlsSession, only_ciphers_with_fresh_keys_and_whole_records_are_fit_for_http2) {
  const auto fit = [](int version, const char* cipher) {
    tls_context context{settings_for("localhost")};
    server_wishes wishes = good_server();
    wishes.greatest_version = version;
    wishes.ciphers = cipher;
    pair both_ends{context, wishes};
    EXPECT_EQ(both_ends.shake_hands(), tls_status::done) << cipher;
    return both_ends.client.fit_for_http2();
  };
  EXPECT_TRUE(fit(TLS1_3_VERSION, ""));
  EXPECT_TRUE(fit(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"));
  EXPECT_TRUE(fit(TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"));
  EXPECT_FALSE(fit(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"));
}

}  // namespace
}  // namespace ephemint::net
