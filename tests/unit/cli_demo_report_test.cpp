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

TEST(cli_demo_report, is_at_most_100_wide_and_counts_everything) {
  demo_figures saw;
  saw.accounts = saw.minted = 100'000;
  saw.taken = 9999s;
  saw.least = 8330s;
  saw.client.requests = 100'123;
  saw.client.retries = 123;
  saw.client.stale_retries = 12;
  saw.client.full_handshakes = 8;
  saw.client.resumed_handshakes = 12;
  saw.peak = saw.quota = 60;
  saw.window = 5s;
  saw.latencies = times(1000, 5s);
  saw.seconds_left = times(1000, 9975ms);
  std::istringstream lines{report(saw)};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  const std::string text = report(saw);
  for (const char* part : {"100000 of 100000", "123", "8 + 12", "5.0 s", "1,000"})
    EXPECT_NE(text.find(part), text.npos) << part << '\n' << text;
}

TEST(cli_demo_report, protocol_is_named) {
  demo_figures saw;
  saw.client.requests = 12;
  const std::pair<std::uint64_t, const char*> cases[] = {
      {0, "for 12 requests, over HTTP/1.1\n"},
      {11, "for 12 requests, over HTTP/1.1 and HTTP/2\n"},
      {12, "for 12 requests, over HTTP/2\n"},
  };
  for (const auto& [over_http2, words] : cases) {
    saw.http2_requests = over_http2;
    EXPECT_NE(report(saw).find(words), std::string::npos) << words;
  }
}

}  // namespace
}  // namespace ephemint::cli
