#include "output.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

result_line line_of(const std::string& text) {
  result_line line;
  line.text = text;
  return line;
}

/// An output into a pipe that holds one page, or into another descriptor.
class cli_output : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    use(ends);
    ASSERT_GT(::fcntl(writer, F_SETPIPE_SZ, 4096), 0);
  }
  void TearDown() override {
    ::close(writer);
    if (reader != -1) ::close(reader);
  }

  void use(const int (&ends)[2]) {
    reader = ends[0];
    writer = ends[1];
    ::fcntl(reader, F_SETFL, O_NONBLOCK);
  }
  /// TCP over loopback, which doesn't show what its reader hasn't taken yet.
  void use_tcp() {
    TearDown();
    boost::asio::ip::tcp::acceptor listener{context, {boost::asio::ip::address_v4::loopback(), 0}};
    boost::asio::ip::tcp::socket from{context};
    from.connect(listener.local_endpoint());
    from.set_option(boost::asio::socket_base::send_buffer_size{4096});
    boost::asio::ip::tcp::socket to = listener.accept();
    use({to.release(), from.release()});
  }

  std::string read() {
    std::string text(1'000'000, '\0');
    const ssize_t size = ::read(reader, text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  void close_reader() { ::close(std::exchange(reader, -1)); }
  /// Runs all handlers that are ready, or become ready within the time that lines may wait.
  void run() {
    context.restart();
    context.run_for(50ms);
  }
  /// Runs until `done`, and reads the output meanwhile.
  std::string read_until(const bool& done) {
    std::string got;
    for (int i = 0; i < 5000 && !done; ++i) {
      context.restart();
      context.run_for(1ms);
      got += read();
    }
    return got + read();
  }
  bool& await(boost::asio::awaitable<void> what) {
    boost::asio::co_spawn(context, std::move(what), [this](std::exception_ptr) { done = true; });
    return done;
  }

  boost::asio::io_context context;
  int reader = -1, writer = -1;
  bool done = false;
};

TEST_F(cli_output, file_gathers_lines_for_a_moment_and_they_come_by_themselves) {
  use_tcp();
  output out{context.get_executor(), writer};
  int writes = 0;
  out.before_write = [&] { ++writes; };
  out.add(line_of("a\n"));
  EXPECT_TRUE(out.ready());
  out.add(line_of("b\n"));
  EXPECT_EQ(read(), "");
  run();
  EXPECT_EQ(read(), "a\nb\n");
  EXPECT_EQ(writes, 1);
}

TEST_F(cli_output, pipe_gets_a_line_when_its_reader_has_taken_the_one_before) {  // behaviours: D1
  output out{context.get_executor(), writer};
  EXPECT_TRUE(out.ready());
  out.add(line_of("a\n"));
  EXPECT_FALSE(out.ready());
  const bool& ready = await(out.until_ready());
  run();
  EXPECT_FALSE(ready);
  EXPECT_EQ(read(), "a\n");
  EXPECT_TRUE(out.ready());
  EXPECT_EQ(read_until(ready), "");
  EXPECT_TRUE(ready);
}

TEST_F(cli_output, unix_socket_gets_a_line_when_its_reader_has_taken_the_one_before) {  // behaviours: D1
  TearDown();
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  use(ends);
  output out{context.get_executor(), writer};
  EXPECT_TRUE(out.ready());
  out.add(line_of("a\n"));
  EXPECT_FALSE(out.ready());
  EXPECT_EQ(read(), "a\n");
  EXPECT_TRUE(out.ready());
}

TEST_F(cli_output, reader_that_takes_half_a_line_has_not_taken_it) {
  output out{context.get_executor(), writer};
  out.add(line_of("whole\n"));
  char half[3];
  ASSERT_EQ(::read(reader, half, 3), 3);
  EXPECT_FALSE(out.ready());
}

TEST_F(cli_output, reader_closed_while_it_is_waited_for_ends_the_wait) {
  output out{context.get_executor(), writer};
  int failures = 0;
  out.on_failure = [&] { ++failures; };
  out.add(line_of("a\n"));
  const bool& ended = await(out.until_ready());
  run();
  EXPECT_FALSE(ended);
  close_reader();
  read_until(ended);
  EXPECT_TRUE(ended);
  EXPECT_EQ(out.failure().value(), EPIPE);
  EXPECT_EQ(failures, 1);
}

TEST_F(cli_output, reader_that_takes_nothing_for_long_is_told_of_once) {
  output out{context.get_executor(), writer};
  clock::time_point now{};
  int told = 0;
  out.now = [&] { return moment{now, {}}; };
  out.on_long_wait = [&] { ++told; };
  out.add(line_of("a\n"));
  const bool& ready = await(out.until_ready());
  run();
  EXPECT_EQ(told, 0);
  now += 10s;
  run();
  now += 1h;
  context.run_for(250ms);  // it checks rarely now
  EXPECT_EQ(told, 1);
  read();
  read_until(ready);
  EXPECT_TRUE(ready);
}

TEST_F(cli_output, looks_at_a_reader_get_rarer) {
  EXPECT_EQ(until_next_look(0us), 30us);
  EXPECT_EQ(until_next_look(800us), 100us);
  EXPECT_EQ(until_next_look(300ms), 37500us);
  EXPECT_EQ(until_next_look(4s), 100ms);
  EXPECT_EQ(until_next_look(1h), 100ms);
  int looks = 0;
  for (std::chrono::microseconds waited{0}; waited < 4s; waited += until_next_look(waited)) ++looks;
  EXPECT_LT(looks, 120);
}

TEST_F(cli_output, full_pipe_stalls_and_nothing_is_lost) {
  output out{context.get_executor(), writer};
  const std::string text = std::string(100'000, 'x') + '\n';
  out.add(line_of(text));
  EXPECT_FALSE(out.ready());
  EXPECT_EQ(read_until(await(out.until_written())), text);
  EXPECT_TRUE(done);
}

/// A line with the remaining time as text, of a token that dies ten seconds after the clock's zero.
result_line timed(std::size_t size = 0) {
  result_line line = line_of(std::string(size, 'x') + '\n');
  line.form = time_form::words;
  line.expires_at = clock::time_point{10s};
  return line;
}

TEST_F(cli_output, lines_that_had_to_wait_for_room_tell_the_time_at_which_they_leave) {  // behaviours: D3
  use_tcp();
  output out{context.get_executor(), writer};
  clock::time_point now{};
  out.now = [&] { return moment{now, {}}; };
  const int count = 20'000;  // more than loopback's buffers hold
  int added = 0;
  while (added < count && out.ready()) {
    for (int i = 0; i < 100; ++i, ++added) out.add(timed(1000));
    run();
  }
  ASSERT_LT(added, count);
  now += 4s;
  const std::string got = read_until(await(out.until_written()));
  EXPECT_EQ(std::count(got.begin(), got.end(), '\n'), added);
  EXPECT_TRUE(got.starts_with("10.0 s left"));
  const auto late = got.find(" 6.0 s left");
  ASSERT_NE(late, got.npos);
  EXPECT_EQ(got.find("10.0 s left", late), got.npos);
  EXPECT_EQ(got.find(" 6.0 s left", got.size() - 1100) != got.npos, true) << "the last one, too";
}

TEST_F(cli_output, process_that_was_stopped_between_clock_and_write_tells_no_lie) {  // behaviours: D3
  output out{context.get_executor(), writer};
  int asked = 0;
  // Added and begun at 0 s, and stopped for 7 s before the line is done.
  out.now = [&] { return moment{clock::time_point{asked++ < 2 ? 0s : 7s}, {}}; };
  out.add(timed());
  EXPECT_EQ(read(), " 3.0 s left\n");
}

TEST_F(cli_output, closed_reader_is_a_failure_told_once) {
  output out{context.get_executor(), writer};
  int failures = 0;
  out.on_failure = [&] { ++failures; };
  close_reader();
  out.add(line_of("a\n"));
  run();
  EXPECT_EQ(out.failure().value(), EPIPE);
  out.add(line_of("b\n"));
  run();
  EXPECT_EQ(failures, 1);
  EXPECT_FALSE(out.ready());
}

TEST_F(cli_output, reader_closed_while_it_stalls_ends_the_wait) {
  output out{context.get_executor(), writer};
  out.add(line_of(std::string(100'000, 'x')));
  const bool& ended = await(out.until_written());
  run();
  EXPECT_FALSE(ended);
  close_reader();
  run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(out.failure().value(), EPIPE);
}

TEST_F(cli_output, giving_up_ends_the_wait) {
  output out{context.get_executor(), writer};
  out.add(line_of(std::string(100'000, 'x')));
  const bool& ended = await(out.until_ready());
  run();
  out.give_up();
  run();
  EXPECT_TRUE(ended);
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
  out.add(line_of("a\n"));
  run();
  EXPECT_EQ(out.failure().value(), ENOSPC);
  ::close(full);
}

}  // namespace
}  // namespace ephemint::cli
