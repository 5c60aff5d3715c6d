#include "support/http2_wire_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;
using namespace test::http2;

using news = wire::news;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using test::http2_wire_run;

// --- the beginning

TEST(Http2Wire, introduces_itself_before_anything_came) {
  http2_wire_run run;
  const auto all = run.written();
  EXPECT_TRUE(run.preface_is_right);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].type, frame_type::settings);
  EXPECT_EQ(all[0].payload, two_bytes(2) + four_bytes(0) +          // no push
                                two_bytes(4) + four_bytes(65536) +  // a stream's window: the largest body
                                two_bytes(6) + four_bytes(16384));  // a header
  EXPECT_EQ(all[1].type, frame_type::window_update);
  EXPECT_EQ(number_at(all[1].payload, 0), (1U << 20) - 65535);
  EXPECT_EQ(run.spoken.output(), "");
}

TEST(Http2Wire, takes_few_requests_before_the_server_has_said_how_many_it_allows) {
  http2_wire_run run;
  EXPECT_EQ(run.spoken.capacity().capacity, 10U);
  EXPECT_TRUE(run.spoken.capacity().shared);
  http2_wire_run wary{{.first_streams = 3}};
  EXPECT_EQ(wary.spoken.capacity().capacity, 3U);
  http2_wire_run small{{.max_streams = 2}};
  EXPECT_EQ(small.spoken.capacity().capacity, 2U);
}

TEST(Http2Wire, takes_as_many_as_both_sides_allow) {
  const auto after = [](const settings_list& list) {
    http2_wire_run run;
    run.give(settings(list));
    return run.told();
  };
  EXPECT_THAT(after({}), ElementsAre("capacity 100"));
  EXPECT_THAT(after({{setting::max_concurrent_streams, 1000}}), ElementsAre("capacity 100"));
  EXPECT_THAT(after({{setting::max_concurrent_streams, 4}}), ElementsAre("capacity 4"));
  EXPECT_THAT(after({{setting::max_concurrent_streams, 0}}), ElementsAre("capacity 0"));
  EXPECT_THAT(after({{setting::max_concurrent_streams, 10}}), IsEmpty());
}

// --- requests

TEST(Http2Wire, a_request_is_one_frame_that_ends_its_stream) {
  http2_wire_run run;
  run.begin();
  run.ask(7);
  const auto all = run.written();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].type, frame_type::headers);
  EXPECT_EQ(all[0].stream, 1U);
  EXPECT_EQ(all[0].flags & (flag::end_stream | flag::end_headers), flag::end_stream | flag::end_headers);
}

TEST(Http2Wire, goes_out_with_the_first_bytes_without_waiting_for_settings) {
  http2_wire_run run;
  run.ask(7);
  const auto all = run.written();
  EXPECT_TRUE(http2_wire_run::first(all, frame_type::headers));
}

TEST(Http2Wire, requests_of_one_turn_stand_behind_one_another) {
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  const auto all = run.written();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].stream, 5U);
  EXPECT_LT(all[1].payload.size(), all[0].payload.size());  // the rest is in the table
}

// RFC 7541, 7.1.3: `0001xxxx`. An indexed field would be in the table, where an attacker could guess it.
TEST(Http2Wire, key_and_account_are_in_no_table) {
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  const auto all = run.written();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].payload.size(), all[2].payload.size());
  const auto never_indexed = [](const std::string& payload) {
    return std::count_if(payload.begin(), payload.end(), [](char c) { return (c & 0xf0) == 0x10; });
  };
  EXPECT_GE(never_indexed(all[2].payload), 2);
  EXPECT_GT(all[2].payload.size(), 12U);  // both stand there again
}

// --- replies

TEST(Http2Wire, a_reply_belongs_to_the_attempt_whose_stream_it_is) {
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  EXPECT_EQ(run.give(run.good_reply(5, "five") + run.good_reply(1, "one")), news::some);
  EXPECT_THAT(run.told(), ElementsAre("reply 3 200 five", "reply 1 200 one"));
  run.give(run.good_reply(3, "three"));
  EXPECT_THAT(run.told(), ElementsAre("reply 2 200 three"));
  EXPECT_EQ(run.spoken.out(), 0U);
}

TEST(Http2Wire, replies_may_come_in_pieces_among_each_other) {  // 49
  http2_wire_run run;
  run.begin();
  run.ask_all(8);
  std::string heads, bodies;
  for (std::uint32_t stream = 15; stream <= 15; stream -= 2) heads += run.good_head(stream);
  for (std::size_t at = 0; at < 21; at += 7)
    for (std::uint32_t stream = 15; stream <= 15; stream -= 2)
      bodies += data(stream, std::string(7, static_cast<char>('a' + stream)), at == 14);
  run.give(heads + bodies);
  const auto told = run.told();
  ASSERT_EQ(told.size(), 8U);
  EXPECT_EQ(told[0], "reply 8 200 " + std::string(21, 'a' + 15));
  EXPECT_EQ(told[7], "reply 1 200 " + std::string(21, 'a' + 1));
}

std::string scenario() {
  return settings({{setting::max_concurrent_streams, 20}}) + settings_ack() + ping("12345678") +
         headers(1, block({{":status", "103"}, {"link", "</x>"}})) +
         open_headers(1, literal(":status", "200")) + continuation(1, literal("date", "today")) +
         continuation(1, "", true) + padded_data(1, "tok", 200) + window_update(0, 100) +
         http2_wire_run::good_reply(3, "three") + data(1, "en") +
         headers(1, block({{"trailer", "x"}}), true) + rst_stream(5, error_code::refused_stream) +
         goaway(5, error_code::no_error);
}

void expect_scenario(http2_wire_run& run, const http2_wire_run::told_list& told) {
  const auto has = [&](std::string_view text) { return std::count(told.begin(), told.end(), text) == 1; };
  EXPECT_EQ(told.size(), 7U) << testing::PrintToString(told);
  SCOPED_TRACE(testing::PrintToString(told));
  EXPECT_TRUE(has("reply 1 200 token") && has("reply 2 200 three"));
  EXPECT_TRUE(has("settled") && has("retiring"));
  EXPECT_TRUE(has("lost 3 unprocessed: api.test: the server reset the request (REFUSED_STREAM)"));
  EXPECT_TRUE(has("lost 4 unprocessed: api.test: the server went away (NO_ERROR)"));
  const auto all = run.written();
  const auto answer = http2_wire_run::first(all, frame_type::ping);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->payload, "12345678");
  EXPECT_TRUE(answer->has(flag::ack));
}

TEST(Http2Wire, bytes_may_come_in_any_two_pieces) {
  const std::string all = scenario();
  for (std::size_t split = 0; split <= all.size(); ++split) {
    SCOPED_TRACE(split);
    http2_wire_run run;
    run.ask_all(4);
    run.written();
    http2_wire_run::told_list told;
    for (const auto part : {std::string_view{all}.substr(0, split), std::string_view{all}.substr(split)}) {
      run.give(part);
      for (auto& one : run.told())
        if (!one.starts_with("capacity")) told.push_back(std::move(one));
    }
    told.push_back("end");
    expect_scenario(run, told);
  }
}

TEST(Http2Wire, bytes_may_come_one_by_one) {  // 34, 48
  const std::string all = scenario();
  http2_wire_run run;
  run.ask_all(4);
  run.written();
  http2_wire_run::told_list told;
  for (const char byte : all) {
    run.give({&byte, 1});
    for (auto& one : run.told())
      if (!one.starts_with("capacity")) told.push_back(std::move(one));
  }
  told.push_back("end");
  expect_scenario(run, told);
}

TEST(Http2Wire, fifty_empty_frames_are_borne) {  // 42
  http2_wire_run run;
  run.begin();
  run.ask(1);
  std::string all = run.good_head(1);
  for (int i = 0; i < 50; ++i) all += data(1, "");
  run.give(all + data(1, "token", true));
  EXPECT_THAT(run.told(), ElementsAre("reply 1 200 token"));
}

TEST(Http2Wire, what_is_unknown_is_ignored) {  // 13, 47
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(frame(static_cast<frame_type>(0xbe), 0xff, 1, "what") +
           frame(frame_type::priority, 0, 1, four_bytes(0) + '\x10') +
           frame(frame_type::altsvc, 0, 0, two_bytes(0)) + settings({{static_cast<setting>(0x7777), 5}}) +
           frame(frame_type::headers, flag::end_headers | 0x40, 1, block({{":status", "200"}})) +
           data(1, "token", true));
  EXPECT_THAT(run.told(), ElementsAre("reply 1 200 token"));
}

TEST(Http2Wire, complete_is_what_the_stream_says_and_nothing_else) {  // 20, 27
  const std::string whole_by_length =
      headers(1, block({{":status", "200"}, {"content-length", "5"}})) + data(1, "token");
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(whole_by_length);
  EXPECT_THAT(run.told(), IsEmpty());
  run.give(rst_stream(1, error_code::no_error));
  EXPECT_THAT(run.told(), ElementsAre("lost 1 begun: api.test: the server reset the request (NO_ERROR)"));
  EXPECT_TRUE(run.last_failure.retryable);

  http2_wire_run ended;
  ended.begin();
  ended.ask(1);
  ended.written();
  ended.give(whole_by_length);
  EXPECT_EQ(ended.spoken.end(true, "the server closed it"), news::refused);
  EXPECT_THAT(ended.told(), IsEmpty());
  EXPECT_EQ(ended.spoken.fate_of_rest(), fate::begun);
}

TEST(Http2Wire, a_reset_behind_a_whole_reply_means_nothing) {  // 20, 39
  http2_wire_run run;
  run.begin();
  run.ask_all(2);
  run.give(run.good_reply(1) + rst_stream(1, error_code::no_error));
  EXPECT_THAT(run.told(), ElementsAre("reply 1 200 token"));
  run.give(window_update(1, 100) + run.good_reply(3));
  EXPECT_THAT(run.told(), ElementsAre("reply 2 200 token"));
}

// --- replies that break the rules: the others go on

struct bad_reply {
  const char* name;
  std::string bytes;
  const char* why = "it breaks HTTP/2";
};

std::vector<bad_reply> bad_replies() {
  const auto head = [](const field_list& list, bool ends = true) { return headers(1, block(list), ends); };
  const auto good = [](const field& more) { return headers(1, block({{":status", "200"}, more}), true); };
  std::string many_fields = literal(":status", "200");
  for (int i = 0; i < 200; ++i) many_fields += literal("x", "y");
  std::string bomb = literal(":status", "200") + remembered("x", std::string(4000, 'b'));
  for (int i = 0; i < 2000; ++i) bomb += indexed(62);
  std::string interims;
  for (int i = 0; i < 20; ++i) interims += headers(1, block({{":status", "103"}}));
  return {
      {"no status", head({{"date", "x"}})},
      {"two statuses", head({{":status", "200"}, {":status", "200"}})},
      {"late status", head({{"date", "x"}, {":status", "200"}})},
      {"bad status", head({{":status", "2x0"}})},
      {"four digits", head({{":status", "2000"}})},
      {"a request's field", head({{":status", "200"}, {":path", "/"}})},
      {"upper case", good({"Date", "x"})},
      {"connection", good({"connection", "close"})},
      {"transfer-encoding", good({"transfer-encoding", "chunked"})},
      {"letters for a length", good({"content-length", "five"})},
      {"two lengths", head({{":status", "200"}, {"content-length", "0"}, {"content-length", "0"}})},
      {"length too long",
       headers(1, block({{":status", "200"}, {"content-length", "6"}})) + data(1, "token", true)},
      {"length too short",
       headers(1, block({{":status", "200"}, {"content-length", "4"}})) + data(1, "token", true)},
      {"line feed", good({"x", "a\nb"})},
      {"zero byte", good({"x", std::string("a\0b", 3)})},
      {"blank in a name", good({"x y", "z"})},
      {"empty name", good({"", "z"})},
      {"switching protocols", head({{":status", "101"}})},
      {"interim that ends", head({{":status", "103"}})},
      {"trailers with a status",
       http2_wire_run::good_head(1) + data(1, "token") + head({{":status", "200"}})},
      {"trailers that don't end",
       http2_wire_run::good_head(1) + data(1, "token") + head({{"x", "y"}}, false)},
      {"20 KiB of header",
       open_headers(1, literal(":status", "200") + literal("x", std::string(10000, 'h'))) +
           continuation(1, literal("y", std::string(10000, 'h')), true),
       "a header of more than 16384 bytes"},
      {"200 fields", headers(1, many_fields), "more than 100 header fields"},
      {"header bomb", headers(1, bomb), "a header of more than 16384 bytes"},
      {"20 interim replies", interims, "more than 8 interim replies"},
      {"stream window overflow", window_update(1, 0x7fffffff) + window_update(1, 0x7fffffff)},
  };
}

TEST(Http2Wire, a_reply_that_breaks_the_rules_ends_alone) {  // 30, 31, 32, 36, 37, 46
  for (const auto& bad : bad_replies()) {
    SCOPED_TRACE(bad.name);
    http2_wire_run run;
    run.begin();
    run.ask_all(2);
    run.written();
    EXPECT_EQ(run.give(bad.bytes), news::some);
    EXPECT_THAT(run.told(),
                ElementsAre(std::string{"lost 1 begun: api.test: the reply was refused: "} + bad.why));
    EXPECT_EQ(run.last_failure.code, mint_errc::bad_response);
    EXPECT_FALSE(run.last_failure.retryable);
    EXPECT_FALSE(http2_wire_run::first(run.written(), frame_type::goaway));
    run.give(run.good_reply(3));
    EXPECT_THAT(run.told(), ElementsAre("reply 2 200 token"));
  }
}

/// What is told about these requests if the server's bytes come in such pieces.
http2_wire_run::told_list told_in_pieces(std::string_view bytes, std::size_t piece) {
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  run.written();
  http2_wire_run::told_list all;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    run.give(bytes.substr(0, piece));
    for (auto& one : run.told())
      if (one != "retiring") all.push_back(std::move(one));
    run.written();
  }
  return all;
}

TEST(Http2Wire, what_comes_behind_a_reply_that_breaks_the_rules_changes_nothing_of_its_end) {
  const std::string behind[] = {goaway(0, error_code::no_error), goaway(1, error_code::enhance_your_calm),
                                rst_stream(1, error_code::refused_stream), http2_wire_run::good_reply(1)};
  for (const auto& bad : bad_replies())
    for (const auto& next : behind) {
      SCOPED_TRACE(bad.name);
      const auto whole = told_in_pieces(bad.bytes + next, std::string::npos);
      ASSERT_FALSE(whole.empty());
      EXPECT_EQ(whole.front(), std::string{"lost 1 begun: api.test: the reply was refused: "} + bad.why);
      EXPECT_EQ(told_in_pieces(bad.bytes + next, 1), whole);
    }
}

TEST(Http2Wire, a_request_that_a_goaway_excludes_ends_with_its_code_whatever_the_next_one_says) {
  const std::string two = goaway(1, error_code::enhance_your_calm) + goaway(1, error_code::no_error);
  const auto whole = told_in_pieces(two, std::string::npos);
  EXPECT_THAT(whole, testing::Contains("lost 2 unknown: api.test: the server went away (ENHANCE_YOUR_CALM)"));
  EXPECT_EQ(told_in_pieces(two, 1), whole);
}

TEST(Http2Wire, a_block_in_many_frames_may_come_byte_by_byte) {
  std::string all = open_headers(1, literal(":status", "200"));
  for (int i = 0; i < 90; ++i) all += continuation(1, i == 0 ? literal("date", "today") : "");
  all += continuation(1, "", true) + data(1, "token", true);
  for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{5}})
    EXPECT_THAT(told_in_pieces(all, piece), ElementsAre("reply 1 200 token")) << piece;
}

TEST(Http2Wire, a_body_that_is_too_long_is_reset_and_its_status_told) {  // 41
  http2_wire_run run;
  run.begin();
  run.ask_all(2);
  run.written();
  const std::string piece(16384, 'b');
  run.give(run.good_head(1));
  for (int i = 0; i < 5; ++i) run.give(data(1, piece));
  EXPECT_THAT(run.told(), ElementsAre("reply 1 200 (a body of more than 65536 bytes)"));
  const auto reset = http2_wire_run::first(run.written(), frame_type::rst_stream);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->code(), error_code::cancel);
  run.give(data(1, piece, true) + run.good_reply(3));
  EXPECT_THAT(run.told(), ElementsAre("reply 2 200 token"));
}

TEST(Http2Wire, a_length_that_is_too_much_is_refused_before_the_body) {  // 30
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(headers(1, block({{":status", "503"}, {"content-length", "65537"}})));
  EXPECT_THAT(run.told(), ElementsAre("reply 1 503 (a body of more than 65536 bytes)"));
  run.ask(2);
  run.give(headers(3, block({{":status", "200"}, {"content-encoding", "gzip"}}), true));
  EXPECT_THAT(run.told(), ElementsAre("reply 2 200 (a Content-Encoding, which was not asked for)"));
}

TEST(Http2Wire, padding_counts_among_a_replys_bytes) {
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(run.good_head(1));
  for (int i = 0; i < 600 && run.spoken.output().find("\x03") == std::string_view::npos; ++i)
    run.give(padded_data(1, "", 255));
  EXPECT_THAT(run.told(), ElementsAre("lost 1 begun: api.test: the reply was refused: a reply of more than "
                                      "131072 bytes"));
}

// 53: discarded bytes are given back to the connection's window.
TEST(Http2Wire, the_connections_window_opens_again_for_what_is_thrown_away) {
  http2_wire_run run;
  run.begin();
  std::uint32_t window = 1 << 20;
  const auto count = [&] {
    for (const auto& one : run.written())
      if (one.type == frame_type::window_update && one.stream == 0) window += number_at(one.payload, 0);
  };
  const std::string piece(8192, 'd');
  for (attempt_id attempt = 1; attempt <= 60; ++attempt) {
    const std::uint32_t stream = 2 * attempt - 1;
    run.ask(attempt);
    run.give(run.good_head(stream));
    run.spoken.reset(attempt);
    for (int i = 0; i < 5; ++i) {
      ASSERT_GE(window, piece.size() + 200);
      window -= static_cast<std::uint32_t>(piece.size() + 200 + 1);
      ASSERT_NE(run.give(padded_data(stream, piece, 200)), news::refused);
      count();
    }
  }
  EXPECT_THAT(run.told(), IsEmpty());
}

// --- streams that end without a reply

TEST(Http2Wire, a_reset_means_what_its_code_says) {  // 17, 18
  const auto lost = [](std::uint32_t code) {
    http2_wire_run run;
    run.begin();
    run.ask_all(2);
    run.give(rst_stream(1, static_cast<error_code>(code)));
    auto told = run.told();
    run.give(run.good_reply(3));
    EXPECT_THAT(run.told(), testing::Contains("reply 2 200 token")) << code;
    return told.back().substr(0, told.back().find(':'));
  };
  EXPECT_EQ(lost(7), "lost 1 unprocessed");
  for (const std::uint32_t code : {0U, 1U, 2U, 5U, 8U, 10U, 11U, 0xdeadbeefU})
    EXPECT_EQ(lost(code), "lost 1 unknown") << code;
}

TEST(Http2Wire, a_refusal_behind_a_header_is_no_promise) {
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(run.good_head(1) + rst_stream(1, error_code::refused_stream));
  EXPECT_THAT(run.told(), ElementsAre(HasSubstr("lost 1 begun")));
}

// The wire doesn't decide how many more are sent there.
TEST(Http2Wire, a_refusal_leaves_what_was_granted_as_it_is) {  // 21
  http2_wire_run run;
  run.begin();
  run.ask_all(2);
  run.give(rst_stream(1, error_code::refused_stream) + rst_stream(3, error_code::refused_stream));
  EXPECT_THAT(run.told(), ElementsAre(HasSubstr("lost 1 unprocessed"), HasSubstr("lost 2 unprocessed")));
  EXPECT_EQ(run.spoken.capacity().capacity, 100U);
}

TEST(Http2Wire, who_asks_for_calm_gets_half) {
  http2_wire_run run;
  run.begin({{setting::max_concurrent_streams, 8}});
  run.ask(1);
  run.give(rst_stream(1, error_code::enhance_your_calm));
  EXPECT_THAT(run.told(), ElementsAre("capacity 4", HasSubstr("lost 1 unknown")));
}

TEST(Http2Wire, who_wants_the_other_protocol_gets_the_request_again) {  // 19
  http2_wire_run run;
  run.begin();
  run.ask_all(2);
  run.give(rst_stream(1, error_code::http_1_1_required));
  EXPECT_THAT(run.told(), ElementsAre("retiring", HasSubstr("lost 1 unprocessed")));
  EXPECT_TRUE(run.last_failure.other_protocol);
  run.give(run.good_reply(3));
  EXPECT_THAT(run.told(), ElementsAre("reply 2 200 token"));
}

TEST(Http2Wire, a_cipher_that_the_server_finds_too_weak_is_no_reason_to_try_again) {
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(rst_stream(1, error_code::inadequate_security));
  EXPECT_THAT(run.told(), ElementsAre("retiring", HasSubstr("lost 1 unknown")));
  EXPECT_EQ(run.last_failure.code, mint_errc::tls_failed);
  EXPECT_FALSE(run.last_failure.retryable);
}

// --- GOAWAY

TEST(Http2Wire, a_graceful_end_answers_what_it_took) {  // 22, 54
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  run.give(goaway(0x7fffffff, error_code::no_error));
  EXPECT_THAT(run.told(), ElementsAre("retiring"));
  run.give(run.good_reply(1) + goaway(3, error_code::no_error));
  EXPECT_THAT(run.told(), ElementsAre("reply 1 200 token", HasSubstr("lost 3 unprocessed")));
  EXPECT_EQ(run.give(run.good_reply(3)), news::some);
  EXPECT_THAT(run.told(), ElementsAre("reply 2 200 token"));
  EXPECT_EQ(run.spoken.out(), 0U);
}

TEST(Http2Wire, one_that_ends_for_a_reason_took_what_it_may_have_looked_at) {  // 25
  http2_wire_run run;
  run.begin();
  run.ask_all(2);
  run.give(goaway(1, error_code::enhance_your_calm, "slow down"));
  EXPECT_THAT(run.told(), ElementsAre("retiring",
                                      "lost 2 unknown: api.test: the server went away "
                                      "(ENHANCE_YOUR_CALM)"));
  EXPECT_TRUE(run.last_failure.retryable);
}

TEST(Http2Wire, one_that_ends_for_the_other_protocol_is_remembered) {
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(goaway(0, error_code::http_1_1_required));
  EXPECT_THAT(run.told(), ElementsAre("retiring", HasSubstr("lost 1 unprocessed")));
  EXPECT_TRUE(run.last_failure.other_protocol);
}

TEST(Http2Wire, an_end_that_comes_while_it_rests_retires_it) {  // 26
  http2_wire_run run;
  run.begin();
  run.give(goaway(0, error_code::no_error));
  EXPECT_THAT(run.told(), ElementsAre("retiring"));
}

TEST(Http2Wire, a_last_id_that_rises_is_an_error) {  // 25
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  run.give(goaway(1, error_code::no_error));
  EXPECT_EQ(run.give(goaway(5, error_code::no_error)), news::refused);
  EXPECT_EQ(run.farewell(), error_code::protocol_error);
}

TEST(Http2Wire, what_is_asked_too_late_never_leaves) {
  http2_wire_run run;
  run.begin();
  run.give(goaway(0, error_code::no_error));
  run.ask(1);
  EXPECT_THAT(run.told(), ElementsAre("retiring", "lost 1 unprocessed: api.test: the request never left"));
  EXPECT_EQ(run.spoken.output(), "");
}

// --- limits that move

TEST(Http2Wire, none_ever_waits_inside_nghttp2) {  // 14, 15, 55
  http2_wire_run run;
  run.ask_all(8);
  run.written();
  run.give(settings({{setting::max_concurrent_streams, 1}}));
  EXPECT_THAT(run.told(), ElementsAre("capacity 1"));
  run.ask(9);
  EXPECT_THAT(run.told(), ElementsAre("lost 9 unprocessed: api.test: the request never left"));
  EXPECT_FALSE(http2_wire_run::first(run.written(), frame_type::headers));
  for (std::uint32_t stream = 1; stream < 16; stream += 2) run.give(run.good_reply(stream));
  EXPECT_EQ(run.told().size(), 8U);
  run.ask(10);
  EXPECT_TRUE(http2_wire_run::first(run.written(), frame_type::headers));
}

TEST(Http2Wire, a_window_of_nothing_is_none_of_our_business) {  // 16
  http2_wire_run run;
  run.begin({{setting::initial_window_size, 0}});
  run.ask(1);
  EXPECT_TRUE(http2_wire_run::first(run.written(), frame_type::headers));
}

TEST(Http2Wire, a_smaller_table_is_acknowledged_and_obeyed) {  // 11
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.written();
  run.give(settings({{setting::header_table_size, 0}}));
  const auto answer = http2_wire_run::first(run.written(), frame_type::settings);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->has(flag::ack));
  run.ask(2);
  EXPECT_EQ(run.written()[0].payload[0], '\x20');
}

TEST(Http2Wire, retires_before_its_ids_are_used_up) {  // 52
  http2_wire_run run{{.next_id = http2_wire::last_id - 3}};
  run.begin();
  run.ask(1);
  EXPECT_THAT(run.told(), IsEmpty());
  run.ask(2);
  EXPECT_THAT(run.told(), IsEmpty());
  run.ask(3);
  EXPECT_THAT(run.told(), ElementsAre("retiring"));
  run.give(run.good_reply(http2_wire::last_id + 1));
  EXPECT_THAT(run.told(), ElementsAre("reply 3 200 token"));
}

// --- what ends the connection

struct bad_connection {
  const char* name;
  std::string bytes;
  error_code code = error_code::protocol_error;
};

std::vector<bad_connection> bad_beginnings() {
  return {
      {"HTTP/1.1", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"},
      {"a ping first", ping("12345678")},
      {"an acknowledgement first", settings_ack()},
      {"push on", settings({{setting::enable_push, 2}})},
      {"a window of 2^31", settings({{setting::initial_window_size, 1U << 31}}),
       error_code::flow_control_error},
      {"frames of 100", settings({{setting::max_frame_size, 100}})},
      {"settings of 5 bytes", frame(frame_type::settings, 0, 0, "12345"), error_code::frame_size_error},
      {"settings of a stream", frame(frame_type::settings, 0, 1, "")},
      {"an acknowledgement that says something",
       settings() + frame(frame_type::settings, flag::ack, 0, "123456"), error_code::frame_size_error},
  };
}

TEST(Http2Wire, a_server_that_doesnt_begin_with_settings_isnt_one) {  // 5, 7, 12
  for (const auto& bad : bad_beginnings()) {
    SCOPED_TRACE(bad.name);
    http2_wire_run run;
    run.ask(1);
    run.written();
    EXPECT_EQ(run.give(bad.bytes), news::refused);
    EXPECT_THAT(std::string{run.spoken.problem().message},
                HasSubstr("the connection to api.test was lost: the server sent what "));
    EXPECT_TRUE(run.spoken.problem().retryable);
    EXPECT_EQ(run.farewell(), bad.code);
  }
}

std::vector<bad_connection> bad_frames() {
  return {
      {"index 0", headers(1, indexed(0)), error_code::compression_error},
      {"an index beyond", headers(1, indexed(200)), error_code::compression_error},
      {"a table that is too big", headers(1, integer(0x20, 5, 100000)), error_code::compression_error},
      {"an endless number", headers(1, std::string(20, '\xff')), error_code::compression_error},
      {"a ping in a block", open_headers(1, literal(":status", "200")) + ping("12345678")},
      {"a continuation of nothing", continuation(1, "x")},
      {"data before a header", data(1, "token", true)},
      {"more padding than frame", frame(frame_type::data, flag::padded, 1,
                                        "\xff"
                                        "abc")},
      {"a frame of 20,000", http2_wire_run::good_head(1) + data(1, std::string(20000, 'x')),
       error_code::frame_size_error},
      {"16 MiB declared", frame_head(0xffffff, frame_type::data, 0, 1), error_code::frame_size_error},
      {"a push",
       frame(frame_type::push_promise, flag::end_headers, 1, four_bytes(2) + literal(":method", "GET"))},
  };
}

TEST(Http2Wire,
     what_breaks_the_connection_is_the_fault_of_the_reply_that_did_it) {  // 33, 34, 35, 38, 43, 44, 45
  for (const auto& bad : bad_frames()) {
    SCOPED_TRACE(bad.name);
    http2_wire_run run;
    run.begin();
    run.ask_all(2);
    run.written();
    EXPECT_EQ(run.give(bad.bytes), news::refused);
    for (const auto& one : run.told()) {
      if (one == "retiring") continue;
      EXPECT_THAT(one, HasSubstr("lost 1 begun: api.test: the reply was refused"));
    }
    EXPECT_EQ(run.farewell(), bad.code);
    EXPECT_NE(run.spoken.out(), 0U);
    EXPECT_THAT(std::string{run.spoken.problem().message}, HasSubstr("what breaks HTTP/2 ("));
  }
}

TEST(Http2Wire, streams_that_nobody_began_break_it_too) {  // 38, 46, 25
  for (const auto& bytes :
       {data(9, "x"), headers(2, block({{":status", "200"}})), rst_stream(9, error_code::cancel),
        goaway(0, error_code::no_error).substr(0, 5) + four_bytes(1) + four_bytes(0) + four_bytes(0),
        window_update(0, 0), window_update(1, 0), window_update(0, 0x7fffffff)}) {
    http2_wire_run run;
    run.begin();
    run.ask(1);
    EXPECT_EQ(run.give(bytes), news::refused);
    EXPECT_TRUE(run.farewell());
    EXPECT_THAT(run.told(), IsEmpty());
  }
}

// --- floods

TEST(Http2Wire, a_flood_of_what_means_nothing_ends_it) {  // 9, 42, 46
  for (const auto& one :
       {window_update(0, 1), data(1, ""), frame(frame_type::priority, 0, 1, four_bytes(0) + 'x'), settings(),
        ping("12345678"), frame(static_cast<frame_type>(0xbe), 0, 0, ""), padded_data(1, "", 1),
        frame(frame_type::altsvc, 0, 0, two_bytes(0))}) {
    SCOPED_TRACE(testing::PrintToString(one));
    http2_wire_run run;
    run.begin();
    run.ask(1);
    run.give(run.good_head(1));
    run.written();
    int frames = 0;
    news last = news::none;
    while (last != news::refused && frames < 1100) {
      last = run.give(one);
      ++frames;
    }
    EXPECT_LE(frames, 1001);
    EXPECT_EQ(run.farewell(), error_code::enhance_your_calm);
    EXPECT_THAT(std::string{run.spoken.problem().message}, HasSubstr("more frames than a reply takes"));
  }
}

TEST(Http2Wire, replies_begin_the_count_anew) {
  http2_wire_run run;
  run.begin();
  for (attempt_id attempt = 1; attempt <= 5; ++attempt) {
    run.ask(attempt);
    for (int i = 0; i < 900; ++i) ASSERT_NE(run.give(window_update(0, 1)), news::refused);
    run.give(run.good_reply(2 * attempt - 1));
    EXPECT_EQ(run.told().size(), 1U);
    run.written();
  }
}

TEST(Http2Wire, a_block_that_never_ends_is_cut) {  // 34
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(open_headers(1, literal(":status", "200")));
  int frames = 0;
  while (frames < 1100 && run.give(continuation(1, "")) != news::refused) ++frames;
  EXPECT_LT(frames, 1000);

  http2_wire_run full;
  full.begin();
  full.ask_all(2);
  full.give(open_headers(1, literal(":status", "200")));
  for (frames = 0; frames < 1100; ++frames)
    if (full.give(continuation(1, literal("x", std::string(4000, 'y')))) == news::refused) break;
  EXPECT_LT(frames, 200);
}

// --- probes, resets, ends

TEST(Http2Wire, any_bytes_are_the_sign_of_life_that_was_asked_for) {
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.give(window_update(0, 1));
  EXPECT_THAT(run.told(), IsEmpty());
  run.written();
  run.spoken.probe();
  const auto asked = http2_wire_run::first(run.written(), frame_type::ping);
  ASSERT_TRUE(asked);
  EXPECT_EQ(run.give(ping(asked->payload, true)), news::some);
  EXPECT_THAT(run.told(), ElementsAre("heard"));
  run.spoken.probe();
  EXPECT_EQ(run.give(window_update(0, 1)), news::some);
  EXPECT_THAT(run.told(), ElementsAre("heard"));
  EXPECT_EQ(run.give(window_update(0, 1)), news::none);
}

// behaviours: Q9
TEST(Http2Wire, settles_when_the_server_has_its_settings) {
  http2_wire_run run;
  run.written();
  run.give(settings({}));
  EXPECT_THAT(run.told(), testing::Not(testing::Contains("settled")));
  EXPECT_EQ(run.give(settings_ack()), news::some);
  EXPECT_THAT(run.told(), ElementsAre("settled"));
}

TEST(Http2Wire, a_request_that_was_given_up_is_reset_and_never_told) {  // 29
  http2_wire_run run;
  run.begin();
  run.ask_all(2);
  run.written();
  run.spoken.reset(1);
  const auto reset = http2_wire_run::first(run.written(), frame_type::rst_stream);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->stream, 1U);
  EXPECT_EQ(reset->code(), error_code::cancel);
  run.give(run.good_reply(1) + run.good_reply(3));
  EXPECT_THAT(run.told(), ElementsAre("reply 2 200 token"));
  run.spoken.reset(77);
  EXPECT_EQ(run.spoken.output(), "");
}

TEST(Http2Wire, one_whose_end_is_known_already_can_be_given_up_too) {
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  run.written();
  run.give(run.good_reply(1) + run.good_reply(3) + run.good_reply(5));
  run.spoken.reset(2);
  EXPECT_EQ(run.spoken.output(), "");
  EXPECT_THAT(run.told(), ElementsAre("reply 1 200 token", "reply 3 200 token"));
}

TEST(Http2Wire, a_dropped_request_goes_on) {
  http2_wire_run run;
  run.begin();
  run.ask(1);
  EXPECT_TRUE(run.spoken.drop(1, true));
  run.give(run.good_reply(1));
  EXPECT_THAT(run.told(), ElementsAre("reply 1 200 token"));
}

TEST(Http2Wire, says_goodbye) {
  http2_wire_run run;
  run.begin();
  run.spoken.say_goodbye();
  EXPECT_EQ(run.farewell(), error_code::no_error);
}

TEST(Http2Wire, what_was_never_written_was_never_processed) {
  http2_wire_run run;
  run.begin();
  run.ask_all(2);
  EXPECT_EQ(run.spoken.end(true, "the server closed it"), news::refused);
  EXPECT_THAT(run.told(), IsEmpty());
  EXPECT_EQ(run.spoken.fate_of_rest(), fate::unprocessed);
  EXPECT_EQ(std::string{run.spoken.problem().message},
            "the connection to api.test was lost: the server closed it");
}

TEST(Http2Wire, of_those_that_are_out_some_may_have_been_written) {
  http2_wire_run run;
  run.begin();
  run.ask(1);
  run.written();
  run.ask(2);
  EXPECT_EQ(run.spoken.end(false, "Connection reset by peer"), news::refused);
  EXPECT_THAT(run.told(), ElementsAre("retiring", "lost 2 unprocessed: api.test: the request never left"));
  EXPECT_EQ(run.spoken.fate_of_rest(), fate::unknown);
}

// 27: a server may close an idle connection while a request is on its way.
TEST(Http2Wire, what_became_of_the_rest_depends_on_what_was_heard_and_on_the_rest_before) {
  const auto fate_after = [](std::chrono::milliseconds idle, bool answered_before, bool heard) {
    http2_wire_run run;
    run.begin();
    if (answered_before) {
      run.ask(1);
      run.give(run.good_reply(1));
      run.told();
    }
    run.ask(2, idle);
    run.ask(3);
    run.written();
    if (heard) run.give(ping("12345678"));
    run.spoken.end(true, "the server closed it");
    return run.spoken.fate_of_rest();
  };
  EXPECT_EQ(fate_after(0ms, false, false), fate::unknown);
  EXPECT_EQ(fate_after(1001ms, false, false), fate::unprocessed);
  EXPECT_EQ(fate_after(0ms, true, false), fate::unprocessed);
  EXPECT_EQ(fate_after(0ms, true, true), fate::unknown);
  EXPECT_EQ(fate_after(2000ms, false, true), fate::unknown);
}

TEST(Http2Wire, an_end_while_it_rests_says_so) {
  http2_wire_run run;
  run.begin();
  EXPECT_EQ(run.spoken.end(true, "the server closed it"), news::refused);
  EXPECT_EQ(std::string{run.spoken.problem().message},
            "the connection to api.test was lost: the server closed it while it was idle");
}

// Reports have no text of the server, and no secret.
TEST(Http2Wire, what_the_server_says_isnt_repeated) {
  http2_wire_run run;
  run.begin();
  run.ask_all(3);
  run.give(headers(1, block({{":status", "200"}, {"x", "evil\ntext"}}), true));
  run.give(goaway(3, error_code::internal_error, "evil text"));
  run.give(headers(3, indexed(0)));
  for (const auto& one : run.told()) {
    EXPECT_EQ(one.find("evil"), one.npos);
    EXPECT_EQ(one.find("TEST_key"), one.npos);
  }
  EXPECT_EQ(run.spoken.problem().message.view().find("evil"), std::string_view::npos);
}

}  // namespace
}  // namespace ephemint::net
