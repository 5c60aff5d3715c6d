#include "support/cli_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <set>
#include <string>
#include <thread>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string numbered(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "se-" + std::to_string(i) + '\n';
  return lines;
}

std::string member(const std::string& line, std::string_view name) {
  const std::string begin = '"' + std::string{name} + "\":";
  const auto at = line.find(begin);
  if (at == line.npos) return {};
  const std::string value = line.substr(at + begin.size(), line.find_first_of(",}", at) - at - begin.size());
  return value.starts_with('"') ? value.substr(1, value.size() - 2) : value;
}

system_clock::time_point expiry_of(const std::string& line) {
  const std::string text = member(line, "expires_at");
  std::tm date{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &date);
  if (!rest || *rest != '.') return {};
  return system_clock::from_time_t(::timegm(&date)) + milliseconds{std::stoi(rest + 1)};
}

class cli_pipe : public cli_test, public testing::WithParamInterface<channel> {
 protected:
  command start(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--accounts", file.path(), "--rate", "unlimited"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return command{mint_command(std::move(arguments)), environment(), GetParam()};
  }
  /// Waits until the client has minted so many: more it doesn't mint without a reader.
  void until_minted(std::uint64_t count) {
    for (int i = 0; i < 2000 && api.stats().minted < count; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_GE(api.stats().minted, count);
  }

  static constexpr int count = 60;
  temporary_file file{numbered(count)};
};

INSTANTIATE_TEST_SUITE_P(, cli_pipe, testing::Values(channel::pipe, channel::unix_socket),
                         [](const auto& of) { return of.param == channel::pipe ? "pipe" : "unix_socket"; });

TEST_P(cli_pipe, reader_that_lags_has_one_line_waiting) {  // behaviours: D1
  command running = start({"--in-flight", "16"});
  until_minted(16);
  std::set<std::string> accounts;
  for (int i = 0; i < count; ++i) {
    const std::size_t waiting = running.unread();
    const auto line = running.read_line();
    ASSERT_TRUE(line);
    EXPECT_EQ(waiting, line->size() + 1);
    accounts.insert(member(*line, "account"));
  }
  EXPECT_EQ(accounts.size(), std::size_t{count});
  EXPECT_EQ(running.wait().status, 0);
}

TEST_P(cli_pipe, slow_reader_gets_each_token_as_fresh_as_if_it_had_asked_for_it) {  // behaviours: D1
  command running = start({"--min-remaining", "9800ms"});
  until_minted(32);
  ASSERT_TRUE(running.read_line());
  auto taken_before = system_clock::now();
  for (int i = 0; i < 8; ++i) {
    std::this_thread::sleep_for(300ms);  // what the reader does with a line
    const auto line = running.read_line();
    ASSERT_TRUE(line);
    // Written after the one before had been taken, and with 9.8 s to live then; 1 s is for a busy machine.
    EXPECT_GE(expiry_of(*line), taken_before + 8800ms) << "line " << i;
    taken_before = system_clock::now();
  }
}

TEST_P(cli_pipe, what_got_too_old_while_the_process_was_stopped_is_minted_again) {  // behaviours: D2, D3
  command running = start({"--min-remaining", "9800ms"});
  until_minted(32);
  running.signal(SIGSTOP);
  ASSERT_TRUE(running.read_line());  // from before
  std::this_thread::sleep_for(1500ms);
  const auto woken = system_clock::now();
  running.signal(SIGCONT);
  const auto line = running.read_line();
  ASSERT_TRUE(line);
  EXPECT_GE(expiry_of(*line), woken + 8800ms);
}

TEST_F(cli_test, reader_behind_tee_gets_a_line_when_it_has_taken_the_one_before) {  // behaviours: D1
  const temporary_file copy;
  std::string line = std::string{EPHEMINT_COMMAND} + " mint --rate unlimited --in-flight 16 --ca-file " +
                     authority.path() + " $(seq 40) | tee " + copy.path() + " | cat";
  command running{{"/bin/sh", "-c", line}, environment()};
  for (int i = 0; i < 2000 && api.stats().minted < 16; ++i) std::this_thread::sleep_for(10ms);
  for (int i = 0; i < 40; ++i) {
    const std::size_t waiting = running.unread();
    const auto next = running.read_line();
    ASSERT_TRUE(next);
    // One more may have been on its way between the programs when the pipes were checked.
    EXPECT_LT(waiting, 3 * next->size());
  }
  EXPECT_EQ(running.wait().status, 0);
}

TEST_P(cli_pipe, reader_that_leaves_while_it_is_waited_for_ends_it) {
  command running = start();
  ASSERT_TRUE(running.read_line());
  running.close_output();
  const outcome all = running.wait();
  EXPECT_EQ(all.status, 1);
  EXPECT_EQ(all.err, "");
}

}  // namespace
}  // namespace ephemint::test
