#include "reply.hpp"

#include <gtest/gtest.h>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

const request asked{.method = "POST", .target = "/"};

reply hello() {
  reply r;
  r.body = "hello!";
  r.request_id = "id";
  r.token = "T";
  r.redirect_url = "U";
  return r;
}

exchange hello_with(const fault& f) { return to_exchange(hello(), f, asked); }

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST(sandbox_reply, plain_one_to_the_byte) {
  const exchange e = hello_with({});
  EXPECT_EQ(e.wire,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-ShipEngine-RequestID: id\r\n"
            "Content-Length: 6\r\n\r\nhello!");
  EXPECT_EQ(e.status, 200U);
  EXPECT_EQ(e.end, connection_end::keep);
}

TEST(sandbox_reply, client_that_wants_to_close_is_obeyed) {
  request closing = asked;
  closing.keep_alive = false;
  const exchange e = to_exchange(hello(), {}, closing);
  EXPECT_TRUE(contains(e.wire, "\r\nConnection: close\r\n"));
  EXPECT_EQ(e.end, connection_end::close);
}

TEST(sandbox_reply, error_body_is_the_apis) {
  const reply r = error_reply(429, usual_error(429));
  EXPECT_EQ(r.body, R"({"request_id":")" + r.request_id +
                        R"(","errors":[{"error_source":"shipengine","error_type":"system",)"
                        R"("error_code":"rate_limit_exceeded","message":"You have exceeded the rate limit. )"
                        R"(Please see https://www.shipengine.com/docs/rate-limits"}]})");
}

TEST(sandbox_reply, error_of_a_fault_is_as_told) {
  const fault f{.status = 400,
                .error_source = "carrier",
                .error_type = "integrations",
                .error_code = "meter_failure",
                .error_message = "say \"when\""};
  EXPECT_TRUE(
      contains(faulty_reply(f, {}).body,
               R"({"error_source":"carrier","error_type":"integrations","error_code":"meter_failure",)"
               R"("message":"say \"when\""})"));
  EXPECT_TRUE(contains(faulty_reply({.status = 401}, {}).body,
                       R"("error_type":"security","error_code":"unauthorized")"));
  EXPECT_TRUE(contains(faulty_reply({.status = 503}, {}).body,
                       R"("error_type":"system","error_code":"unspecified")"));
}

TEST(sandbox_reply, success_of_a_fault_has_both_token_and_errors) {
  const reply r = faulty_reply({.status = 200}, hello());
  EXPECT_TRUE(contains(r.body, R"("token":"T","redirect_url":"U","errors":[{)"));
  reply alone = hello();
  alone.redirect_url.clear();
  EXPECT_TRUE(contains(faulty_reply({.status = 200}, alone).body, R"("token":"T","errors":[{)"));
}

TEST(sandbox_reply, bodies) {
  EXPECT_TRUE(
      hello_with({.body = fault_body::malformed_json}).wire.ends_with("Content-Length: 3\r\n\r\nhel"));
  EXPECT_TRUE(hello_with({.body = fault_body::custom, .body_text = "x"})
                  .wire.ends_with("Content-Length: 1\r\n\r\nx"));
  EXPECT_TRUE(hello_with({.body_padding = 2}).wire.ends_with("Content-Length: 8\r\n\r\nhello!  "));
  const exchange html =
      to_exchange(faulty_reply({.status = 502}, {}), {.status = 502, .body = fault_body::html}, asked);
  EXPECT_TRUE(contains(html.wire, "Content-Type: text/html\r\n"));
  EXPECT_TRUE(contains(html.wire, "<h1>502 Bad Gateway</h1>"));
  const exchange empty =
      to_exchange(faulty_reply({.status = 503}, {}), {.status = 503, .body = fault_body::empty}, asked);
  EXPECT_TRUE(empty.wire.ends_with("Content-Length: 0\r\n\r\n"));
}

TEST(sandbox_reply, statuses_without_a_body_have_none) {
  for (unsigned status : {204U, 304U}) {
    const fault f{.status = status};
    const exchange e = to_exchange(faulty_reply(f, {}), f, asked);
    EXPECT_FALSE(contains(e.wire, "Content-Length"));
    EXPECT_TRUE(e.wire.ends_with("\r\n\r\n"));
  }
  const request head{.method = "HEAD", .target = "/"};
  EXPECT_TRUE(to_exchange(hello(), {}, head).wire.ends_with("Content-Length: 6\r\n\r\n"));
}

TEST(sandbox_reply, headers) {
  const exchange e = hello_with({.retry_after = "1\r\nRetry-After: 2",
                                 .headers = {"X-A: 1", "X-B: 2"},
                                 .header_padding = 5,
                                 .announce_close = true,
                                 .keep_alive_timeout = 5});
  EXPECT_TRUE(contains(e.wire,
                       "\r\nRetry-After: 1\r\nRetry-After: 2\r\nX-A: 1\r\nX-B: 2\r\nX-Padding: .....\r\n"
                       "Keep-Alive: timeout=5\r\nConnection: close\r\n"));
  EXPECT_EQ(e.end, connection_end::close);
}

TEST(sandbox_reply, interim_replies_come_first) {
  const exchange e = hello_with({.interim = 2});
  EXPECT_TRUE(e.wire.starts_with(
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(hello_with({.interim = 1, .interim_status = 101})
                  .wire.starts_with("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
}

TEST(sandbox_reply, framing) {
  EXPECT_TRUE(hello_with({.framing = body_framing::chunked})
                  .wire.ends_with("Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n"));
  const exchange until_close = hello_with({.framing = body_framing::until_close});
  EXPECT_TRUE(until_close.wire.ends_with("RequestID: id\r\n\r\nhello!"));
  EXPECT_EQ(until_close.end, connection_end::close);
  EXPECT_EQ(hello_with({.framing = body_framing::until_close, .end = connection_end::cut}).end,
            connection_end::cut);
  const exchange missing = hello_with({.missing_bytes = 4});
  EXPECT_TRUE(missing.wire.ends_with("Content-Length: 10\r\n\r\nhello!"));
  EXPECT_EQ(missing.end, connection_end::close);
  EXPECT_TRUE(hello_with({.extra_bytes = "HTTP/1.1"}).wire.ends_with("hello!HTTP/1.1"));
}

TEST(sandbox_reply, raw_bytes_are_sent_as_they_are) {
  const exchange e = hello_with(fault::raw("$TOKEN"));
  EXPECT_EQ(e.wire, "$TOKEN");
  EXPECT_EQ(e.status, 0U);
  const exchange expanded =
      hello_with({.raw_reply = "$LENGTH $BODY $TOKEN $REDIRECT_URL $TOKEN", .raw_expands = true});
  EXPECT_EQ(expanded.wire, "6 hello! T U T");
}

TEST(sandbox_reply, ends_before_inside_and_after) {
  const exchange before = hello_with({.end = connection_end::reset, .end_at = end_point::before_reply});
  EXPECT_EQ(before.wire, "");
  EXPECT_EQ(before.status, 0U);
  EXPECT_EQ(before.end, connection_end::reset);
  const exchange inside =
      hello_with({.end = connection_end::cut, .end_at = end_point::inside_reply, .end_after = 8});
  EXPECT_EQ(inside.wire, "HTTP/1.1");
  EXPECT_EQ(inside.status, 200U);
  const exchange beyond =
      hello_with({.end = connection_end::cut, .end_at = end_point::inside_reply, .end_after = 9999});
  EXPECT_TRUE(beyond.wire.ends_with("hello!"));
  const exchange after = hello_with({.end = connection_end::close});
  EXPECT_FALSE(contains(after.wire, "Connection:"));
  EXPECT_EQ(after.end, connection_end::close);
}

TEST(sandbox_reply, pace_is_passed_on) {
  const exchange e = hello_with({.drip = 3ms, .one_byte_records = true});
  EXPECT_EQ(e.drip, 3ms);
  EXPECT_TRUE(e.one_byte_records);
}

}  // namespace
}  // namespace ephemint::sandbox
