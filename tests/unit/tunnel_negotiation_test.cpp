#include "net/dial/tunnel_negotiation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

namespace ephemint::net {
namespace {

using status = tunnel_negotiation::status;

constexpr std::string_view target = "api.test:443";

proxy_settings a_proxy(std::string_view credentials = {}) {
  proxy_settings made{.host = "proxy.test.", .port = 3128};
  if (!credentials.empty()) made.credentials = std::make_shared<const secret>(credentials);
  return made;
}

status feed(tunnel_negotiation& to, std::string_view bytes) {
  auto known = status::incomplete;
  while (known == status::incomplete && !bytes.empty()) {
    const auto room = to.room();
    const std::size_t size = std::min(room.size(), bytes.size());
    std::copy_n(bytes.data(), size, room.data());
    bytes.remove_prefix(size);
    known = to.commit(size);
  }
  return known;
}

/// The meaning of a proxy's answer: `open`, `incomplete`, or why it was refused, with a mark if a retry may
/// help.
std::string meaning_of(std::string_view answer, std::string_view credentials = {}) {
  tunnel_negotiation made{a_proxy(credentials), target};
  switch (feed(made, answer)) {
    case status::open:
      return "open";
    case status::incomplete:
      return "incomplete";
    case status::refused:
      break;
  }
  const failure& why = made.problem();
  EXPECT_EQ(why.code, mint_errc::connect_failed);
  EXPECT_FALSE(why.ours);
  constexpr std::string_view begin = "no tunnel to api.test:443 through the proxy proxy.test:3128: ";
  EXPECT_TRUE(why.message.view().starts_with(begin)) << why.message.view();
  std::string text{why.message.view().substr(begin.size())};
  return why.retryable ? text + " [may pass]" : text;
}

TEST(TunnelNegotiation, asks_for_the_host_and_says_nothing_else) {
  tunnel_negotiation made{a_proxy(), target};
  EXPECT_EQ(made.request(), "CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n");
  tunnel_negotiation six{a_proxy(), authority_of("::1", 8443)};
  EXPECT_EQ(six.request(), "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n");
}

TEST(TunnelNegotiation, credentials_of_any_length_are_encoded_whole) {
  const auto field_of = [](std::string_view credentials) {
    tunnel_negotiation made{a_proxy(credentials), target};
    std::string text{made.request()};
    const auto begin = text.find("Proxy-Authorization: ");
    return text.substr(begin, text.size() - begin);
  };
  EXPECT_EQ(field_of("Aladdin:open sesame"),
            "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");  // RFC 7617, 2
  EXPECT_EQ(field_of("u:p"), "Proxy-Authorization: Basic dTpw\r\n\r\n");
  EXPECT_EQ(field_of("u:"), "Proxy-Authorization: Basic dTo=\r\n\r\n");
  for (const std::size_t size : {45u, 46u, 47u, 48u, 49u, 1021u}) {
    std::string all;
    for (std::size_t i = 0; i < (size + 2) / 3; ++i) all += "YWFh";  // aaa
    const std::size_t rest = size % 3;
    if (rest == 1) all.replace(all.size() - 4, 4, "YQ==");
    if (rest == 2) all.replace(all.size() - 4, 4, "YWE=");
    EXPECT_EQ(field_of("u:" + std::string(1, 'a') + std::string(size, 'a')),
              "Proxy-Authorization: Basic dTph" + all + "\r\n\r\n");
  }
}

TEST(TunnelNegotiation, any_2xx_opens_it_whatever_its_fields_say) {
  for (const char* answer : {
           "HTTP/1.1 200 Connection established\r\n\r\n",
           "HTTP/1.0 200 OK\r\n\r\n",
           "HTTP/1.1 200 \r\nProxy-Agent: x\r\n\r\n",
           "HTTP/1.1 204 No Content\r\n\r\n",
           "HTTP/1.1 299 Fine\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
       })
    EXPECT_EQ(meaning_of(answer), "open") << answer;
}

// behaviours: Y1
TEST(TunnelNegotiation, refusals_say_what_to_do_and_whether_they_may_pass) {
  const struct {
    int status;
    const char* means;
  } table[] = {
      {300, "it answered 300; does it take CONNECT, and is it a proxy at all?"},
      {302, "it answered 302; does it take CONNECT, and is it a proxy at all?"},
      {400, "it answered 400; does it take CONNECT, and is it a proxy at all?"},
      {403, "it answered 403: its rules don't allow this host and port; ask who runs it"},
      {404, "it answered 404; does it take CONNECT, and is it a proxy at all?"},
      {405, "it answered 405; does it take CONNECT, and is it a proxy at all?"},
      {407,
       "it answered 407: it demands credentials; give proxy_credentials (Basic; Digest, NTLM and Negotiate "
       "aren't spoken)"},
      {408, "it answered 408 [may pass]"},
      {429, "it answered 429 [may pass]"},
      {500, "it answered 500 [may pass]"},
      {502, "it answered 502: it couldn't reach the host [may pass]"},
      {503, "it answered 503 [may pass]"},
      {504, "it answered 504: it couldn't reach the host [may pass]"},
  };
  for (const auto& each : table) {
    const std::string line = "HTTP/1.1 " + std::to_string(each.status) + " x\r\n";
    EXPECT_EQ(meaning_of(line + "\r\n"), each.means);
    EXPECT_EQ(meaning_of(line + "Content-Length: 999999\r\n\r\n<html>"), each.means)
        << "no body is waited for";
    EXPECT_EQ(meaning_of(line + "Transfer-Encoding: chunked\r\n\r\nzz"), each.means);
  }
}

// behaviours: Y1, I5
TEST(TunnelNegotiation, refused_credentials_are_named_and_not_told) {
  const std::string said =
      meaning_of("HTTP/1.1 407 planted\r\nProxy-Authenticate: Digest realm=\"planted\"\r\n\r\nplanted",
                 "planted:hunter2");
  EXPECT_EQ(
      said,
      "it answered 407: it refused proxy_credentials (they are sent as Basic; Digest, NTLM and Negotiate "
      "aren't spoken)");
}

// behaviours: Y1
TEST(TunnelNegotiation, bytes_behind_a_200_are_refused) {
  const char* const why = "it answered 200, and sent something behind it before TLS had begun";
  for (const char* answer : {
           "HTTP/1.1 200 OK\r\n\r\nx",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
       })
    EXPECT_EQ(meaning_of(answer), why) << answer;
}

// behaviours: Y1
TEST(TunnelNegotiation, what_is_no_answer_of_http_is_refused_at_once) {
  const std::string begin = "the reply was refused: ";
  std::string many{"HTTP/1.1 200 OK\r\n"};
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  const std::string long_one = "HTTP/1.1 200 OK\r\nA: " + std::string(16 * 1024, 'a');
  std::string interims;
  for (int i = 0; i < 9; ++i) interims += "HTTP/1.1 100 Continue\r\n\r\n";
  const struct {
    std::string answer, means;
  } table[] = {
      {"SSH-2.0", "a reply that isn't HTTP/1.0 or HTTP/1.1"},
      {"<html>", "a reply that isn't HTTP/1.0 or HTTP/1.1"},
      {"\x05", "a reply that isn't HTTP/1.0 or HTTP/1.1"},
      {"HTTP/2 200\r\n", "a reply that isn't HTTP/1.0 or HTTP/1.1"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "status 101, which was not asked for"},
      {"HTTP/1.1 200 OK\n", "a header line that doesn't end in CRLF"},
      {"HTTP/1.1 200 OK\r\n A: b\r\n", "a folded header line"},
      {long_one, "a header of more than 16384 bytes"},
      {many, "more than 100 header fields"},
      {interims, "more than 8 interim replies"},
  };
  for (const auto& each : table) EXPECT_EQ(meaning_of(each.answer), begin + each.means);
}

// behaviours: F15, Y1
TEST(TunnelNegotiation, an_answer_means_the_same_wherever_it_is_split) {
  for (const std::string_view answer :
       {"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n",
        "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\n", "HTTP/1.0 503 Busy\r\n\r\n"}) {
    const std::string whole = meaning_of(answer);
    for (std::size_t split = 1; split < answer.size(); ++split) {
      tunnel_negotiation made{a_proxy(), target};
      ASSERT_EQ(feed(made, answer.substr(0, split)), status::incomplete);
      const status end = feed(made, answer.substr(split));
      EXPECT_EQ(end == status::open, whole == "open");
      if (end == status::refused) {
        EXPECT_NE(made.problem().message.view().find(whole.substr(0, 15)), std::string_view::npos);
      }
    }
    tunnel_negotiation made{a_proxy(), target};
    auto known = status::incomplete;
    for (const char each : answer) known = feed(made, {&each, 1});
    EXPECT_EQ(known == status::open, whole == "open");
  }
}

TEST(TunnelNegotiation, an_end_or_silence_is_told_by_how_far_it_came) {
  using std::chrono::milliseconds;
  tunnel_negotiation made{a_proxy("user:hunter2"), target};
  const std::string begin = "no tunnel to api.test:443 through the proxy proxy.test:3128: ";
  EXPECT_EQ(made.broken_off("it closed the connection").message.view(),
            begin + "it didn't answer: it closed the connection");
  EXPECT_EQ(made.stalled(milliseconds{300}).message.view(),
            begin + "it didn't answer within 300 ms; it may be overloaded, or not reach the host");
  feed(made, "HTTP/1.1 2");
  const failure cut = made.broken_off("reset");
  EXPECT_EQ(cut.message.view(), begin + "its reply was cut off: reset");
  EXPECT_EQ(cut.code, mint_errc::connect_failed);
  EXPECT_TRUE(cut.retryable);
  const failure slow = made.stalled(milliseconds{300});
  EXPECT_EQ(slow.message.view(),
            begin + "it stalled in its reply for 300 ms; it may be overloaded, or not reach the host");
  EXPECT_TRUE(slow.retryable);
}

}  // namespace
}  // namespace ephemint::net
