#include "net/wire/http2/http2_reply.hpp"

#include "net/wire/reply_limits.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::net {
namespace {

using status = http2_reply::status;
using fields = std::vector<std::pair<std::string, std::string>>;

class Http2Reply : public testing::Test {
 protected:
  Http2Reply() { reply.use(std::make_unique<wiped_buffer>()); }

  status block(const fields& all) {
    reply.on_frame(9);
    for (const auto& [name, value] : all) reply.on_field(name, value);
    return reply.on_block_end();
  }
  status data(std::string_view bytes) {
    reply.on_frame(9 + bytes.size());
    return reply.on_data(bytes);
  }
  status refused_header(const fields& all) {
    reply.reset();
    reply.use(std::make_unique<wiped_buffer>());
    return block(all);
  }

  http2_reply reply;
};

TEST_F(Http2Reply, is_whole_when_the_stream_ends) {
  EXPECT_FALSE(reply.begun());
  EXPECT_EQ(block({{":status", "200"},
                   {"content-type", "application/json"},
                   {"x-shipengine-requestid", "id-1"},
                   {"retry-after", "7"},
                   {"date", "today"},
                   {"server", "nginx"}}),
            status::incomplete);
  EXPECT_TRUE(reply.begun());
  EXPECT_EQ(data("to"), status::incomplete);
  EXPECT_EQ(data("ken"), status::incomplete);
  EXPECT_EQ(reply.on_end(), status::complete);
  const auto told = reply.reply();
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.body, "token");
  EXPECT_EQ(told.body_fault, "");
  EXPECT_EQ(told.content_type, "application/json");
  EXPECT_EQ(told.request_id, "id-1");
  EXPECT_EQ(told.retry_after, "7");
  EXPECT_EQ(told.date, "today");
  EXPECT_TRUE(told.reusable);
}

TEST_F(Http2Reply, may_have_no_body) {
  block({{":status", "204"}});
  EXPECT_EQ(reply.on_end(), status::complete);
  EXPECT_EQ(reply.reply().body, "");
}

TEST_F(Http2Reply, has_slack_behind_its_body) {
  block({{":status", "200"}});
  data(std::string(wiped_buffer::first_capacity, 'x'));
  reply.on_end();
  const auto body = reply.reply().body;
  EXPECT_EQ(std::string(body.data() + body.size(), wiped_buffer::slack),
            std::string(wiped_buffer::slack, '\0'));
}

TEST_F(Http2Reply, two_retry_afters_that_differ_are_none) {
  block({{":status", "429"}, {"retry-after", "7"}, {"retry-after", "7"}});
  reply.on_end();
  EXPECT_EQ(reply.reply().retry_after, "7");
  refused_header({{":status", "429"}, {"retry-after", "7"}, {"retry-after", "8"}, {"retry-after", "8"}});
  reply.on_end();
  EXPECT_EQ(reply.reply().retry_after, "");
}

TEST_F(Http2Reply, what_interim_replies_and_trailers_say_is_dropped) {
  block({{":status", "103"}, {"x-shipengine-requestid", "early"}, {"content-encoding", "gzip"}});
  block({{":status", "200"}, {"x-shipengine-requestid", "real"}});
  data("token");
  EXPECT_EQ(block({{"x-shipengine-requestid", "late"}, {"retry-after", "9"}}), status::incomplete);
  EXPECT_EQ(reply.on_end(), status::complete);
  EXPECT_EQ(reply.reply().request_id, "real");
  EXPECT_EQ(reply.reply().retry_after, "");
  EXPECT_EQ(reply.reply().body, "token");
}

TEST_F(Http2Reply, a_status_is_three_digits) {
  for (const auto* const text : {"", "2", "20", "2000", "2x0", "-20", "+20", "099", "000", "101", " 200"})
    EXPECT_EQ(refused_header({{":status", text}}), status::refused) << text;
  EXPECT_EQ(refused_header({}), status::refused);
  EXPECT_EQ(refused_header({{"date", "x"}}), status::refused);
}

TEST_F(Http2Reply, up_to_eight_interim_replies_are_passed_over) {
  for (int i = 0; i < reply_limits::interim; ++i) EXPECT_EQ(block({{":status", "100"}}), status::incomplete);
  EXPECT_EQ(block({{":status", "100"}}), status::refused);
  EXPECT_EQ(reply.problem(), "the reply was refused: more than 8 interim replies");
}

TEST_F(Http2Reply, an_end_before_the_status_is_refused) {
  block({{":status", "103"}});
  EXPECT_EQ(reply.on_end(), status::refused);
}

TEST_F(Http2Reply, the_headers_bytes_count_over_all_blocks) {
  const std::string half(reply_limits::head / 2 - 100, 'h');
  EXPECT_EQ(block({{":status", "103"}, {"a", half}}), status::incomplete);
  EXPECT_EQ(block({{":status", "200"}}), status::incomplete);
  EXPECT_EQ(block({{"b", half}}), status::incomplete);
  EXPECT_EQ(block({{"c", std::string(200, 'c')}}), status::refused);
  EXPECT_EQ(reply.problem(), "the reply was refused: a header of more than 16384 bytes");
}

TEST_F(Http2Reply, exactly_as_many_header_bytes_as_are_allowed_are_taken) {
  constexpr std::size_t status_line = 7 + 3 + 32;
  const std::string rest(reply_limits::head - status_line - 1 - 32, 'r');
  EXPECT_EQ(block({{":status", "200"}, {"r", rest}}), status::incomplete);
  EXPECT_EQ(refused_header({{":status", "200"}, {"r", rest + 'r'}}), status::refused);
}

TEST_F(Http2Reply, the_fields_count_over_all_blocks) {
  const fields half(49, {"n", "v"});
  fields first = half;
  first.insert(first.begin(), {":status", "200"});
  block(first);
  EXPECT_EQ(block(half), status::incomplete);
  EXPECT_EQ(block({{"n", "v"}}), status::incomplete);
  EXPECT_EQ(block({{"n", "v"}}), status::refused);
  EXPECT_EQ(reply.problem(), "the reply was refused: more than 100 header fields");
}

TEST_F(Http2Reply, a_body_that_is_too_long_isnt_taken_though_the_status_is) {
  block({{":status", "503"}});
  EXPECT_EQ(data(std::string(reply_limits::body, 'b')), status::incomplete);
  EXPECT_EQ(data("b"), status::body_refused);
  EXPECT_EQ(reply.on_data("more"), status::body_refused);
  EXPECT_EQ(reply.reply().status, 503);
  EXPECT_EQ(reply.reply().body, "");
  EXPECT_EQ(reply.reply().body_fault, "a body of more than 65536 bytes");
}

TEST_F(Http2Reply, so_is_one_that_says_so_beforehand) {
  for (const auto* const length : {"65537", "99999999999999999999999999"})
    EXPECT_EQ(refused_header({{":status", "200"}, {"content-length", length}}), status::body_refused);
  EXPECT_EQ(refused_header({{":status", "200"}, {"content-length", "65536"}}), status::incomplete);
  EXPECT_EQ(refused_header({{":status", "304"}, {"content-length", "65537"}}), status::incomplete);
}

TEST_F(Http2Reply, a_coded_body_isnt_taken) {
  EXPECT_EQ(refused_header({{":status", "200"}, {"content-encoding", "gzip"}}), status::body_refused);
  EXPECT_EQ(reply.reply().body_fault, "a Content-Encoding, which was not asked for");
  EXPECT_EQ(refused_header({{":status", "204"}, {"content-encoding", "gzip"}}), status::refused);
}

TEST_F(Http2Reply, all_bytes_of_it_count_with_their_padding) {
  block({{":status", "200"}});
  for (std::size_t size = 9; size + 16384 <= reply_limits::bytes; size += 16384)
    EXPECT_EQ(reply.on_frame(16384), status::incomplete);
  EXPECT_EQ(reply.on_frame(16384), status::refused);
  EXPECT_EQ(reply.problem(), "the reply was refused: a reply of more than 131072 bytes");
}

TEST_F(Http2Reply, data_before_a_header_is_refused) { EXPECT_EQ(data("x"), status::refused); }

TEST_F(Http2Reply, what_comes_behind_the_end_isnt_looked_at) {
  block({{":status", "200"}});
  reply.on_end();
  EXPECT_EQ(reply.on_data("more"), status::complete);
  EXPECT_EQ(reply.on_field(":status", "x"), status::complete);
  EXPECT_EQ(reply.refuse("no"), status::complete);
  EXPECT_EQ(reply.reply().body, "");
}

TEST_F(Http2Reply, forgets_everything_and_gives_its_buffer_back) {
  block({{":status", "200"}, {"content-encoding", "gzip"}, {"date", "today"}});
  EXPECT_NE(reply.reset(), nullptr);
  EXPECT_TRUE(reply.needs_buffer());
  EXPECT_FALSE(reply.begun());
  reply.use(std::make_unique<wiped_buffer>());
  block({{":status", "201"}});
  EXPECT_EQ(reply.on_end(), status::complete);
  EXPECT_EQ(reply.reply().date, "");
}

}  // namespace
}  // namespace ephemint::net
