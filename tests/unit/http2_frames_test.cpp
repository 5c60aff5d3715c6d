// Checks of the helpers that the HTTP/2 tests use: the RFCs' examples, and encoding followed by decoding.
#include "support/http2_frames.hpp"

#include "support/http2_header_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test::http2 {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (; hex.size() >= 2; hex.remove_prefix(2))
    bytes += static_cast<char>(std::stoi(std::string{hex.substr(0, 2)}, nullptr, 16));
  return bytes;
}

std::vector<std::string> lines_of(const std::optional<std::vector<decoded_field>>& fields) {
  if (!fields) return {"unreadable"};
  std::vector<std::string> lines;
  for (const auto& each : *fields) lines.push_back(each.name + ": " + each.value);
  return lines;
}

// RFC 7541, C.4.
TEST(HeaderDecoder, reads_the_examples_of_its_rfc_in_their_order) {
  header_decoder decoder;
  EXPECT_THAT(lines_of(decoder.decode(bytes_of("828684418cf1e3c2e5f23a6ba0ab90f4ff"))),
              ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"));
  EXPECT_THAT(lines_of(decoder.decode(bytes_of("828684be5886a8eb10649cbf"))),
              ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
                          "cache-control: no-cache"));
  EXPECT_THAT(lines_of(decoder.decode(bytes_of("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"))),
              ElementsAre(":method: GET", ":scheme: https", ":path: /index.html",
                          ":authority: www.example.com", "custom-key: custom-value"));
}

// RFC 7541, C.2.3.
TEST(HeaderDecoder, sees_what_nobody_may_remember) {
  header_decoder decoder;
  const auto fields = decoder.decode(bytes_of("100870617373776f726406736563726574"));
  EXPECT_THAT(lines_of(fields), ElementsAre("password: secret"));
  EXPECT_TRUE(fields->front().never_indexed);
}

TEST(HeaderDecoder, says_what_it_cannot_read) {
  for (const auto* const block : {"80", "be", "7f", "00", "0001", "4004616263", "0001618af1"}) {
    header_decoder decoder;
    EXPECT_FALSE(decoder.decode(bytes_of(block))) << block;
  }
}

TEST(Frames, blocks_come_back_as_they_were_written) {
  header_decoder decoder;
  const std::string long_value(20'000, 'v');
  const auto written = block({{":status", "200"}, {"retry-after", long_value}}) +
                       remembered("date", "today") + indexed(62) + indexed(8);
  EXPECT_THAT(lines_of(decoder.decode(written)), ElementsAre(":status: 200", "retry-after: " + long_value,
                                                             "date: today", "date: today", ":status: 200"));
}

// RFC 7541, C.1.
TEST(Frames, integers_are_those_of_the_rfc) {
  EXPECT_EQ(integer(0, 5, 10), "\x0a"s);
  EXPECT_EQ(integer(0, 5, 1337), "\x1f\x9a\x0a"s);
  EXPECT_EQ(integer(0, 8, 42), "\x2a"s);
}

// RFC 9113 §4.1, §6.5, §6.8.
TEST(Frames, bytes_are_those_of_the_rfc) {
  EXPECT_EQ(settings({{setting::enable_push, 0}}), bytes_of("000006040000000000000200000000"));
  EXPECT_EQ(settings_ack(), bytes_of("000000040100000000"));
  EXPECT_EQ(goaway(5, error_code::enhance_your_calm), bytes_of("000008070000000000000000050000000b"));
  EXPECT_EQ(padded_data(3, "ab", 2, true), bytes_of("0000050009000000030261620000"));
}

TEST(Frames, reader_takes_them_apart_wherever_they_are_cut) {
  const std::string all =
      std::string{preface} + settings() + headers(1, "block", true) + rst_stream(1, error_code::cancel);
  frame_reader reader;
  std::vector<received_frame> frames;
  bool begun = false;
  for (const char byte : all) {
    reader.take({&byte, 1});
    if (!begun) {
      const auto skipped = reader.skip_preface();
      begun = skipped.has_value();
      EXPECT_TRUE(skipped.value_or(true));
    }
    if (begun)
      while (auto one = reader.next()) frames.push_back(std::move(*one));
  }
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].type, frame_type::settings);
  EXPECT_TRUE(frames[1].has(flag::end_stream));
  EXPECT_EQ(frames[1].stream, 1u);
  EXPECT_EQ(frames[1].payload, "block");
  EXPECT_EQ(frames[2].code(), error_code::cancel);
}

TEST(Frames, reader_knows_another_beginning_at_its_first_byte) {
  frame_reader reader;
  reader.take("G");
  EXPECT_EQ(reader.skip_preface(), false);
}

}  // namespace
}  // namespace ephemint::test::http2
