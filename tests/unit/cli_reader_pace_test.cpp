#include "reader_pace.hpp"

#include <gtest/gtest.h>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

/// A reader in virtual time.
struct read_lines {
  /// Writes as many lines as it may, and reads them after that time. Returns the number of lines.
  int round(clock::duration later) {
    int lines = 0;
    for (; pace.may_write() && lines < 1000; ++lines) pace.wrote(now);
    now += later;
    if (later > 20ms) pace.lags(now);
    pace.took_all(now);
    return lines;
  }
  /// Reads 1,000 lines, each at once.
  void prove() {
    for (int i = 0; i < 1000; ++i) round(20ms);
  }

  reader_pace pace;
  clock::time_point now{1h};
};

// behaviours: D1

TEST(cli_reader_pace, reader_has_one_line_waiting_until_it_took_a_thousand_at_once) {
  read_lines reader;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(reader.round(20ms), 1);
  EXPECT_EQ(reader.round(20ms), 2);
}

TEST(cli_reader_pace, reader_that_was_late_once_begins_anew) {
  read_lines reader;
  reader.prove();
  EXPECT_EQ(reader.round(21ms), 2);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(reader.round(0ms), 1);
  EXPECT_EQ(reader.round(0ms), 2);
}

TEST(cli_reader_pace, look_that_comes_late_tells_nothing_of_the_reader) {
  read_lines reader;
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(reader.pace.may_write());
    reader.pace.wrote(reader.now);
    EXPECT_FALSE(reader.pace.may_write());
    reader.now += 300ms;  // the next line came only now
    reader.pace.took_all(reader.now);
  }
  reader.prove();
  EXPECT_EQ(reader.round(0ms), 2);
}

TEST(cli_reader_pace, reader_that_lags_for_a_moment_is_as_quick_as_before) {
  read_lines reader;
  reader.prove();
  reader.pace.wrote(reader.now);
  reader.pace.lags(reader.now += 20ms);
  reader.pace.took_all(reader.now);
  EXPECT_EQ(reader.round(0ms), 2);
}

}  // namespace
}  // namespace ephemint::cli
