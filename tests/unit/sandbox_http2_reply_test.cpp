#include "http2_reply.hpp"

#include <gtest/gtest.h>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

const request asked{.method = "POST", .target = "/", .stream = 7};

reply hello() {
  reply r;
  r.body = "hello!";
  r.request_id = "id";
  r.token = "T";
  return r;
}

http2_exchange hello_with(const char* spec) { return to_http2_exchange(hello(), parse_fault(spec), asked); }

std::string field_of(const http2_exchange& e, std::string_view name) {
  std::string values;
  for (const header_field& f : e.reply.head)
    if (f.name == name) values += "[" + f.value + "]";
  return values;
}

TEST(sandbox_http2_reply, plain_one_to_the_field) {
  const http2_exchange e = to_http2_exchange(hello(), {}, asked);
  EXPECT_EQ(e.reply.head, (header_fields{{":status", "200"},
                                         {"content-type", "application/json"},
                                         {"x-shipengine-requestid", "id"},
                                         {"content-length", "6"}}));
  EXPECT_EQ(e.reply.body, "hello!");
  EXPECT_TRUE(e.reply.finishes);
  EXPECT_EQ(e.status, 200U);
  EXPECT_EQ(e.end, connection_end::keep);
}

TEST(sandbox_http2_reply, header_lines_become_fields) {
  EXPECT_EQ(to_field("Retry-After: 5"), (header_field{"retry-after", "5"}));
  EXPECT_EQ(to_field("x:y: z "), (header_field{"x", "y: z "}));
  EXPECT_EQ(to_field(":status: 200"), (header_field{":status", "200"}));
  EXPECT_EQ(to_field("bare"), (header_field{"bare", ""}));
  EXPECT_EQ(to_field(""), (header_field{"", ""}));
  const http2_exchange e = hello_with("retry_after=2,header=\"X-A: 1\",header=X-A: 2,header_padding=3");
  EXPECT_EQ(field_of(e, "retry-after"), "[2]");
  EXPECT_EQ(field_of(e, "x-a"), "[1][2]");
  EXPECT_EQ(field_of(e, "x-padding"), "[...]");
}

TEST(sandbox_http2_reply, nothing_of_http1_goes_along) {
  const http2_exchange e = hello_with("keep_alive=5,announce_close");
  EXPECT_EQ(field_of(e, "keep-alive") + field_of(e, "connection"), "");
  EXPECT_EQ(e.own.go_away, goaway{}) << "this is how HTTP/2 announces a close";
  EXPECT_EQ(hello_with("announce_close,goaway=CANCEL").own.go_away->code, http2_error::cancel);
}

TEST(sandbox_http2_reply, framing_is_a_matter_of_data) {
  EXPECT_EQ(field_of(hello_with("chunked"), "content-length"), "");
  EXPECT_EQ(hello_with("chunked").reply.data_size, 3U);
  EXPECT_EQ(field_of(hello_with("until_close"), "content-length"), "");
  EXPECT_EQ(hello_with("until_close").end, connection_end::close);
  EXPECT_EQ(hello_with("until_close,cut").end, connection_end::cut);
  EXPECT_EQ(hello_with("data_size=2").reply.data_size, 2U);
  EXPECT_EQ(hello_with("drip=1ms,data_size=2").reply.data_size, 1U);
  EXPECT_TRUE(hello_with("drip=1ms").reply.paced);
}

TEST(sandbox_http2_reply, missing_bytes_are_promised) {
  EXPECT_EQ(field_of(hello_with("missing=4"), "content-length"), "[10]");
  EXPECT_TRUE(hello_with("missing=4").reply.finishes) << "the length is wrong, which END_STREAM shows";
  EXPECT_EQ(hello_with("missing=4").end, connection_end::keep);
  EXPECT_FALSE(hello_with("missing=4,cut").reply.finishes);
}

TEST(sandbox_http2_reply, ends_that_leave_something_out) {
  EXPECT_FALSE(hello_with("unfinished").reply.finishes);
  EXPECT_FALSE(hello_with("rst=NO_ERROR:inside").reply.finishes);
  EXPECT_TRUE(hello_with("rst=NO_ERROR:after").reply.finishes);
  for (const char* spec : {"silent", "refuse", "rst=CANCEL", "close=before", "reset", "raw=x",
                           "goaway=NO_ERROR:earlier", "goaway=NO_ERROR:5"}) {
    const http2_exchange e = hello_with(spec);
    EXPECT_EQ(e.status, 0U) << spec;
    EXPECT_TRUE(e.reply.head.empty()) << spec;
  }
  for (const char* spec :
       {"goaway=NO_ERROR", "goaway=CANCEL:7", "goaway=NO_ERROR:every", "close", "rst=CANCEL:after"})
    EXPECT_EQ(hello_with(spec).status, 200U) << spec;
}

TEST(sandbox_http2_reply, raw_expands_if_asked_to) {
  EXPECT_EQ(hello_with("raw=$BODY").raw, "$BODY");
  EXPECT_EQ(hello_with("template=\"$LENGTH $BODY\"").raw, "6 hello!");
}

TEST(sandbox_http2_reply, statuses_and_methods_without_a_body_have_none) {
  reply nothing = hello();
  nothing.status = 204;
  const http2_exchange none = to_http2_exchange(nothing, {}, asked);
  EXPECT_TRUE(none.reply.body.empty());
  EXPECT_EQ(field_of(none, "content-length"), "");
  request head = asked;
  head.method = "HEAD";
  const http2_exchange e = to_http2_exchange(hello(), {}, head);
  EXPECT_TRUE(e.reply.body.empty());
  EXPECT_EQ(field_of(e, "content-length"), "[6]");
}

TEST(sandbox_http2_reply, last_streams) {
  EXPECT_EQ(last_stream_of({}, 7), 7U);
  EXPECT_EQ(last_stream_of({.reach = goaway_reach::earlier_requests}, 7), 5U);
  EXPECT_EQ(last_stream_of({.reach = goaway_reach::earlier_requests}, 1), 0U);
  EXPECT_EQ(last_stream_of({.reach = goaway_reach::every_request}, 7), 0x7fffffffU);
  EXPECT_EQ(last_stream_of({.last_stream = 3}, 7), 3U);
}

TEST(sandbox_http2_reply, some_requests_never_reach_the_api) {
  for (const char* spec : {"refuse", "rst=7", "goaway=NO_ERROR:earlier", "goaway=0xb:5"})
    EXPECT_TRUE(keeps_from_api(parse_fault(spec).http2, 7)) << spec;
  for (const char* spec :
       {"rst=CANCEL", "rst=REFUSED_STREAM:after", "goaway=NO_ERROR", "goaway=NO_ERROR:9", "silent"})
    EXPECT_FALSE(keeps_from_api(parse_fault(spec).http2, 7)) << spec;
}

}  // namespace
}  // namespace ephemint::sandbox
