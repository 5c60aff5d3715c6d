#include "net/wire/http1/reply_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::net {
namespace {

using status = reply_parser::status;
using namespace std::string_literals;
using namespace std::chrono_literals;

/// A parser's result for some bytes, to compare between ways to feed them.
struct outcome {
  status what = status::incomplete;
  std::string problem = {};
  int code = 0;
  std::string body = {}, content_type = {}, request_id = {}, retry_after = {}, date = {};
  bool reusable = false;
  std::optional<std::chrono::seconds> keep_alive = {};

  bool operator==(const outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const outcome& o) {
  return out << "status " << static_cast<int>(o.what) << " (" << o.problem << "), " << o.code << ", "
             << o.body.size() << " bytes `" << o.body.substr(0, 80) << "`, reusable " << o.reusable;
}

enum class ending { open, close_notify, cut };

status feed(reply_parser& parser, std::string_view bytes) {
  status now = parser.commit(0);
  while (!bytes.empty() && now != status::refused) {
    const std::span<char> room = parser.room();
    const std::size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    now = parser.commit(size);
    bytes.remove_prefix(size);
  }
  return now;
}

outcome outcome_of(reply_parser& parser, status now, ending end) {
  if (now == status::incomplete && end != ending::open) now = parser.end(end == ending::close_notify);
  outcome seen{.what = now, .problem = parser.problem()};
  if (now != status::complete) return seen;
  const detail::http_reply reply = parser.reply();
  return {now,
          parser.problem(),
          reply.status,
          std::string{reply.body},
          std::string{reply.content_type},
          std::string{reply.request_id},
          std::string{reply.retry_after},
          std::string{reply.date},
          reply.reusable,
          reply.keep_alive};
}

outcome parse(std::string_view bytes, ending end = ending::open) {
  reply_parser parser;
  return outcome_of(parser, feed(parser, bytes), end);
}

/// Every offset of a short text, some of a long one.
std::size_t step_for(std::string_view bytes) { return bytes.size() < 4096 ? 1 : bytes.size() / 40; }

outcome parse_split(std::string_view bytes, std::size_t at, ending end) {
  reply_parser parser;
  feed(parser, bytes.substr(0, at));
  return outcome_of(parser, feed(parser, bytes.substr(at)), end);
}

outcome parse_bytewise(std::string_view bytes, ending end) {
  reply_parser parser;
  status now = status::incomplete;
  for (std::size_t i = 0; i < bytes.size() && now != status::refused; ++i)
    now = feed(parser, bytes.substr(i, 1));
  return outcome_of(parser, now, end);
}

std::string ok(const std::string& fields, const std::string& body = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body;
}

const std::string usual =
    "HTTP/1.1 200 OK\r\nDate: Tue, 07 Apr 2026 09:04:10 GMT\r\nContent-Type: application/json\r\n"
    "Content-Length: 13\r\nConnection: keep-alive\r\nX-ShipEngine-RequestID: 1f0e\r\n\r\n{\"token\":\"t\"}";
const std::string chunked =
    ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n6;n=v\r\n, moon\r\n0\r\nX: y\r\n\r\n");

TEST(ReplyParser, gives_a_usual_reply_whole) {
  const outcome seen = parse(usual);
  EXPECT_EQ(seen, (outcome{.what = status::complete,
                           .problem = "",
                           .code = 200,
                           .body = "{\"token\":\"t\"}",
                           .content_type = "application/json",
                           .request_id = "1f0e",
                           .retry_after = "",
                           .date = "Tue, 07 Apr 2026 09:04:10 GMT",
                           .reusable = true,
                           .keep_alive = {}}));
}

// --- what is a body, and when it has ended

struct good_reply {
  const char* name;
  std::string bytes;
  ending end;
  int code;
  std::string body;
  bool reusable;
};

const std::vector<good_reply>& good_replies() {
  static const std::vector<good_reply> table = {
      {"F1 no Connection field", ok("Content-Length: 2\r\n", "hi"), ending::open, 200, "hi", true},
      {"F1 close", ok("Connection: close\r\nContent-Length: 2\r\n", "hi"), ending::open, 200, "hi", false},
      {"F1 any case, in a list", ok("connection: x, ClOsE ,y\r\nContent-Length: 2\r\n", "hi"), ending::open,
       200, "hi", false},
      {"F1 several fields", ok("Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n"), ending::open,
       200, "", false},
      {"F1 HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", ending::open, 200, "hi", false},
      {"F1 HTTP/1.0 that would keep alive",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", ending::open, 200, "hi",
       false},
      {"F2 until close_notify", ok("Content-Type: a/b\r\n", "all of it"), ending::close_notify, 200,
       "all of it", false},
      {"F2 until close_notify, empty", ok(""), ending::close_notify, 200, "", false},
      {"F3 complete, whatever follows", ok("Content-Length: 2\r\n", "hi"), ending::cut, 200, "hi", true},
      {"F5 equal duplicate lengths", ok("Content-Length: 2\r\nContent-Length: 2\r\n", "hi"), ending::open,
       200, "hi", true},
      {"F5 chunked in any case", ok("Transfer-Encoding: Chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"), ending::open,
       200, "hi", true},
      {"F6 chunks", chunked, ending::open, 200, "hello, moon", true},
      {"F6 no chunk but the last", ok("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), ending::open, 200, "",
       true},
      {"F6 leading zeros, hex in both cases, extensions",
       ok("Transfer-Encoding: chunked\r\n",
          "000a;a\r\n0123456789\r\n0A ;a=\"b\"\r\n0123456789\r\n00;z\r\nT: 1\r\nU:\r\n\r\n"),
       ending::open, 200, "01234567890123456789", true},
      {"F7 interim replies",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 5\r\n\r\n" +
           usual,
       ending::open, 200, "{\"token\":\"t\"}", true},
      {"F8 204", "HTTP/1.1 204 No Content\r\n\r\n", ending::open, 204, "", true},
      {"F8 204 that closes", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", ending::open, 204, "",
       false},
      {"F8 304 that closes", "HTTP/1.1 304 Not Modified\r\nConnection: close\r\nContent-Length: 9\r\n\r\n",
       ending::open, 304, "", false},
      {"F8 304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ending::open, 304,
       "", true},
      {"F10 a body of 64 KiB", ok("Content-Length: 65536\r\n", std::string(65536, 'b')), ending::open, 200,
       std::string(65536, 'b'), true},
      {"F10 a chunk of 64 KiB",
       ok("Transfer-Encoding: chunked\r\n", "10000\r\n" + std::string(65536, 'b') + "\r\n0\r\n\r\n"),
       ending::open, 200, std::string(65536, 'b'), true},
      {"F11 text beyond ASCII, tabs", ok("X: a\tb \xc3\xa9\r\nContent-Length: 0\r\n"), ending::open, 200, "",
       true},
      {"F13 a redirect is a reply",
       "HTTP/1.1 301 Moved\r\nLocation: https://x.test/\r\nContent-Length: 0\r\n\r\n", ending::open, 301, "",
       true},
      {"F14 trailers set nothing",
       ok("Transfer-Encoding: chunked\r\n",
          "2\r\nhi\r\n0\r\nConnection: close\r\nContent-Length: 99\r\nRetry-After: 9\r\nContent-Encoding: "
          "gzip\r\n\r\n"),
       ending::open, 200, "hi", true},
      {"S10 surplus bytes", ok("Content-Length: 2\r\n", "hi") + usual, ending::open, 200, "hi", false},
      {"S10 surplus bytes behind chunks", chunked + "!", ending::open, 200, "hello, moon", false},
      {"S10 surplus bytes behind no body", ok("Content-Length: 0\r\n", "?"), ending::open, 200, "", false},
      {"S11 last request", ok("Keep-Alive: timeout=60, max=0\r\nContent-Length: 0\r\n"), ending::open, 200,
       "", false},
      {"S11 one second", ok("Keep-Alive: timeout=1\r\nContent-Length: 0\r\n"), ending::open, 200, "", false},
  };
  return table;
}

// behaviours: F1 F2 F3 F5 F6 F7 F8 F10 F11 F13 F14 S10 S11
TEST(ReplyParser, good_replies_are_understood) {
  for (const good_reply& each : good_replies()) {
    SCOPED_TRACE(each.name);
    const outcome seen = parse(each.bytes, each.end);
    EXPECT_EQ(seen.what, status::complete) << seen.problem;
    EXPECT_EQ(seen.code, each.code);
    EXPECT_EQ(seen.body, each.body);
    EXPECT_EQ(seen.reusable, each.reusable);
    EXPECT_EQ(seen.retry_after, "");
  }
}

// behaviours: S11
TEST(ReplyParser, keep_alive_says_how_long) {
  struct {
    const char* field;
    std::optional<std::chrono::seconds> said;
    bool reusable;
  } const table[] = {
      {"", {}, true},
      {"Keep-Alive: timeout=5\r\n", 5s, true},
      {"keep-alive:max=100 ,  TimeOut = 5\r\n", 5s, true},
      {"Keep-Alive: timeout=60\r\nKeep-Alive: timeout=7\r\n", 7s, true},
      {"Keep-Alive: timeout=2\r\n", 2s, true},
      {"Keep-Alive: timeout=1\r\n", 1s, false},
      {"Keep-Alive: timeout=0\r\n", 0s, false},
      {"Keep-Alive: timeout=5, max=0\r\n", 5s, false},
      {"Keep-Alive: timeout=-5\r\n", {}, true},
      {"Keep-Alive: timeout=5s, =, timeout, ,\r\n", {}, true},
      {"Keep-Alive: timeout=99999999999999999999\r\n", {}, true},
  };
  for (const auto& each : table) {
    const outcome seen = parse(ok(each.field + "Content-Length: 0\r\n"s));
    EXPECT_EQ(seen.keep_alive, each.said) << each.field;
    EXPECT_EQ(seen.reusable, each.reusable) << each.field;
  }
}

// behaviours: R4
TEST(ReplyParser, two_retry_afters_that_differ_are_none) {
  EXPECT_EQ(parse(ok("Retry-After: 2\r\nContent-Length: 0\r\n")).retry_after, "2");
  EXPECT_EQ(parse(ok("Retry-After: 2\r\nRetry-After: 2\r\nContent-Length: 0\r\n")).retry_after, "2");
  EXPECT_EQ(parse(ok("Retry-After: 2\r\nRetry-After: 3\r\nContent-Length: 0\r\n")).retry_after, "");
  EXPECT_EQ(
      parse(ok("Retry-After: 2\r\nRetry-After: 3\r\nRetry-After: 2\r\nContent-Length: 0\r\n")).retry_after,
      "");
}

// --- what is refused

struct bad_reply {
  const char* name;
  std::string bytes;
};

const std::vector<bad_reply>& bad_replies() {
  const auto chunks = [](const std::string& body) { return ok("Transfer-Encoding: chunked\r\n", body); };
  const auto length = [](const std::string& said) { return ok("Content-Length: " + said + "\r\n", "hello"); };
  const auto many_interims = [](int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += "HTTP/1.1 100 Continue\r\n\r\n";
    return all;
  };
  static const std::vector<bad_reply> table = {
      {"F5 length and coding", ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"F5 coding and length", ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
      {"F5 two lengths", ok("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")},
      {"F5 two lengths in a list", length("5, 6")},
      {"F5 +5", length("+5")},
      {"F5 -6", length("-6")},
      {"F5 0x5", length("0x5")},
      {"F5 2^63", length("9223372036854775808")},
      {"F5 2^64", length("18446744073709551616")},
      {"F5 2^64 + 5", length("18446744073709551621")},
      {"F5 no number", length("five")},
      {"F5 no length", length("")},
      {"F5 a space within", length("1 1")},
      {"F5 gzip", ok("Transfer-Encoding: gzip\r\n", "x")},
      {"F5 gzip, chunked", ok("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
      {"F5 chunked twice", ok("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
      {"F5 chunked in two fields",
       ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"F5 identity", ok("Transfer-Encoding: identity\r\n", "x")},
      {"F5 xchunked", ok("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
      {"F5 \"chunked\"", ok("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
      {"F5 chunked with a parameter", ok("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n")},
      {"F5 gzip beside a length", ok("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello")},
      {"F5 chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"F6 no size", chunks("\r\nhello\r\n0\r\n\r\n")},
      {"F6 a sign", chunks("+5\r\nhello\r\n0\r\n\r\n")},
      {"F6 0x", chunks("0x5\r\nhello\r\n0\r\n\r\n")},
      {"F6 a space before the size", chunks(" 5\r\nhello\r\n0\r\n\r\n")},
      {"F6 a space behind the size", chunks("5 \r\nhello\r\n0\r\n\r\n")},
      {"F6 no hexadecimal", chunks("g\r\nhello\r\n0\r\n\r\n")},
      {"F6 2^64", chunks("10000000000000000\r\nhello\r\n0\r\n\r\n")},
      {"F6 2^64 + 5", chunks("10000000000000005\r\nhello\r\n0\r\n\r\n")},
      {"F6 bare LF behind the size", chunks("5\nhello\r\n0\r\n\r\n")},
      {"F6 bare CR behind the size", chunks("5\rhello\r\n0\r\n\r\n")},
      {"F6 bare LF behind the data", chunks("5\r\nhello\n0\r\n\r\n")},
      {"F6 data longer than its size", chunks("5\r\nhello!\r\n0\r\n\r\n")},
      {"F6 bare LF in an extension", chunks("5;a\nb\r\nhello\r\n0\r\n\r\n")},
      {"F6 NUL in an extension", chunks("5;a"s + '\0' + "\r\nhello\r\n0\r\n\r\n")},
      {"F6 a megabyte of extension", chunks("5;" + std::string(1 << 20, 'e'))},
      {"F6 a megabyte of zeros", chunks(std::string(1 << 20, '0'))},
      {"F6 a megabyte of trailers", chunks("0\r\n" + std::string(1 << 20, 't'))},
      {"F6 trailers without end", chunks("0\r\n" +
                                         [] {
                                           std::string all;
                                           for (int i = 0; i < 100'000; ++i) all += "T: v\r\n";
                                           return all;
                                         }())},
      {"F6 bare LF in a trailer", chunks("0\r\nA: b\nC: d\r\n\r\n")},
      {"F6 a folded trailer", chunks("0\r\nA: b\r\n c\r\n\r\n")},
      {"F7 nine interim replies", many_interims(9) + usual},
      {"F7 101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
      {"F10 a header of 16 KiB and a byte",
       ok("X: " + std::string(reply_parser::max_head - ok("X: \r\n").size() + 1, 'x') + "\r\n")},
      {"F10 a header line without end", "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x')},
      {"F10 a status line without end", "HTTP/1.1 200 " + std::string(1 << 20, 'x')},
      {"F10 101 fields", ok([] {
         std::string all;
         for (int i = 0; i < 101; ++i) all += "X: y\r\n";
         return all;
       }() + "Content-Length: 0\r\n")},
      {"F10 a declared body beyond the limit", ok("Content-Length: 65537\r\n")},
      {"F10 a chunk beyond the limit", chunks("10001\r\n")},
      {"F10 chunks beyond the limit", chunks("8000\r\n" + std::string(0x8000, 'x') + "\r\n8001\r\n")},
      {"F10 a body without a length beyond the limit", ok("", std::string(65537, 'b'))},
      {"F10 128 KiB in all", chunks([] {
         std::string all;
         for (int i = 0; i < 20'000; ++i) all += "1;xxx\r\nb\r\n";
         return all;
       }())},
      {"F11 NUL in a value", ok("X: a"s + '\0' + "b\r\nContent-Length: 0\r\n")},
      {"F11 a control character in a value", ok("X: a\x01z\r\nContent-Length: 0\r\n")},
      {"F11 DEL in a value", ok("X: a\x7f\r\nContent-Length: 0\r\n")},
      {"F11 NUL in a name", ok("X"s + '\0' + ": a\r\nContent-Length: 0\r\n")},
      {"F11 NUL in the reason", "HTTP/1.1 200 O"s + '\0' + "K\r\nContent-Length: 0\r\n\r\n"},
      {"F11 a folded line", ok("X: a\r\n b\r\nContent-Length: 0\r\n")},
      {"F11 a line folded by a tab", ok("X: a\r\n\tb\r\nContent-Length: 0\r\n")},
      {"F11 a folded first line", "HTTP/1.1 200 OK\r\n X: a\r\nContent-Length: 0\r\n\r\n"},
      {"F11 an empty line that is folded", ok("X:\r\n \r\nContent-Length: 0\r\n")},
      {"F11 a space before the colon", ok("Content-Length : 0\r\n")},
      {"F11 no name", ok(": a\r\nContent-Length: 0\r\n")},
      {"F11 no colon", ok("Content-Length\r\n")},
      {"F11 bare LF in the header", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"},
      {"F11 bare LFs only", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"},
      {"F11 bare CR in the header", ok("X: a\rb\r\nContent-Length: 0\r\n")},
      {"F12 gzip", ok("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "hi")},
      {"F12 identity", ok("content-encoding: identity\r\nContent-Length: 2\r\n", "hi")},
      {"F17 HTTP/0.9", "<html>hello</html>"},
      {"F17 HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 HTTP/2", "HTTP/2 200\r\n\r\n"},
      {"F17 HTTP/11.1", "HTTP/11.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"F17 HTTP/2 settings", "\x00\x00\x12\x04\x00"s},
      {"F17 a leading empty line", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 lower case", "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 status 000", "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n"},
      {"F17 status in letters", "HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n"},
  };
  return table;
}

// behaviours: F5 F6 F7 F10 F11 F12 F17
TEST(ReplyParser, bad_replies_are_refused_with_the_stream_still_open) {
  for (const bad_reply& each : bad_replies()) {
    SCOPED_TRACE(each.name);
    const outcome seen = parse(each.bytes);
    EXPECT_EQ(seen.what, status::refused) << seen;
    EXPECT_EQ(seen.problem.substr(0, 23), "the reply was refused: ");
  }
}

/// Whether the error is in the body, by the names above.
bool is_bad_body(std::string_view name) {
  return name == "F5 2^63" || name.starts_with("F6") || name.starts_with("F12") ||
         name == "F10 128 KiB in all" ||
         (name.starts_with("F10 a ") && name.find("beyond the limit") != name.npos) ||
         name == "F10 chunks beyond the limit";
}

// behaviours: P4 F6 F10 F12
TEST(ReplyParser, bad_body_leaves_the_status_to_be_known) {
  std::size_t bodies = 0;
  for (const bad_reply& each : bad_replies()) {
    SCOPED_TRACE(each.name);
    reply_parser parser;
    std::string bytes = each.bytes;
    if (is_bad_body(each.name))
      bytes.replace(bytes.find("200 OK"), 6, "400 OK\r\nX-ShipEngine-RequestID: 1f0e");
    ASSERT_EQ(feed(parser, bytes), status::refused);
    ASSERT_EQ(parser.body_refused(), is_bad_body(each.name));
    if (!parser.body_refused()) continue;
    const detail::http_reply reply = parser.reply();
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.request_id, "1f0e");
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ("the reply was refused: " + std::string{reply.body_fault}, parser.problem());
    EXPECT_FALSE(reply.reusable);
    ++bodies;
  }
  EXPECT_GT(bodies, 20u);
}

// behaviours: F10
TEST(ReplyParser, limits_are_not_off_by_one) {
  const std::string exact =
      ok("X: " + std::string(reply_parser::max_head - ok("X: \r\nContent-Length: 0\r\n").size(), 'x') +
         "\r\nContent-Length: 0\r\n");
  ASSERT_EQ(exact.size(), reply_parser::max_head);
  EXPECT_EQ(parse(exact).what, status::complete);
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "X: y\r\n";
  EXPECT_EQ(parse(ok(fields + "Content-Length: 0\r\n")).what, status::complete);
  EXPECT_EQ(parse(ok("", std::string(65536, 'b')), ending::close_notify).body.size(), 65536U);
  std::string interims;
  for (int i = 0; i < reply_parser::max_interim; ++i) interims += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(parse(interims + usual).what, status::complete);
}

// --- the end of the stream

// behaviours: F2 F4
TEST(ReplyParser, a_reply_that_was_cut_off_is_never_complete) {
  for (const std::string& whole :
       {usual, chunked, ok("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        "HTTP/1.1 100 Continue\r\n\r\n" + usual, "HTTP/1.1 204 No Content\r\n\r\n"s})
    for (std::size_t size = 0; size < whole.size(); ++size)
      for (ending end : {ending::cut, ending::close_notify}) {
        const outcome seen = parse(std::string_view{whole}.substr(0, size), end);
        EXPECT_EQ(seen.what, status::incomplete) << size;
        EXPECT_EQ(seen.problem, size == 0 ? "no reply came" : "the reply was cut off");
      }
  EXPECT_EQ(parse(ok("", "not all of it"), ending::cut).what, status::incomplete);
}

// --- pieces

// behaviours: F15
TEST(ReplyParser, any_split_parses_the_same) {
  for (const good_reply& each : good_replies()) {
    SCOPED_TRACE(each.name);
    const outcome whole = parse(each.bytes, each.end);
    EXPECT_EQ(parse_bytewise(each.bytes, each.end), whole);
    for (std::size_t at = 0; at <= each.bytes.size(); at += step_for(each.bytes))
      ASSERT_EQ(parse_split(each.bytes, at, each.end), whole) << "split at " << at;
  }
}

// behaviours: F15
TEST(ReplyParser, any_split_is_refused_the_same) {
  for (const bad_reply& each : bad_replies()) {
    SCOPED_TRACE(each.name);
    const std::string bytes = each.bytes.substr(0, 150'000);
    const outcome whole = parse(bytes);
    EXPECT_EQ(parse_bytewise(bytes, ending::open), whole);
    for (std::size_t at = 0; at <= bytes.size(); at += step_for(bytes))
      ASSERT_EQ(parse_split(bytes, at, ending::open), whole) << "split at " << at;
  }
}

// behaviours: F15
TEST(ReplyParser, mutations_are_judged_the_same_however_they_come) {
  std::minstd_rand random{20260407};
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
  };
  static constexpr std::string_view bytes = "\r\n :;,0159afHTP/.-=\t\"x";
  for (const good_reply& each : good_replies()) {
    if (each.bytes.size() > 4096) continue;
    SCOPED_TRACE(each.name);
    for (int i = 0; i < 500; ++i) {
      std::string mutant = each.bytes;
      for (std::size_t change = below(3); change < 3; ++change) {
        const std::size_t at = below(mutant.size());
        switch (below(4)) {
          case 0:
            mutant[at] = bytes[below(bytes.size())];
            break;
          case 1:
            mutant.insert(at, 1, bytes[below(bytes.size())]);
            break;
          case 2:
            mutant.erase(at, 1);
            break;
          default:
            mutant[at] = static_cast<char>(below(256));
        }
      }
      const outcome whole = parse(mutant, each.end);
      ASSERT_EQ(parse_bytewise(mutant, each.end), whole) << mutant;
      ASSERT_EQ(parse_split(mutant, below(mutant.size()), each.end), whole) << mutant;
    }
  }
}

// --- one parser, many replies

TEST(ReplyParser, nothing_of_a_reply_is_left_in_the_next) {
  reply_parser parser;
  feed(parser, ok("Retry-After: 9\r\nKeep-Alive: timeout=9\r\nX-ShipEngine-RequestID: "
                  "r\r\nTransfer-Encoding: chunked\r\n",
                  "5\r\nfirst\r\n0\r\n\r\n"));
  parser.reset();
  EXPECT_FALSE(parser.begun());
  EXPECT_EQ(outcome_of(parser, feed(parser, usual), ending::open), parse(usual));
  parser.reset();
  feed(parser, "nonsense");
  parser.reset();
  EXPECT_EQ(outcome_of(parser, feed(parser, chunked), ending::open), parse(chunked));
}

// behaviours: X4
TEST(ReplyParser, a_reply_is_wiped_when_it_is_done_with) {
  reply_parser parser;
  feed(parser, usual);
  const std::string_view body = parser.reply().body;
  parser.reset();
  EXPECT_EQ(std::count(body.begin(), body.end(), '\0'), static_cast<std::ptrdiff_t>(body.size()));
}

// behaviours: F10
TEST(ReplyParser, the_memory_of_a_large_reply_is_given_back) {
  reply_parser parser;
  EXPECT_EQ(parser.room().size(), wiped_buffer::first_capacity);
  feed(parser, ok("Content-Length: 65536\r\n", std::string(65536, 'b')));
  EXPECT_LE(parser.room().size() + 65536, 2 * reply_parser::max_bytes);
  parser.reset();
  EXPECT_EQ(parser.room().size(), wiped_buffer::first_capacity);
}

TEST(ReplyParser, a_body_has_readable_slack_behind_it) {
  // Exactly as large as the first buffer: the bytes after it are in the slack (ASan checks).
  std::string bytes = ok("Content-Length: 4000\r\n", std::string(4000, 'b'));
  bytes = ok("X: " + std::string(wiped_buffer::first_capacity - bytes.size() - 5, 'x') +
                 "\r\nContent-Length: 4000\r\n",
             std::string(4000, 'b'));
  ASSERT_EQ(bytes.size(), wiped_buffer::first_capacity);
  reply_parser parser;
  ASSERT_EQ(feed(parser, bytes), status::complete);
  const char* end = parser.reply().body.data() + parser.reply().body.size();
  EXPECT_EQ(std::count(end, end + wiped_buffer::slack, '\0'),
            static_cast<std::ptrdiff_t>(wiped_buffer::slack));
}

}  // namespace
}  // namespace ephemint::net
