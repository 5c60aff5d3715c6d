#include "fault_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

/// One letter a request: `x` where the fault struck, `.` where it didn't.
std::string pattern(fault_book& book, int requests, std::string_view account = "a", std::uint64_t nth = 1,
                    bool over_http2 = false) {
  std::string seen;
  for (int i = 0; i < requests; ++i) seen += book.on_request(account, nth, over_http2).reply ? 'x' : '.';
  return seen;
}

std::string pattern(const fault& f, int requests, bool over_http2 = false) {
  fault_book book;
  book.add(f);
  return pattern(book, requests, "a", 1, over_http2);
}

TEST(sandbox_fault_book, picks_requests_as_told) {
  EXPECT_EQ(pattern({.status = 503}, 4), "xxxx");
  EXPECT_EQ(pattern({.count = 2, .status = 503}, 4), "xx..");
  EXPECT_EQ(pattern({.skip = 2, .count = 1, .status = 503}, 4), "..x.");
  EXPECT_EQ(pattern({.every = 3, .status = 503}, 7), "..x..x.");
  EXPECT_EQ(pattern({.skip = 1, .every = 2, .count = 2, .status = 503}, 7), "..x.x..");
  EXPECT_EQ(pattern({.probability = 0, .status = 503}, 100), std::string(100, '.'));
}

TEST(sandbox_fault_book, picks_by_account_and_by_number_on_the_connection) {
  fault_book book;
  book.add({.account = "a", .nth_on_connection = 2, .status = 503});
  EXPECT_EQ(pattern(book, 1, "a", 1), ".");
  EXPECT_EQ(pattern(book, 1, "b", 2), ".");
  EXPECT_EQ(pattern(book, 1, "a", 2), "x");
}

TEST(sandbox_fault_book, chances_repeat_with_their_seed) {
  const fault f{.probability = 0.1, .seed = 7, .status = 503};
  const std::string seen = pattern(f, 10'000);
  EXPECT_EQ(seen, pattern(f, 10'000));
  const auto struck = std::count(seen.begin(), seen.end(), 'x');
  EXPECT_GT(struck, 900);
  EXPECT_LT(struck, 1100);
  fault other = f;
  other.seed = 8;
  EXPECT_NE(seen, pattern(other, 10'000));
}

TEST(sandbox_fault_book, delays_add_up_and_the_first_reply_wins) {
  fault_book book;
  book.add({.delay = 10ms});
  book.add({.count = 1, .delay = 20ms, .status = 500});
  book.add({.delay = 40ms, .status = 502});
  book.add({.delay = 80ms});
  const request_fate first = book.on_request("a", 1);
  EXPECT_EQ(first.delay, 110ms);
  EXPECT_EQ(first.reply->status, 500U);
  const request_fate second = book.on_request("a", 1);
  EXPECT_EQ(second.delay, 130ms);
  EXPECT_EQ(second.reply->status, 502U);
}

TEST(sandbox_fault_book, fault_that_was_not_used_keeps_its_count) {
  fault_book book;
  book.add({.count = 1, .status = 500});
  book.add({.count = 1, .status = 502});
  EXPECT_EQ(book.on_request("a", 1).reply->status, 500U);
  EXPECT_EQ(book.on_request("a", 1).reply->status, 502U);
  EXPECT_FALSE(book.on_request("a", 1).touched);
  EXPECT_TRUE(book.empty());
}

TEST(sandbox_fault_book, jitter_and_tail_stay_in_their_bounds) {
  fault_book book;
  book.add({.delay = 100ms, .jitter = 50ms, .tail_probability = 0.5, .tail_delay = 1s});
  int tails = 0;
  std::chrono::microseconds least = 1h;
  std::chrono::microseconds most = 0ms;
  for (int i = 0; i < 1000; ++i) {
    auto delay = book.on_request("a", 1).delay;
    if (delay >= 1100ms) ++tails, delay -= 1s;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, 100ms);
  EXPECT_LT(least, 102ms);
  EXPECT_LE(most, 150ms);
  EXPECT_GT(most, 148ms);
  EXPECT_NEAR(tails, 500, 60);
}

TEST(sandbox_fault_book, every_fault_but_a_delay_shapes_the_reply) {
  for (const char* spec : {"status=500",
                           "text=x",
                           "body=malformed",
                           "retry_after=1",
                           "header=a: b",
                           "header_padding=1",
                           "body_padding=1",
                           "interim=1",
                           "raw=x",
                           "chunked",
                           "until_close",
                           "announce_close",
                           "keep_alive=1",
                           "missing=1",
                           "extra=x",
                           "drip=1ms",
                           "one_byte_records",
                           "close",
                           "cut",
                           "reset",
                           "stall",
                           "refuse",
                           "rst=CANCEL",
                           "goaway=NO_ERROR",
                           "max_streams=1",
                           "ping",
                           "padding=1"})
    EXPECT_EQ(pattern(parse_fault(spec), 1, true), "x") << spec;
  for (const char* spec : {"delay=1s", "jitter=1s", "tail=1:1s"})
    EXPECT_EQ(pattern(parse_fault(spec), 1), ".") << spec;
}

TEST(sandbox_fault_book, faults_of_http2_pass_http1_by) {
  fault_book book;
  book.add(parse_fault("refuse,skip=1,count=1"));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(book.on_request("a", 1).touched);
  EXPECT_FALSE(book.on_request("a", 1, true).touched) << "this one is skipped, those before weren't counted";
  EXPECT_TRUE(book.on_request("a", 1, true).touched);
  EXPECT_TRUE(book.empty());
}

TEST(sandbox_fault_book, beginnings_count_http2_connections) {
  fault_book book;
  book.add(parse_fault("settings_delay=5ms,max_streams=2,skip=1,count=1"));
  book.add(parse_fault("window=0"));
  EXPECT_FALSE(book.on_request("a", 1, true).touched);
  EXPECT_EQ(book.on_connection(), handshake_fault::none);
  EXPECT_EQ(book.on_http2_connection().window, 0U) << "the first one let it pass";
  const http2_fault second = book.on_http2_connection();
  EXPECT_EQ(second.settings_delay, 5ms);
  EXPECT_EQ(second.max_streams, 2U);
  EXPECT_EQ(second.window, std::nullopt);
}

TEST(sandbox_fault_book, handshakes_count_connections) {
  fault_book book;
  book.add({.skip = 1, .count = 1, .handshake = handshake_fault::stall});
  EXPECT_FALSE(book.on_request("a", 1).touched);
  EXPECT_EQ(book.on_connection(), handshake_fault::none);
  EXPECT_EQ(book.on_connection(), handshake_fault::stall);
  EXPECT_EQ(book.on_connection(), handshake_fault::none);
  EXPECT_TRUE(book.empty());
}

}  // namespace
}  // namespace ephemint::sandbox
