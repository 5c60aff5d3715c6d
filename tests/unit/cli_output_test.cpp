#include "output.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

/// An output into a pipe that holds one page.
class cli_output : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    reader = ends[0];
    writer = ends[1];
    ASSERT_GT(::fcntl(writer, F_SETPIPE_SZ, 4096), 0);
    ::fcntl(reader, F_SETFL, O_NONBLOCK);
  }
  void TearDown() override {
    ::close(writer);
    if (reader != -1) ::close(reader);
  }

  std::string read() {
    std::string text(100'000, '\0');
    const ssize_t size = ::read(reader, text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  void close_reader() { ::close(std::exchange(reader, -1)); }
  void add(output& out, const std::string& text) {
    out.buffer() += text;
    out.lines_added();
  }
  /// Runs what is ready and what becomes so within the time that lines may wait.
  void run() {
    context.restart();
    context.run_for(50ms);
  }

  boost::asio::io_context context;
  int reader = -1, writer = -1;
};

TEST_F(cli_output, lines_are_gathered_for_a_moment_and_come_by_themselves) {
  output out{context.get_executor(), writer};
  int writes = 0;
  out.before_write = [&] { ++writes; };
  add(out, "a\n");
  add(out, "b\n");
  EXPECT_EQ(read(), "");
  run();
  EXPECT_EQ(read(), "a\nb\n");
  EXPECT_EQ(writes, 1);
}

TEST_F(cli_output, full_pipe_stalls_and_nothing_is_lost) {
  output out{context.get_executor(), writer};
  const std::string text = std::string(100'000, 'x') + '\n';
  add(out, text);  // more than is gathered: written at once
  EXPECT_TRUE(out.stalled());
  bool done = false;
  boost::asio::co_spawn(context, out.drained(), [&](std::exception_ptr) { done = true; });
  std::string got;
  for (int i = 0; i < 1000 && !done; ++i) {
    context.restart();
    context.run_for(1ms);
    got += read();
  }
  got += read();
  EXPECT_TRUE(done);
  EXPECT_FALSE(out.stalled());
  EXPECT_EQ(got, text);
}

TEST_F(cli_output, closed_reader_is_a_failure_told_once) {
  output out{context.get_executor(), writer};
  int failures = 0;
  out.on_failure = [&] { ++failures; };
  close_reader();
  add(out, "a\n");
  run();
  EXPECT_EQ(out.failure().value(), EPIPE);
  add(out, "b\n");
  run();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(out.buffer(), "");
}

TEST_F(cli_output, reader_closed_while_it_stalls_ends_the_wait) {
  output out{context.get_executor(), writer};
  add(out, std::string(100'000, 'x'));
  bool done = false;
  boost::asio::co_spawn(context, out.drained(), [&](std::exception_ptr) { done = true; });
  run();
  EXPECT_FALSE(done);
  close_reader();
  run();
  EXPECT_TRUE(done);
  EXPECT_EQ(out.failure().value(), EPIPE);
}

TEST_F(cli_output, giving_up_ends_the_wait) {
  output out{context.get_executor(), writer};
  add(out, std::string(100'000, 'x'));
  bool done = false;
  boost::asio::co_spawn(context, out.drained(), [&](std::exception_ptr) { done = true; });
  run();
  out.give_up();
  run();
  EXPECT_TRUE(done);
}

TEST_F(cli_output, pipe_is_blocking_again_afterwards) {
  {
    output out{context.get_executor(), writer};
    EXPECT_NE(::fcntl(writer, F_GETFL) & O_NONBLOCK, 0);
  }
  EXPECT_EQ(::fcntl(writer, F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(cli_output, full_disk_is_a_failure) {
  const int full = ::open("/dev/full", O_WRONLY);
  if (full == -1) GTEST_SKIP() << "no /dev/full";
  output out{context.get_executor(), full};
  add(out, "a\n");
  run();
  EXPECT_EQ(out.failure().value(), ENOSPC);
  ::close(full);
}

}  // namespace
}  // namespace ephemint::cli
