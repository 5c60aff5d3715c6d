#include <ephemint/sandbox/fault.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

std::string refusal(std::string_view spec) {
  try {
    parse_fault(spec);
    return "accepted";
  } catch (const std::invalid_argument& why) {
    return why.what();
  }
}

TEST(sandbox_fault_text, status_and_count) {
  const fault f = parse_fault("status=503,count=3");
  EXPECT_EQ(f.status, 503U);
  EXPECT_EQ(f.count, 3U);
  EXPECT_EQ(f.end, connection_end::keep);
}

TEST(sandbox_fault_text, which_requests) {
  const fault f = parse_fault("account=se-7,nth=2,skip=3,every=4,probability=0.25,seed=5,count=6,status=500");
  EXPECT_EQ(f.account, "se-7");
  EXPECT_EQ(f.nth_on_connection, 2U);
  EXPECT_EQ(f.skip, 3U);
  EXPECT_EQ(f.every, 4U);
  EXPECT_EQ(f.probability, 0.25);
  EXPECT_EQ(f.seed, 5U);
  EXPECT_EQ(f.count, 6U);
}

TEST(sandbox_fault_text, delays) {
  const fault f = parse_fault("delay=80ms,jitter=40ms,tail=0.01:2s,drip=1ms");
  EXPECT_EQ(f.delay, 80ms);
  EXPECT_EQ(f.jitter, 40ms);
  EXPECT_EQ(f.tail_probability, 0.01);
  EXPECT_EQ(f.tail_delay, 2s);
  EXPECT_EQ(f.drip, 1ms);
}

TEST(sandbox_fault_text, answers) {
  const fault f = parse_fault(
      "status=429,body=html,source=carrier,type=system,code=rate_limit_exceeded,message=\"no, not now\","
      "retry_after=\"2, 3\",header=\"X-A: 1\",header=X-B: 2,header_padding=10,body_padding=11,interim=8:102");
  EXPECT_EQ(f.body, fault_body::html);
  EXPECT_EQ(f.error_source, "carrier");
  EXPECT_EQ(f.error_type, "system");
  EXPECT_EQ(f.error_code, "rate_limit_exceeded");
  EXPECT_EQ(f.error_message, "no, not now");
  EXPECT_EQ(f.retry_after, "2, 3");
  EXPECT_EQ(f.headers, (std::vector<std::string>{"X-A: 1", "X-B: 2"}));
  EXPECT_EQ(f.header_padding, 10U);
  EXPECT_EQ(f.body_padding, 11U);
  EXPECT_EQ(f.interim, 8U);
  EXPECT_EQ(f.interim_status, 102U);
}

TEST(sandbox_fault_text, custom_body) {
  const fault f = parse_fault("text=\"{}\",content_type=text/plain");
  EXPECT_EQ(f.body, fault_body::custom);
  EXPECT_EQ(f.body_text, "{}");
  EXPECT_EQ(f.content_type, "text/plain");
}

TEST(sandbox_fault_text, raw_bytes_by_escapes) {
  const fault f = parse_fault(R"(raw="HTTP/1.1 200 OK\r\n\r\n\"\\\t\0\xfF",close)");
  EXPECT_EQ(f.raw_reply, std::string("HTTP/1.1 200 OK\r\n\r\n\"\\\t\0\xff", 24));
  EXPECT_FALSE(f.raw_expands);
  EXPECT_TRUE(parse_fault("template=$BODY").raw_expands);
  EXPECT_EQ(fault::raw("x").raw_reply, "x");
}

TEST(sandbox_fault_text, framing_and_sending) {
  EXPECT_EQ(parse_fault("chunked").framing, body_framing::chunked);
  EXPECT_EQ(parse_fault("until_close").framing, body_framing::until_close);
  EXPECT_TRUE(parse_fault("announce_close").announce_close);
  EXPECT_TRUE(parse_fault("one_byte_records").one_byte_records);
  EXPECT_EQ(parse_fault("keep_alive=5").keep_alive_timeout, 5U);
  EXPECT_EQ(parse_fault("missing=7").missing_bytes, 7U);
  EXPECT_EQ(parse_fault("extra=surplus").extra_bytes, "surplus");
}

TEST(sandbox_fault_text, endings) {
  struct {
    std::string_view spec;
    connection_end end;
    end_point at;
    std::size_t after;
  } const cases[] = {
      {"close", connection_end::close, end_point::after_reply, 0},
      {"close=before", connection_end::close, end_point::before_reply, 0},
      {"cut", connection_end::cut, end_point::after_reply, 0},
      {"cut=inside:20", connection_end::cut, end_point::inside_reply, 20},
      {"reset", connection_end::reset, end_point::before_reply, 0},
      {"reset=after", connection_end::reset, end_point::after_reply, 0},
      {"stall,count=1", connection_end::stall, end_point::before_reply, 0},
      {"stall=inside:1", connection_end::stall, end_point::inside_reply, 1},
  };
  for (const auto& c : cases) {
    const fault f = parse_fault(c.spec);
    EXPECT_EQ(f.end, c.end) << c.spec;
    EXPECT_EQ(f.end_at, c.at) << c.spec;
    EXPECT_EQ(f.end_after, c.after) << c.spec;
  }
}

TEST(sandbox_fault_text, handshakes) {
  EXPECT_EQ(parse_fault("handshake=stall").handshake, handshake_fault::stall);
  EXPECT_EQ(parse_fault("handshake=close,every=2").handshake, handshake_fault::close);
  EXPECT_EQ(parse_fault("handshake=reset").handshake, handshake_fault::reset);
}

TEST(sandbox_fault_text, streams_of_http2) {
  EXPECT_EQ(parse_fault("refuse").http2, (http2_fault{.reset = http2_error::refused_stream}));
  EXPECT_EQ(parse_fault("rst=CANCEL:inside").http2,
            (http2_fault{.reset = http2_error::cancel, .reset_at = reset_point::inside_reply}));
  EXPECT_EQ(parse_fault("rst=13:after").http2,
            (http2_fault{.reset = http2_error::http_1_1_required, .reset_at = reset_point::after_reply}));
  EXPECT_EQ(parse_fault("rst=0xdeadbeef:before").http2, (http2_fault{.reset = http2_error{0xdeadbeef}}));
  EXPECT_EQ(parse_fault("unfinished").http2.end, stream_end::unfinished);
  EXPECT_EQ(parse_fault("silent").http2.end, stream_end::silent);
  EXPECT_EQ(fault::refuse().http2, parse_fault("refuse").http2);
  EXPECT_EQ(fault::reset_stream(http2_error::cancel, reset_point::after_reply).http2,
            parse_fault("rst=CANCEL:after").http2);
}

TEST(sandbox_fault_text, frames_of_http2) {
  EXPECT_EQ(
      parse_fault("trailer=\"a: b\",trailer=c: d,padding=255,continuations=3,data_size=7,empty_data=9").http2,
      (http2_fault{.trailers = {"a: b", "c: d"},
                   .padding = 255,
                   .continuations = 3,
                   .data_size = 7,
                   .empty_data = 9}));
}

TEST(sandbox_fault_text, connections_of_http2) {
  EXPECT_EQ(parse_fault("goaway=NO_ERROR").http2.go_away, goaway{});
  EXPECT_EQ(parse_fault("goaway=ENHANCE_YOUR_CALM:earlier").http2.go_away,
            (goaway{http2_error::enhance_your_calm, goaway_reach::earlier_requests}));
  EXPECT_EQ(parse_fault("goaway=0:every").http2.go_away, (goaway{.reach = goaway_reach::every_request}));
  EXPECT_EQ(parse_fault("goaway=0:this").http2.go_away, goaway{});
  EXPECT_EQ(parse_fault("goaway=0:41").http2.go_away, (goaway{.last_stream = 41}));
  EXPECT_EQ(fault::go_away(http2_error::cancel, goaway_reach::every_request).http2,
            parse_fault("goaway=CANCEL:every").http2);
  EXPECT_EQ(parse_fault("max_streams=0").http2.max_streams, 0U);
  EXPECT_EQ(fault::limit_streams(3).http2, parse_fault("max_streams=3").http2);
  EXPECT_EQ(parse_fault("ping").http2.pings, 1U);
  EXPECT_EQ(parse_fault("ping=8").http2.pings, 8U);
  EXPECT_EQ(parse_fault("settings_delay=700ms,window=0,max_streams=4").http2,
            (http2_fault{.max_streams = 4, .settings_delay = 700ms, .window = 0}));
}

TEST(sandbox_fault_text, guide_shows_faults_that_there_are) {
  std::ifstream guide{EPHEMINT_SANDBOX_GUIDE};
  std::string line;
  while (std::getline(guide, line) && line != "## Faults") {
  }
  int shown = 0;
  while (std::getline(guide, line) && !line.starts_with("## ")) {
    if (!line.starts_with("| ")) continue;
    for (std::size_t open = line.find('`'); open != line.npos; open = line.find('`', open + 1)) {
      const std::size_t close = line.find('`', open + 1);
      EXPECT_EQ(refusal(line.substr(open + 1, close - open - 1)), "accepted") << line;
      open = close;
      ++shown;
    }
  }
  EXPECT_GT(shown, 50);
}

TEST(sandbox_fault_text, refusal_names_the_part_and_the_cure) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"status=abc", "fault \"status=abc\": \"status\": \"abc\" is not a whole number of 0 or more"},
      {"status", "fault \"status\": \"status\": status needs a value: status=…"},
      {"chunked=1", "fault \"chunked=1\": \"chunked\": chunked takes no value"},
      {"delay=80",
       "fault \"delay=80\": \"delay\": \"80\" is not a duration: give a whole number and its unit, such as "
       "250ms, 5s or 1min"},
      {"probability=2",
       "fault \"probability=2\": \"probability\": \"2\" is not a probability: give a number from 0 to 1"},
      {"close=never",
       "fault \"close=never\": \"close\": \"never\" is not a place: give before, inside:N or after"},
      {"close,reset", "fault \"close,reset\": \"reset\": only one of close, cut, reset and stall can be"},
      {"body=xml", "fault \"body=xml\": \"body\": \"xml\" is not a body: give api, html, empty or malformed"},
      {"handshake=x",
       "fault \"handshake=x\": \"handshake\": \"x\" is not a handshake's end: give stall, close or reset"},
      {"tail=1s", "fault \"tail=1s\": \"tail\": \"1s\" is not PROBABILITY:DURATION, such as 0.01:2s"},
      {"status=99", "fault \"status=99\": fault.status must be from 200 to 599, not 99"},
      {"status=500,,count=1", "fault \"status=500,,count=1\": a part is empty"},
      {"rst=SORRY",
       "fault \"rst=SORRY\": \"rst\": \"SORRY\" is not an error code: give a name such as REFUSED_STREAM, or "
       "a "
       "number"},
      {"rst=CANCEL:now",
       "fault \"rst=CANCEL:now\": \"rst\": \"now\" is not a place: give before, inside or after"},
      {"refuse=1", "fault \"refuse=1\": \"refuse\": refuse takes no value"},
      {"goaway", "fault \"goaway\": \"goaway\": goaway needs a value: goaway=…"},
      {"goaway=0:never",
       "fault \"goaway=0:never\": \"goaway\": \"never\" is not a stream: give this, earlier, every or an id"},
      {"", "fault \"\": a part is empty"},
  };
  for (const auto& [spec, message] : cases) EXPECT_EQ(refusal(spec), message);
  EXPECT_NE(refusal("statsu=500").find("\"statsu\": it must be one of account, nth, "), std::string::npos);
  EXPECT_NE(refusal("statsu=500").find("close, cut, reset, stall, rst, "), std::string::npos);
  EXPECT_TRUE(refusal("statsu=500").ends_with("refuse, unfinished, silent, ping"));
}

TEST(sandbox_fault_text, refuses_bad_quoting_and_values_out_of_range) {
  for (auto spec : {"text=\"a",
                    "text=\"a\"b",
                    "text=\"\\",
                    "text=\"\\q\"",
                    "text=\"\\x4\"",
                    "text=\"\\xgg\"",
                    "=5",
                    "status=500,",
                    "every=0",
                    "interim=1:200",
                    "handshake=close,account=a",
                    "handshake=close,nth=1",
                    "status=4294967797",
                    "body=html",
                    "delay=2h",
                    "chunked,missing=1",
                    "raw",
                    "rst=",
                    "rst=0x",
                    "rst=4294967296",
                    "rst=-1",
                    "padding=256",
                    "max_streams=1001",
                    "window=2147483648",
                    "refuse,silent",
                    "goaway=0:0",
                    "ping=x",
                    "settings_delay=1s,account=a",
                    "window=1,nth=1"})
    EXPECT_NE(refusal(spec), "accepted") << spec;
}

}  // namespace
}  // namespace ephemint::sandbox
