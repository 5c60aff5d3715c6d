#include "progress.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

TEST(cli_progress, line_of_a_known_total) {
  const progress half{.minted = 97, .failed = 3, .total = 200, .elapsed = 10s, .time_left = 11s};
  EXPECT_EQ(draw(half, 200, false), "[############............]  100/200  3 failed  ETA 11 s  10.0/s");
}

TEST(cli_progress, line_of_an_unknown_total) {
  const progress some{.minted = 1'234'567, .failed = 0, .elapsed = 30s};
  EXPECT_EQ(draw(some, 200, false), "1,234,567 done  41,152/s");
}

TEST(cli_progress, line_says_that_it_waits) {
  const progress waits{.minted = 60, .failed = 0, .total = 200, .elapsed = 0s, .quota_wait = 42s};
  EXPECT_EQ(draw(waits, 200, false), "[#######.................]  60/200  waiting for the quota: 42 s");
}

TEST(cli_progress, line_says_how_the_quota_stands_and_which_protocol_is_spoken) {
  progress now{.minted = 60, .total = 200, .elapsed = 0s, .quota = {quota::declared(200, 60s), 68}};
  now.protocol = "HTTP/2";
  EXPECT_EQ(draw(now, 200, false), "[#######.................]  60/200  quota used 68/200  HTTP/2");
  now.quota.in_force = quota::unlimited();
  EXPECT_EQ(draw(now, 200, false), "[#######.................]  60/200  HTTP/2");
}

TEST(cli_progress, line_says_that_the_api_has_it_pause_rather_than_that_it_waits) {
  const progress paused{.minted = 60, .total = 200, .quota_wait = 42s, .quota = {.pause = 11'200ms}};
  EXPECT_EQ(draw(paused, 200, false), "[#######.................]  60/200  paused by the API: 12 s");
}

TEST(cli_progress, line_says_that_the_key_is_refused) {
  const progress refused{.minted = 1, .failed = 13, .total = 200, .key_refused = true};
  EXPECT_EQ(draw(refused, 200, false),
            "[#.......................]  14/200  13 failed  the API refuses the key");
}

// behaviours: A4
TEST(cli_progress, line_says_that_the_api_is_away_rather_than_the_quota_short) {
  const progress waits{
      .minted = 60, .total = 200, .quota_wait = 42s, .outage = outage_wait{"connection refused", 4min + 50s}};
  EXPECT_EQ(draw(waits, 200, false),
            "[#######.................]  60/200  the API can't be reached (connection refused): waiting, "
            "gives up in 4 min 50 s");
}

// behaviours: A4
TEST(cli_progress, cause_of_an_outage_is_the_innermost) {
  const auto cause = [](mint_errc code, std::string message, int status = 0) {
    return outage_cause(mint_error{code, {.message = std::move(message), .http_status = status}});
  };
  EXPECT_EQ(cause(mint_errc::connect_failed, "no connection to localhost:1: Connection refused (127.0.0.1)"),
            "connection refused (127.0.0.1)");
  EXPECT_EQ(cause(mint_errc::connect_failed,
                  "no connection to the proxy proxy.test:1: Connection refused (127.0.0.1)"),
            "the proxy proxy.test:1: Connection refused (127.0.0.1)");
  EXPECT_EQ(
      cause(mint_errc::connect_failed,
            "no tunnel to localhost:1 through the proxy proxy.test:1: it answered 502: it couldn't reach "
            "the host"),
      "the proxy proxy.test:1: it answered 502: it couldn't reach the host");
  EXPECT_EQ(cause(mint_errc::connect_failed, "memory ran out"), "memory ran out");
  EXPECT_EQ(cause(mint_errc::server_error, "the API failed with status 503: unspecified", 503),
            "it answers 503");
  EXPECT_EQ(outage_cause(mint_error{mint_errc::timed_out}), "no answer in time");
  EXPECT_FALSE(outage_cause(mint_error{mint_errc::connect_failed}).empty());
}

TEST(cli_progress, line_fits_any_width) {
  const progress full{.minted = 97,
                      .failed = 3,
                      .total = 200,
                      .elapsed = 10s,
                      .quota_wait = 3h,
                      .time_left = 3h,
                      .quota = {quota::declared(200, 60s), 150},
                      .key_refused = true,
                      .protocol = "HTTP/2"};
  for (unsigned width = 0; width < 120; ++width) EXPECT_LE(draw(full, width, false).size(), width);
  EXPECT_EQ(draw(full, 40, false), "[############............]  100/200");
}

TEST(cli_progress, colours_only_if_wanted) {
  const progress failing{.minted = 1, .failed = 1, .total = 2, .elapsed = 0s, .quota_wait = 9s};
  EXPECT_EQ(draw(failing, 200, false).find('\x1b'), std::string::npos);
  EXPECT_NE(draw(failing, 200, true).find('\x1b'), std::string::npos);
}

TEST(cli_progress, more_than_the_total_or_a_total_of_none_is_drawn) {
  EXPECT_EQ(draw({.minted = 3, .total = 2}, 200, false), "[########################]  3/2");
  EXPECT_EQ(draw({.minted = 0, .total = 0}, 200, false), "[########################]  0/0");
}

TEST(cli_progress, words_of_times) {
  EXPECT_EQ(in_words(59s), "59 s");
  EXPECT_EQ(in_words(65s), "1 min 05 s");
  EXPECT_EQ(in_words(3h + 10min), "3 h 10 min");
  EXPECT_EQ(words_of_wait(42s), "waiting for the quota: 42 s");
  EXPECT_EQ(words_of_wait(119s), "waiting for the quota: 119 s");
  EXPECT_EQ(words_of_wait(120s), "waiting for the quota: 2 min 00 s");
  EXPECT_EQ(words_of_pause(7s), "paused by the API: 7 s");
}

TEST(cli_progress, a_wait_is_noted_once) {
  wait_notice notice;
  clock::time_point now{1h};
  EXPECT_TRUE(notice.is_due(42s, now));
  for (auto wait = 42s; wait > 0s; wait -= 1s) EXPECT_FALSE(notice.is_due(wait, now += 1s));
  EXPECT_FALSE(notice.is_due(std::nullopt, now));
  EXPECT_TRUE(notice.is_due(60s, now));
}

TEST(cli_progress, a_wait_that_follows_at_once_is_noted) {
  wait_notice notice;
  const clock::time_point now{1h};
  EXPECT_TRUE(notice.is_due(42s, now));
  EXPECT_FALSE(notice.is_due(1s, now + 41s));
  EXPECT_FALSE(notice.is_due(2s, now + 41s)) << "an estimate that was corrected";
  EXPECT_TRUE(notice.is_due(60s, now + 43s));
}

TEST(cli_progress, short_waits_in_a_row_are_not_noted_each) {
  wait_notice notice;
  clock::time_point now{1h};
  int noted = 0;
  for (int i = 0; i < 20; ++i) {
    noted += notice.is_due(3s, now += 3s);
    noted += notice.is_due(std::nullopt, now);
  }
  EXPECT_EQ(noted, 5);  // one in 10 s, at the next occasion
}

TEST(cli_progress, no_wait_no_notice) {
  wait_notice notice;
  EXPECT_FALSE(notice.is_due(std::nullopt, clock::time_point{1h}));
}

}  // namespace
}  // namespace ephemint::cli
