#include "support/http2_client.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

// Faults, as seen in HTTP/2's frames.

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using http2::error_code;
using http2::frame_type;
using http2::received_frame;

class sandbox_http2_faults : public testing::Test {
 protected:
  /// A new connection under the fault.
  http2_client& connect(const char* spec) {
    server_.clear_faults();
    server_.reset_stats();
    server_.add_fault(sandbox::parse_fault(spec));
    return client_.emplace(server_);
  }
  /// Its first reply.
  http2_answer first(const char* spec) { return connect(spec).mint(); }
  std::size_t count(frame_type type) const {
    const auto& all = client_->frames;
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [type](const received_frame& f) { return f.type == type; }));
  }
  const received_frame* find(frame_type type) const {
    for (const received_frame& f : client_->frames)
      if (f.type == type) return &f;
    return nullptr;
  }
  /// The state of the connection after everything has come.
  seen_end end_after_all() {
    while (client_->read_frame()) {
    }
    return client_->end();
  }

  sandbox::server server_;
  std::optional<http2_client> client_;
};

// --- What HTTP/1.1 has too.

TEST_F(sandbox_http2_faults, answers_are_the_same) {
  struct {
    const char* spec;
    unsigned status;
    const char* body;
  } const cases[] = {
      {"status=503", 503, "\"errors\":["},
      {"status=429,retry_after=2", 429, "rate_limit_exceeded"},
      {"status=502,body=html", 502, "<h1>502 Bad Gateway</h1>"},
      {"status=502,body=empty", 502, ""},
      {"text=hello,content_type=text/plain", 200, "hello"},
      {"status=200", 200, "\"token\":"},
  };
  for (const auto& c : cases) {
    const http2_answer answer = first(c.spec);
    EXPECT_EQ(answer.status, c.status) << c.spec;
    EXPECT_TRUE(answer.complete) << c.spec;
    EXPECT_NE(answer.body.find(c.body), std::string::npos) << c.spec << ": " << answer.body;
  }
  EXPECT_EQ(first("status=429,retry_after=2").header("retry-after"), "2");
  EXPECT_EQ(first("header=\"X-Odd: yes\"").header("x-odd"), "yes");
  EXPECT_EQ(client_->mint().status, 200U) << "the connection goes on";
}

TEST_F(sandbox_http2_faults, nth_counts_streams_of_a_connection) {
  connect("nth=2,status=500");
  EXPECT_EQ(client_->mint().status, 200U);
  EXPECT_EQ(client_->mint().status, 500U);
  EXPECT_EQ(client_->mint().status, 200U);
}

TEST_F(sandbox_http2_faults, odd_ways_of_sending_say_the_same) {
  for (const char* spec :
       {"chunked",
        "until_close",
        "one_byte_records",
        "drip=1ms",
        "interim=3",
        "body_padding=9",
        "keep_alive=5",
        "padding=255",
        "continuations=3",
        "continuations=300",
        "data_size=7",
        "empty_data=50",
        "trailer=\"a: b\"",
        "ping",
        "ping=5",
        "max_streams=1",
        "settings_delay=20ms",
        "window=0",
        "announce_close",
        "goaway=NO_ERROR",
        "goaway=NO_ERROR:every",
        "rst=NO_ERROR:after",
        "header_padding=60000",
        "header_padding=1000000",
        "chunked,one_byte_records,interim=2,padding=3,continuations=2,trailer=\"a: b\",ping=2"}) {
    const http2_answer answer = first(spec);
    EXPECT_EQ(answer.status, 200U) << spec;
    EXPECT_NE(answer.body.find("\"token\":"), std::string::npos) << spec;
    EXPECT_TRUE(answer.complete) << spec;
    EXPECT_EQ(server_.stats().minted, 1U) << spec;
  }
}

TEST_F(sandbox_http2_faults, ends_look_as_they_are_called) {
  struct {
    const char* spec;
    bool complete;
    seen_end end;
  } const cases[] = {
      {"close", true, seen_end::notified},
      {"cut", true, seen_end::cut},
      {"close=before", false, seen_end::notified},
      {"cut=before", false, seen_end::cut},
      {"reset", false, seen_end::reset},
      {"until_close", true, seen_end::notified},
      {"announce_close", true, seen_end::notified},
      {"missing=5,cut", false, seen_end::cut},
      {"unfinished,close", false, seen_end::notified},
      {"reset=inside:40", false, seen_end::reset},
      {"cut=inside:40", false, seen_end::cut},
      {"close=inside:40", false, seen_end::notified},
      {"raw=xyz,cut", false, seen_end::cut},
      {"goaway=NO_ERROR", true, seen_end::notified},
      {"goaway=NO_ERROR:earlier", false, seen_end::notified},
      {"goaway=CANCEL,close=before", false, seen_end::notified},
  };
  for (const auto& c : cases) {
    connect(c.spec).answers = false;  // a write would take up the reset that a read is to see
    EXPECT_EQ(client_->mint().complete, c.complete) << c.spec;
    EXPECT_EQ(end_after_all(), c.end) << c.spec;
  }
}

TEST_F(sandbox_http2_faults, inside_is_so_many_bytes_of_the_stream) {
  connect("cut=inside:60");
  client_->ask();
  std::string all;
  for (std::string part = client_->read_some(); !part.empty(); part = client_->read_some()) all += part;
  http2::frame_reader reader;
  reader.take(all);
  std::size_t before = 0;
  for (auto frame = reader.next(); frame && frame->stream == 0; frame = reader.next())
    before += 9 + frame->payload.size();
  EXPECT_EQ(all.size() - before, 60U);
}

TEST_F(sandbox_http2_faults, end_takes_all_streams_along) {
  connect("account=last,close=before");
  server_.add_fault(sandbox::parse_fault("account=slow,delay=1h"));
  const std::uint32_t slow = client_->ask("slow");
  EXPECT_FALSE(client_->mint("last").complete);
  EXPECT_FALSE(client_->answer(slow).complete);
  EXPECT_EQ(client_->end(), seen_end::notified);
}

TEST_F(sandbox_http2_faults, stall_silences_the_connection) {
  server_.add_fault(sandbox::parse_fault("account=deaf,stall"));
  client_settings impatient = offering_http2(server_);
  impatient.patience = 100ms;
  http2_client client{server_, impatient};
  EXPECT_EQ(client.mint("deaf").status, 0U);
  EXPECT_EQ(client.mint().status, 0U) << "no other stream is answered";
  client.send(http2::ping("12345678"));
  EXPECT_FALSE(client.read_until(frame_type::ping));
  EXPECT_EQ(client.end(), seen_end::timed_out);
  EXPECT_EQ(server_.stats().connections_open, 1U);
}

TEST_F(sandbox_http2_faults, length_that_lies_is_sent_whole) {
  const http2_answer answer = first("missing=5");
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.header("content-length"), std::to_string(answer.body.size() + 5));
  EXPECT_EQ(client_->mint().status, 200U);
}

TEST_F(sandbox_http2_faults, extra_bytes_come_on_the_closed_stream) {
  EXPECT_TRUE(first("extra=surplus").complete);
  const auto more = client_->read_until(frame_type::data);
  ASSERT_TRUE(more);
  EXPECT_EQ(more->payload, "surplus");
  EXPECT_EQ(more->stream, 1U);
}

TEST_F(sandbox_http2_faults, raw_bytes_stand_between_frames) {
  connect("template=\"\\x00\\x00\\x08\\x06\\x00\\x00\\x00\\x00\\x00$TOKEN\",count=1");
  client_->ask();
  const auto ping = client_->read_until(frame_type::ping);
  ASSERT_TRUE(ping);
  EXPECT_TRUE(ping->payload.starts_with("eyJ")) << "the token, where a PING's bytes would be";
}

TEST_F(sandbox_http2_faults, one_byte_records_and_drips_are_single_bytes) {
  first("drip=1ms,text=abc");
  EXPECT_EQ(count(frame_type::data), 3U);
  first("chunked,text=abcd");
  EXPECT_EQ(count(frame_type::data), 2U);
  first("data_size=3,text=abcd");
  EXPECT_EQ(count(frame_type::data), 2U);
}

TEST_F(sandbox_http2_faults, drip_delays_no_other_stream) {
  connect("account=slow,drip=1h");
  const std::uint32_t slow = client_->ask("slow");
  EXPECT_EQ(client_->mint("quick").status, 200U);
  EXPECT_FALSE(client_->answer(client_->ask("quick")).body.empty());
  client_->send(http2::rst_stream(slow, error_code::cancel));
  EXPECT_EQ(client_->mint("quick").status, 200U) << "what dripped is forgotten";
}

// --- HTTP/2's own.

TEST_F(sandbox_http2_faults, streams_are_reset_with_the_code) {
  EXPECT_EQ(first("refuse").reset, error_code::refused_stream);
  EXPECT_EQ(server_.stats().refused_streams, 1U);
  EXPECT_EQ(server_.stats().minted, 0U);
  EXPECT_EQ(first("rst=HTTP_1_1_REQUIRED").reset, error_code::http_1_1_required);
  EXPECT_EQ(first("rst=0xdeadbeef").reset, static_cast<error_code>(0xdeadbeef));
  const http2_answer inside = first("rst=NO_ERROR:inside");
  EXPECT_EQ(inside.status, 200U);
  EXPECT_FALSE(inside.body.empty() || inside.complete);
  EXPECT_EQ(inside.reset, error_code::no_error);
  EXPECT_TRUE(first("rst=CANCEL:after").complete);
  const auto late = client_->read_until(frame_type::rst_stream);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->code(), error_code::cancel);
  EXPECT_EQ(client_->mint().status, 200U) << "the connection goes on";
}

TEST_F(sandbox_http2_faults, refusals_leave_the_other_streams_alone) {
  connect("every=2,refuse");
  int minted = 0;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    const http2_answer answer = client_->mint();
    minted += answer.status == 200 ? 1 : 0;
    refused += answer.reset == error_code::refused_stream ? 1 : 0;
  }
  EXPECT_EQ(minted, 5);
  EXPECT_EQ(refused, 5);
}

TEST_F(sandbox_http2_faults, unfinished_and_silent_streams_leave_the_others_alone) {
  connect("account=half,unfinished");
  server_.add_fault(sandbox::parse_fault("account=none,silent"));
  const std::uint32_t half = client_->ask("half");
  const std::uint32_t none = client_->ask("none");
  EXPECT_EQ(client_->mint().status, 200U);
  for (const std::uint32_t stream : {half, none})
    client_->send(http2::rst_stream(stream, error_code::cancel));
  EXPECT_EQ(client_->mint().status, 200U);
  EXPECT_EQ(client_->answer(client_->ask()).status, 200U);
  const auto of_half = std::count_if(client_->frames.begin(), client_->frames.end(),
                                     [&](const received_frame& f) { return f.stream == half; });
  EXPECT_EQ(of_half, 2) << "head and body";
  const auto of_none = std::count_if(client_->frames.begin(), client_->frames.end(),
                                     [&](const received_frame& f) { return f.stream == none; });
  EXPECT_EQ(of_none, 0);
}

TEST_F(sandbox_http2_faults, goaway_says_its_code_and_its_last_stream) {
  struct {
    const char* spec;
    std::uint32_t last;
    error_code code;
  } const cases[] = {
      {"skip=1,goaway=NO_ERROR", 3, error_code::no_error},
      {"skip=1,goaway=ENHANCE_YOUR_CALM", 3, error_code::enhance_your_calm},
      {"skip=1,goaway=NO_ERROR:earlier", 1, error_code::no_error},
      {"skip=1,goaway=0xb:every", 0x7fffffff, error_code::enhance_your_calm},
      {"skip=1,goaway=NO_ERROR:41", 41, error_code::no_error},
  };
  for (const auto& c : cases) {
    connect(c.spec);
    EXPECT_EQ(client_->mint().status, 200U) << c.spec;
    EXPECT_EQ(client_->mint().complete, c.last >= 3) << c.spec;
    const received_frame* const goaway = find(frame_type::goaway);
    ASSERT_NE(goaway, nullptr) << c.spec;
    EXPECT_EQ(http2::number_at(goaway->payload, 0), c.last) << c.spec;
    EXPECT_EQ(goaway->code(), c.code) << c.spec;
  }
}

TEST_F(sandbox_http2_faults, goaway_lets_earlier_streams_end) {
  server_.add_fault(sandbox::parse_fault("account=slow,delay=30ms"));
  server_.add_fault(sandbox::parse_fault("account=last,goaway=NO_ERROR:earlier"));
  client_.emplace(server_);
  const std::uint32_t slow = client_->ask("slow");
  const std::uint32_t last = client_->ask("last");
  const std::uint32_t beyond = client_->ask("beyond");
  EXPECT_EQ(client_->answer(slow).status, 200U);
  EXPECT_EQ(end_after_all(), seen_end::notified) << "nothing is left to answer";
  EXPECT_EQ(client_->answer(last).status, 0U);
  EXPECT_EQ(client_->answer(beyond).status, 0U);
  EXPECT_EQ(server_.stats().minted, 1U);
}

TEST_F(sandbox_http2_faults, nothing_beyond_a_goaway_is_looked_at) {
  for (const char* spec : {"nth=3,goaway=NO_ERROR", "nth=3,goaway=NO_ERROR,delay=30ms"}) {
    connect(spec);
    std::string all;  // in one write, and so in one read
    for (std::uint32_t stream = 1; stream < 40; stream += 2)
      all += http2::headers(stream, http2::block(client_->token_fields("se-1")), true);
    client_->send(all);
    EXPECT_EQ(end_after_all(), seen_end::notified) << spec;
    EXPECT_EQ(server_.stats().minted, 3U) << spec;
    EXPECT_EQ(count(frame_type::data), 3U) << spec;
  }
}

TEST_F(sandbox_http2_faults, notice_before_a_goaway_goes_on) {
  connect("count=1,goaway=NO_ERROR:every");
  server_.add_fault(sandbox::parse_fault("count=1,skip=2,goaway=NO_ERROR"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client_->mint().status, 200U) << i;
  EXPECT_EQ(end_after_all(), seen_end::notified);
  EXPECT_EQ(count(frame_type::goaway), 2U);
}

TEST_F(sandbox_http2_faults, streams_are_limited_from_a_request_on) {
  connect("nth=2,max_streams=0");
  EXPECT_EQ(client_->mint().status, 200U);
  EXPECT_EQ(client_->mint().status, 200U);
  EXPECT_EQ(client_->mint().reset, error_code::refused_stream);
  EXPECT_EQ(count(frame_type::settings), 2U);
  EXPECT_EQ(setting_in(client_->frames.front(), http2::setting::max_concurrent_streams), 100U);
}

TEST_F(sandbox_http2_faults, pings_are_waited_for) {
  connect("ping=3").answers = false;
  const std::uint32_t stream = client_->ask();
  for (int i = 0; i < 3; ++i) {
    const auto ping = client_->read_until(frame_type::ping);
    ASSERT_TRUE(ping) << i;
    EXPECT_EQ(find(frame_type::headers), nullptr) << i;
    client_->send(http2::ping(ping->payload, true));
  }
  EXPECT_EQ(client_->answer(stream).status, 200U);
  EXPECT_EQ(count(frame_type::ping), 3U);
}

TEST_F(sandbox_http2_faults, trailers_are_behind_the_body) {
  const http2_answer answer = first("trailer=\"Retry-After: 9\",trailer=x-last: 1");
  EXPECT_EQ(answer.trailers, (http2::field_list{{"retry-after", "9"}, {"x-last", "1"}}));
  EXPECT_EQ(answer.header("retry-after"), "");
}

TEST_F(sandbox_http2_faults, interim_replies_come_first) {
  EXPECT_EQ(first("interim=3").interim, (std::vector<unsigned>{103, 103, 103}));
  EXPECT_EQ(first("interim=1:100").interim, std::vector<unsigned>{100});
}

TEST_F(sandbox_http2_faults, frames_are_padded_and_cut) {
  first("padding=17");
  EXPECT_EQ(find(frame_type::headers)->payload.front(), 17);
  EXPECT_EQ(find(frame_type::data)->payload.front(), 17);
  first("continuations=4");
  EXPECT_EQ(count(frame_type::continuation), 4U);
  first("continuations=400");
  EXPECT_EQ(count(frame_type::continuation), 400U) << "more than there are bytes: empty ones";
  first("empty_data=12,text=x");
  EXPECT_EQ(count(frame_type::data), 13U);
}

TEST_F(sandbox_http2_faults, beginnings_are_late_and_narrow) {
  connect("window=0,max_streams=3");
  client_->mint();
  EXPECT_EQ(setting_in(client_->frames.front(), http2::setting::initial_window_size), 0U);
  EXPECT_EQ(setting_in(client_->frames.front(), http2::setting::max_concurrent_streams), 3U);

  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(first("settings_delay=60ms").status, 200U);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 60ms);
  EXPECT_EQ(client_->frames.front().type, frame_type::settings) << "first is first, however late";
  EXPECT_EQ(server_.stats().faulted, 1U);
}

TEST_F(sandbox_http2_faults, late_beginning_of_a_client_that_went_is_forgotten) {
  { connect("settings_delay=1h").ask(); }
  client_.reset();
  EXPECT_TRUE(eventually([&] { return server_.stats().connections_open == 0; }));
}

TEST_F(sandbox_http2_faults, http1_is_passed_by) {
  server_.add_fault(sandbox::fault::refuse());
  sandbox_client client{server_};
  EXPECT_EQ(client.mint().status, 200U);
  EXPECT_EQ(server_.stats().faulted, 0U);
}

}  // namespace
}  // namespace ephemint::test
