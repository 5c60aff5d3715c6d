#include "codec/http_date.hpp"
#include "codec/reply.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace ephemint {

using namespace detail;

namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

constexpr sys_seconds now = sys_days{year{2026} / 4 / 8} + 10h + 45min + 47s;
const std::string now_text = "Wed, 08 Apr 2026 10:45:47 GMT";

using expected = std::optional<clock::duration>;

TEST(RetryAfter, understands_seconds) {  // behaviours: R4
  const struct {
    std::string value;
    expected wait;
  } cases[] = {
      {"0", 0s},
      {"1", 1s},
      {"2", 2s},  // whole seconds: the JS SDK waits 2 ms, the Java SDK takes it for ms too
      {"60", 60s},
      {" 7 ", 7s},
      {"\t7", 7s},
      {"007", 7s},
      {"300", 300s},
      {"301", 300s},
      {"3600", 300s},
      {"86400", 300s},  // the longest window that a quota may have
      {std::string(30, '0') + "5", 5s},
      {"", std::nullopt},
      {" ", std::nullopt},
      {"1.5", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {"1 2", std::nullopt},
      {"1,2", std::nullopt},
      {"0x5", std::nullopt},
      {"1e3", std::nullopt},
      {"5s", std::nullopt},
      {"soon", std::nullopt},
      {"\xd9\xa1", std::nullopt},  // a digit, but not ASCII
      {std::string{"1\0", 2}, std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_retry_after(c.value, now_text, now), c.wait) << c.value;
}

TEST(RetryAfter, a_number_that_is_no_wait_says_nothing) {                           // behaviours: R14
  for (const std::string& value : {std::string{"86401"}, std::string{"315360000"},  // ten years
                                   std::string{"1775645147"}, std::string{"1775645147000"},  // Unix times
                                   std::string(30, '9'), std::string(5000, '1')})
    EXPECT_EQ(parse_retry_after(value, now_text, now), std::nullopt) << value;
}

TEST(RetryAfter, a_date_that_is_no_wait_says_nothing) {  // behaviours: R14
  EXPECT_EQ(parse_retry_after("Thu, 09 Apr 2026 10:45:47 GMT", now_text, now), expected{300s});
  for (const char* value : {"Thu, 09 Apr 2026 10:45:48 GMT", "Mon, 05 Apr 2027 10:45:47 GMT",
                            "Fri, 31 Dec 9999 23:59:59 GMT"})  // beyond what 64-bit nanoseconds hold
    EXPECT_EQ(parse_retry_after(value, now_text, now), std::nullopt) << value;
  const char* soon = "Wed, 08 Apr 2026 10:45:50 GMT";
  EXPECT_EQ(parse_retry_after(soon, "Thu, 01 Jan 1970 00:00:00 GMT", now), std::nullopt) << "no clock is so";
}

TEST(RetryAfter, understands_dates) {  // behaviours: R4
  const struct {
    const char* value;
    expected wait;
  } cases[] = {
      {"Wed, 08 Apr 2026 10:45:50 GMT", 3s},
      {"Wednesday, 08-Apr-26 10:45:50 GMT", 3s},
      {"Wed Apr  8 10:45:50 2026", 3s},
      {" Wed, 08 Apr 2026 10:45:50 GMT ", 3s},
      {"Wed, 08 Apr 2026 10:45:47 GMT", 0s},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 0s},   // past
      {"Sunday, 06-Nov-94 08:49:37 GMT", 0s},  // 1994, not 2094
      {"Mon, 01 Jan 0001 00:00:00 GMT", 0s},
      {"Wed, 08 Apr 2026 11:45:47 GMT", 300s},
      {"Wed, 08 Apr 2026 10:45:50", std::nullopt},
      {"Wed, 08 Apr 2026 10:45:50 UTC", std::nullopt},
      {"Wed, 08 Apr 2026 10:45:50 GMT, x", std::nullopt},
      {"Wed, 31 Feb 2026 10:45:50 GMT", std::nullopt},
      {"Wed, 08 Apr 2026 24:00:00 GMT", std::nullopt},
      {"Wed, 00 Apr 2026 10:45:50 GMT", std::nullopt},
      {"Mit, 08 Apr 2026 10:45:50 GMT", std::nullopt},
      {"Wed, 08 Apr", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_retry_after(c.value, now_text, now), c.wait) << c.value;
}

TEST(RetryAfter, measures_dates_by_the_servers_clock) {  // behaviours: R4
  const char* until = "Wed, 08 Apr 2026 10:45:50 GMT";
  const auto wall_of_a_wrong_clock = now + 24h * 365;
  EXPECT_EQ(parse_retry_after(until, now_text, wall_of_a_wrong_clock), expected{3s});
  EXPECT_EQ(parse_retry_after(until, "", now - 1s), expected{4s});
  EXPECT_EQ(parse_retry_after(until, "yesterday", now - 1s), expected{4s});
  EXPECT_EQ(parse_retry_after("2", "", wall_of_a_wrong_clock), expected{2s});
}

TEST(HttpDate, reads_the_three_forms) {
  constexpr sys_seconds date = sys_days{year{1994} / 11 / 6} + 8h + 49min + 37s;
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), date);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), date);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), date);
  EXPECT_EQ(parse_http_date("Sun Nov 16 08:49:37 1994", now), date + 24h * 10);
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT", now), sys_days{year{2024} / 2 / 29});
  EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", now), sys_days{year{2017} / 1 / 1});
}

TEST(HttpDate, two_digit_years_lie_within_fifty_years) {
  const auto year_read = [](const char* text, int this_year) {
    const auto date = parse_http_date(text, sys_days{year{this_year} / 6 / 1});
    return date ? static_cast<int>(std::chrono::year_month_day{floor<std::chrono::days>(*date)}.year()) : 0;
  };
  EXPECT_EQ(year_read("Sunday, 06-Nov-76 08:49:37 GMT", 2026), 2076);
  EXPECT_EQ(year_read("Sunday, 06-Nov-77 08:49:37 GMT", 2026), 1977);
  EXPECT_EQ(year_read("Sunday, 06-Nov-00 08:49:37 GMT", 2099), 2100);
}

TEST(HttpDate, a_text_cut_anywhere_is_none) {
  for (const std::string whole :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(parse_http_date(whole.substr(0, size), now), std::nullopt) << whole.substr(0, size);
}

}  // namespace
}  // namespace ephemint
