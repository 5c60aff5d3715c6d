#include "support/process.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>

namespace ephemint::test {
namespace {

constexpr int none = 0;  // `kill` then only checks whether it could send one

TEST(SignalProcess, numbers_that_kill_takes_for_many_processes_are_refused) {
  for (const pid_t group_of_ours : {0, -::getpgrp()}) {
    ASSERT_EQ(::kill(group_of_ours, none), 0) << group_of_ours;
    EXPECT_FALSE(signal_process(group_of_ours, none)) << group_of_ours;
  }
  EXPECT_FALSE(signal_process(-1, none));  // all others, if there are any
}

TEST(SignalProcess, one_process_is_signalled_and_one_that_has_ended_is_not) {
  EXPECT_TRUE(signal_process(::getpid(), none));
  const pid_t ended = fork_process();
  if (ended == 0) ::_exit(0);
  EXPECT_EQ(::waitpid(ended, nullptr, 0), ended);
  EXPECT_FALSE(signal_process(ended, none));
}

}  // namespace
}  // namespace ephemint::test
