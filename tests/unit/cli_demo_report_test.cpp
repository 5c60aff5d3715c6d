#include "demo_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;
using times = std::vector<clock::duration>;

TEST(cli_demo_report, percentiles_are_nearest_rank) {
  times ten{10ms, 9ms, 8ms, 7ms, 6ms, 5ms, 4ms, 3ms, 2ms, 1ms};
  EXPECT_EQ(percentile(ten, 0.5), 5ms);
  EXPECT_EQ(percentile(ten, 0.99), 10ms);
  EXPECT_EQ(percentile(ten, 0), 1ms);
  times one{7ms};
  EXPECT_EQ(percentile(one, 0.5), 7ms);
  times none;
  EXPECT_EQ(percentile(none, 0.5), 0ms);
}

TEST(cli_demo_report, histogram_has_a_row_for_each_step) {
  EXPECT_EQ(histogram({9978ms, 9977ms, 9977ms, 9975ms}),
            "   9.978 to  9.979 s |############################## 1\n"
            "   9.977 to  9.978 s |############################################################ 2\n"
            "   9.976 to  9.977 s |\n"
            "   9.975 to  9.976 s |############################## 1\n");
  EXPECT_EQ(histogram({}), "  none\n");
}

TEST(cli_demo_report, histogram_stays_small_whatever_the_spread) {
  for (const clock::duration spread : {0ms, 1ms, 7ms, 50ms, 400ms, 3000ms, 5000ms}) {
    const std::string rows = histogram({9990ms, 9990ms - spread / 3, 9990ms - spread});
    EXPECT_LE(std::count(rows.begin(), rows.end(), '\n'), 9) << rows;
  }
}

demo_figures figures_of_many() {
  demo_figures saw;
  saw.plain.accounts = saw.ephemint.accounts = 100'000;
  saw.plain.seconds_left = times(100'000, -8321s);
  saw.plain.latencies = times(100'000, 8331s);
  saw.plain.dead = 100'000;
  saw.plain.rate_limited = 123'456;
  saw.plain.taken = 99'999s;
  saw.of_plain = {223'456, 123'459, 100'000, 0, 1'234, 0};
  saw.ephemint.seconds_left = times(100'000, 9975ms);
  saw.ephemint.latencies = times(100'000, 5s);
  saw.ephemint.taken = 8334s;
  saw.of_ephemint = {100'005, 5, 8, 12, 60, 100'005};
  saw.least = 8330s;
  saw.quota = 60;
  saw.window = 5s;
  return saw;
}

TEST(cli_demo_report, is_at_most_100_wide_and_counts_everything) {
  const std::string text = report(figures_of_many());
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  for (const char* row : {
           "                    plain client         Ephemint\n",
           "  minted        100000 of 100000 100000 of 100000   ",
           "  taken               99999.00 s        8334.00 s   at that quota 8330.0 s is the least\n",
           "  handed over            100,000          100,000   ",
           "  dead                   100,000                0   ",
           "  left, p50           -8321.00 s           9.97 s   ",
           "  rate limited           123,456                0   429s\n",
           "  peak                     1,234               60   requests in any 5 s; 60 are admitted\n",
           "  requests               223,456          100,005   over HTTP/1.1, and HTTP/2\n",
           "  retried                123,459                5   ",
           "  connections            100,000               20\n",
           "  handshakes          100000 + 0           8 + 12   full + resumed\n",
           "  latency p99          8331.00 s           5.00 s   ",
       })
    EXPECT_NE(text.find(row), text.npos) << row << '\n' << text;
}

TEST(cli_demo_report, unfinished_plain_lane_says_how_far_it_got) {
  demo_figures saw = figures_of_many();
  EXPECT_EQ(report(saw).find("wait in its vector"), std::string::npos);
  saw.now = clock::time_point{100s};
  saw.plain = {.accounts = 200};
  saw.plain.held = {{saw.now - 20s, saw.now - 9s}, {saw.now - 20s, saw.now}, {saw.now - 20s, saw.now + 1ns}};
  saw.plain_trouble = "was stopped 5 s after Ephemint's end";
  const std::string text = report(saw);
  for (const char* part :
       {"  minted                3 of 200 ", "  taken                        -        8334.00 s ",
        "  handed over                  0 ", "  left, p50                    -",
        "\nThe plain client was stopped 5 s after Ephemint's end. 3 tokens wait in its vector, 2 of "
        "them dead.\n"})
    EXPECT_NE(text.find(part), text.npos) << part << '\n' << text;
}

TEST(cli_demo_report, protocol_is_named) {
  demo_figures saw;
  saw.of_ephemint.requests = 12;
  const std::pair<std::uint64_t, const char*> cases[] = {
      {0, "over HTTP/1.1, and HTTP/1.1\n"},
      {11, "over HTTP/1.1, and HTTP/1.1 and HTTP/2\n"},
      {12, "over HTTP/1.1, and HTTP/2\n"},
  };
  for (const auto& [over_http2, words] : cases) {
    saw.of_ephemint.http2_requests = over_http2;
    EXPECT_NE(report(saw).find(words), std::string::npos) << words;
  }
}

}  // namespace
}  // namespace ephemint::cli
