#include "support/cli_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <regex>
#include <set>
#include <string>
#include <thread>

#include <sys/wait.h>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::EndsWith;
using testing::HasSubstr;

std::string numbered(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "se-" + std::to_string(i) + '\n';
  return lines;
}

class cli_stream : public cli_test {
 protected:
  std::vector<std::string> from_stdin(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"--accounts", "-", "--rate", "unlimited"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return mint_command(std::move(arguments));
  }
};

TEST_F(cli_stream, many_accounts_from_a_pipe_lose_none) {
  const int count = 5000;
  const outcome all = run_command(from_stdin(), environment(), numbered(count));
  EXPECT_EQ(all.status, 0) << all.err;
  std::set<std::string> accounts;
  for (const std::string& line : lines_of(all.out)) {
    EXPECT_THAT(line, HasSubstr("\"ok\":true"));
    accounts.insert(line.substr(0, line.find(',')));
  }
  EXPECT_EQ(accounts.size(), std::size_t(count));
  EXPECT_EQ(lines_of(all.out).size(), std::size_t(count));
}

TEST_F(cli_stream, result_comes_while_the_pipe_stays_open) {
  command running{from_stdin(), environment()};
  for (const std::string account : {"se-1", "se-2", "se-3"}) {
    running.write(account + "\n");
    const auto begin = steady_clock::now();
    const auto line = running.read_line();
    ASSERT_TRUE(line);
    EXPECT_THAT(*line, HasSubstr("\"account\":\"" + account + "\",\"ok\":true"));
    EXPECT_LT(steady_clock::now() - begin, 3s) << "tokens live 10 s";
  }
  EXPECT_EQ(running.wait().status, 0);
}

TEST_F(cli_stream, slow_pipe_holds_up_nobody) {
  api.add_fault(sandbox::parse_fault("account=se-1,delay=300ms"));
  command running{from_stdin(), environment()};
  running.write("se-1\nse-2\nse-");  // the third one's end is to come
  EXPECT_THAT(running.read_line().value_or(""), HasSubstr("se-2"));
  EXPECT_THAT(running.read_line().value_or(""), HasSubstr("se-1"));
  running.write("3");
  const outcome all = running.wait();
  EXPECT_THAT(all.out, HasSubstr("se-3"));
  EXPECT_EQ(all.status, 0);
}

TEST_F(cli_stream, reader_that_leaves_ends_it_quietly) {
  command running{from_stdin(), environment()};
  running.write(numbered(1000));
  ASSERT_TRUE(running.read_line());
  running.close_output();
  const outcome all = running.wait(numbered(2000));
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(all.err, "");
  EXPECT_LT(api.stats().minted, 3000u);
}

TEST_F(cli_stream, reader_that_left_is_noticed_while_it_waits_for_the_quota) {
  command running{mint_command({"--rate", "1/1min", "se-1", "se-2"}), environment()};
  running.close_output();
  const auto begin = steady_clock::now();
  EXPECT_EQ(running.wait().status, 1);
  EXPECT_LT(steady_clock::now() - begin, 20s);
}

TEST_F(cli_stream, reader_that_sleeps_stops_the_minting) {
  command running{from_stdin({"--in-flight", "8"}), environment()};
  std::thread feeder{[&] { running.write(numbered(3000)); }};
  // Once the pipes are full nothing moves any more.
  std::uint64_t before = 0, now = 1;
  for (int i = 0; i < 100 && (now != before || now == 0); ++i) {
    before = now;
    std::this_thread::sleep_for(500ms);
    now = api.stats().minted;
  }
  EXPECT_GT(now, 0u);
  EXPECT_LT(now, 1500u) << "minted for nobody";
  int read = 0;
  while (read < 3000 && running.read_line()) ++read;
  feeder.join();
  EXPECT_EQ(read, 3000);
  EXPECT_EQ(running.wait().status, 0);
}

TEST_F(cli_stream, interrupt_ends_the_wait_for_the_quota_and_loses_no_account) {
  command running{mint_command({"--rate", "2/1min", "se-1", "se-2", "se-3", "se-4"}), environment()};
  ASSERT_TRUE(running.read_line());
  ASSERT_TRUE(running.read_line());
  const auto begin = steady_clock::now();
  running.signal(SIGINT);
  const outcome all = running.wait();
  EXPECT_LT(steady_clock::now() - begin, 15s);
  EXPECT_EQ(all.status, 128 + SIGINT);
  EXPECT_EQ(all.err, "ephemint: interrupted; 2 accounts were not tried\n");
  EXPECT_EQ(count_of("\"ok\":false", all.out), 2u) << all.out;
  expect_no_secret(all.err);
}

TEST_F(cli_stream, termination_takes_no_more_accounts_and_keeps_what_is_under_way) {
  api.add_fault(sandbox::parse_fault("delay=700ms"));
  command running{from_stdin(), environment()};
  running.write("se-1\n");
  for (int i = 0; i < 200 && api.stats().connections_opened == 0; ++i) std::this_thread::sleep_for(10ms);
  std::this_thread::sleep_for(200ms);  // now it is on the wire
  running.signal(SIGTERM);
  std::this_thread::sleep_for(200ms);  // what it had read before the signal it might take
  const outcome all = running.wait("se-2\n");
  EXPECT_EQ(all.status, 128 + SIGTERM);
  EXPECT_EQ(all.err, "ephemint: interrupted; at least 0 accounts were not tried\n");
  EXPECT_THAT(all.out, HasSubstr("\"account\":\"se-1\",\"ok\":true"));
  EXPECT_EQ(all.out.find("se-2"), all.out.npos);
}

TEST_F(cli_stream, interrupt_counts_what_a_file_still_held) {
  const temporary_file accounts{numbered(1000)};
  command running{mint_command({"--accounts", accounts.path(), "--rate", "10/1h"}), environment()};
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(running.read_line());
  running.signal(SIGTERM);
  const outcome all = running.wait();
  EXPECT_EQ(all.status, 128 + SIGTERM);
  const std::size_t minted = 9 + count_of("\"ok\":true", all.out);
  EXPECT_EQ(all.err,
            "ephemint: interrupted; " + std::to_string(1000 - minted) + " accounts were not tried\n");
}

TEST_F(cli_stream, interrupt_waits_for_a_stalled_server_no_longer_than_a_person_would) {
  api.add_fault(sandbox::parse_fault("stall"));
  command running{mint_command({"se-1", "--attempt-timeout", "1h"}), environment()};
  for (int i = 0; i < 200 && api.stats().requests == 0; ++i) std::this_thread::sleep_for(10ms);
  running.signal(SIGINT);
  const auto begin = steady_clock::now();
  const outcome all = running.wait();
  EXPECT_LT(steady_clock::now() - begin, 30s) << "2 s, and room for a busy machine";
  EXPECT_EQ(all.status, 128 + SIGINT);
  EXPECT_THAT(all.out, HasSubstr("\"account\":\"se-1\",\"ok\":false,\"error\":\"closed\""));
}

TEST_F(cli_stream, interrupt_ends_although_nobody_reads) {
  command running{from_stdin(), environment()};
  running.write(numbered(100));
  for (int i = 0; i < 2000 && api.stats().minted < 32; ++i) std::this_thread::sleep_for(10ms);
  running.signal(SIGINT);
  while (::waitid(P_PID, static_cast<id_t>(running.process()), nullptr, WEXITED | WNOWAIT) != 0) {
  }
  const outcome all = running.wait();
  EXPECT_EQ(all.status, 128 + SIGINT);
  EXPECT_EQ(lines_of(all.out).size(), 1u) << "one whole line was there to be read";
  EXPECT_THAT(all.out, EndsWith("}\n"));
}

TEST_F(cli_stream, terminal_that_accounts_are_awaited_from_is_told_so) {
  if (!can_be_had(channel::terminal)) GTEST_SKIP() << "no terminals here: /dev/pts isn't mounted";
  const std::string line =
      std::string{"exec "} + EPHEMINT_COMMAND + " mint - <&1 --ca-file " + authority.path();
  command running{{"/bin/sh", "-c", line}, environment(), channel::terminal};
  EXPECT_EQ(running.read_error_line(), "reading accounts from this terminal, one a line; Ctrl-D ends them");
  running.signal(SIGTERM);
  EXPECT_EQ(running.wait().status, 128 + SIGTERM);
}

TEST_F(cli_stream, line_on_a_terminal_says_how_the_quota_stands) {
  if (!can_be_had(channel::terminal)) GTEST_SKIP() << "no terminals here: /dev/pts isn't mounted";
  api.add_fault(sandbox::parse_fault("delay=300ms"));
  const temporary_file accounts{numbered(6)};
  const std::string line = std::string{"exec "} + EPHEMINT_COMMAND + " mint --rate 10/60s --in-flight 2" +
                           " --accounts " + accounts.path() + " --ca-file " + authority.path() + " 2>&1";
  auto variables = environment();
  variables["TERM"] = "xterm";
  command running{{"/bin/sh", "-c", line}, variables, channel::terminal};
  const outcome all = running.wait();
  EXPECT_EQ(all.status, 0);
  EXPECT_TRUE(std::regex_search(all.out, std::regex{"quota used [1-6]/10  HTTP/(2|1\\.1)"})) << all.out;
}

TEST_F(cli_stream, second_signal_kills) {
  api.add_fault(sandbox::parse_fault("stall"));
  command running{mint_command({"se-1", "--attempt-timeout", "1min"}), environment()};
  for (int i = 0; i < 200 && api.stats().connections_opened == 0; ++i) std::this_thread::sleep_for(10ms);
  std::this_thread::sleep_for(200ms);
  running.signal(SIGINT);
  std::this_thread::sleep_for(500ms);
  running.signal(SIGINT);
  EXPECT_EQ(running.wait().status, 128 + SIGINT);
}

TEST_F(cli_stream, full_disk_and_closed_stdout_are_told) {
  const std::string line = std::string{EPHEMINT_COMMAND} + " mint se-1 --ca-file " + authority.path();
  const struct {
    const char *to, *told;
  } cases[] = {{" >/dev/full", "can't write to stdout: No space left on device"},
               {" >&-", "can't write to stdout: Bad file descriptor"}};
  for (const auto& c : cases) {
    const outcome all = run_command({"/bin/sh", "-c", "exec " + line + c.to}, environment());
    EXPECT_EQ(all.status, 1);
    EXPECT_THAT(all.err, HasSubstr(c.told));
    expect_no_secret(all.err);
  }
}

TEST_F(cli_stream, regular_files_on_both_sides) {
  const temporary_file accounts{numbered(200)}, results;
  const std::string line = std::string{EPHEMINT_COMMAND} + " mint --rate unlimited --accounts - --ca-file " +
                           authority.path() + " <" + accounts.path() + " >" + results.path() + " && wc -l <" +
                           results.path();
  EXPECT_EQ(run_command({"/bin/sh", "-c", line}, environment()).out, "200\n");
}

}  // namespace
}  // namespace ephemint::test
