#include "http2_frames.hpp"
#include "support/http2_frames.hpp"

#include <gtest/gtest.h>

#include <vector>

// The sandbox's frames against those that the tests write by hand.

namespace ephemint::sandbox {
namespace {

namespace wire = test::http2;

std::vector<wire::received_frame> cut(std::string_view bytes) {
  wire::frame_reader reader;
  reader.take(bytes);
  std::vector<wire::received_frame> frames;
  while (auto frame = reader.next()) frames.push_back(*frame);
  return frames;
}

TEST(sandbox_http2_frames, heads_are_read) {
  const frame_head head = read_frame_head(wire::data(77, std::string(300, 'x'), true));
  EXPECT_EQ(head.length, 300u);
  EXPECT_EQ(head.type, frame_type::data);
  EXPECT_EQ(head.flags, flag_end_stream);
  EXPECT_EQ(head.stream, 77u);
}

TEST(sandbox_http2_frames, frames_are_what_their_names_say) {
  EXPECT_EQ(data_frame(5, "abc"), wire::data(5, "abc"));
  EXPECT_EQ(rst_stream_frame(5, http2_error::cancel), wire::rst_stream(5, wire::error_code::cancel));
  EXPECT_EQ(goaway_frame(0x7fffffff, http2_error{0xdeadbeef}),
            wire::goaway(0x7fffffff, static_cast<wire::error_code>(0xdeadbeef)));
}

TEST(sandbox_http2_frames, header_blocks_are_cut_into_what_was_asked_for) {
  for (const unsigned continuations : {1u, 2u, 3u, 9u, 10u, 11u, 30u}) {
    const auto frames = cut(cut_headers(wire::headers(3, "0123456789", true), continuations));
    ASSERT_EQ(frames.size(), continuations + 1);
    std::string block;
    for (const auto& f : frames) {
      const bool first = &f == &frames.front();
      const bool last = &f == &frames.back();
      EXPECT_EQ(f.type, first ? wire::frame_type::headers : wire::frame_type::continuation);
      EXPECT_EQ(f.flags, (first ? wire::flag::end_stream : 0) | (last ? wire::flag::end_headers : 0));
      EXPECT_EQ(f.stream, 3u);
      block += f.payload;
    }
    EXPECT_EQ(block, "0123456789");
  }
}

TEST(sandbox_http2_frames, padding_stays_in_the_first) {
  const std::string padded =
      wire::frame(wire::frame_type::headers, wire::flag::end_headers | wire::flag::padded, 1,
                  std::string{"\3abcd"} + std::string(3, '\0'));
  const auto frames = cut(cut_headers(padded, 1));
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].payload, std::string{"\3ab"} + std::string(3, '\0'));
  EXPECT_EQ(frames[0].flags, wire::flag::padded);
  EXPECT_EQ(frames[1].payload, "cd");
}

TEST(sandbox_http2_frames, one_setting_is_replaced) {
  using enum wire::setting;
  std::string frame =
      wire::settings({{enable_push, 0}, {max_concurrent_streams, 9}, {max_frame_size, 16384}});
  replace_setting(frame, 3, 0x01020304);
  EXPECT_EQ(frame, wire::settings(
                       {{enable_push, 0}, {max_concurrent_streams, 0x01020304}, {max_frame_size, 16384}}));
  replace_setting(frame, 4, 1);
  EXPECT_EQ(cut(frame).front().payload.size(), 18u);
}

}  // namespace
}  // namespace ephemint::sandbox
