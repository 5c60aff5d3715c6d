#include "log_output.hpp"
#include "support/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

/// A small pipe instead of stderr.
class stderr_pipe {
 public:
  stderr_pipe() : before_{::dup(STDERR_FILENO)} {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    size = static_cast<std::size_t>(::fcntl(ends[1], F_SETPIPE_SZ, 4096));
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    from_ = ends[0];
    ::fcntl(from_, F_SETFL, O_NONBLOCK);
  }
  stderr_pipe(const stderr_pipe&) = delete;
  stderr_pipe& operator=(const stderr_pipe&) = delete;
  ~stderr_pipe() {
    close_reader();
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }

  /// All that is in it.
  std::vector<std::string> read() {
    std::string text;
    char bytes[512];
    for (ssize_t got = 0; (got = ::read(from_, bytes, sizeof bytes)) > 0;)
      text.append(bytes, static_cast<std::size_t>(got));
    return test::lines_of(text);
  }
  void close_reader() {
    if (from_ != -1) ::close(from_);
    from_ = -1;
  }
  static bool waits() { return (::fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0; }

  std::size_t size = 0;

 private:
  int before_;
  int from_ = -1;
};

TEST(cli_log_output, line_goes_out_as_it_is_and_talk_with_its_time) {
  stderr_pipe pipe;
  log_output log;
  log.write(R"({"route":"tokens"})");
  log.say("a \"word\"\n");
  const auto lines = pipe.read();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], R"({"route":"tokens"})");
  EXPECT_THAT(
      lines[1],
      MatchesRegex(
          R"re(\{"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z","message":"a \\"word\\"\\n"\})re"));
}

TEST(cli_log_output, full_pipe_holds_nobody_up_and_what_is_lost_is_counted) {
  stderr_pipe pipe;
  log_output log;
  const std::string line(31, 'x');  // shorter than the line that counts lost ones
  const std::size_t written = 2 * pipe.size / line.size();
  for (std::size_t i = 0; i < written; ++i) log.write(line);
  const std::vector<std::string> taken = pipe.read();
  EXPECT_LT(taken.size(), written);
  for (const std::string& one : taken) EXPECT_EQ(one, line);
  log.write("next");
  std::vector<std::string> lines = pipe.read();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("\"message\":\"" + std::to_string(written - taken.size()) +
                                  " lines of the log were lost: nobody took them\""));
  EXPECT_EQ(lines[1], "next");
}

TEST(cli_log_output, reader_that_is_gone_changes_nothing) {
  stderr_pipe pipe;
  std::signal(SIGPIPE, SIG_IGN);  // as the program has it
  log_output log;
  pipe.close_reader();
  log.write("to nobody");
  log.say("to nobody");
}

TEST(cli_log_output, stderr_waits_again_afterwards) {
  stderr_pipe pipe;
  {
    const log_output log;
    EXPECT_FALSE(pipe.waits());
  }
  EXPECT_TRUE(pipe.waits());
}

}  // namespace
}  // namespace ephemint::cli
