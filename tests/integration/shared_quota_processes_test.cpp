#include "quota/shared_checks.hpp"
#include "support/command.hpp"
#include "support/redis_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

// Several of the command's processes, a store, and the sandbox: in short what bench_shared_quota_live does at
// length. Times depend on the machine, and aren't checked here.
namespace ephemint::bench {
namespace {

std::string letters_of(const std::string& name) {
  std::string letters;
  for (const char c : name) letters += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return letters;
}

bool command_knows_a_store() {
  const auto help = test::command{{EPHEMINT_COMMAND, "mint", "--help"}}.wait();
  return help.out.find("--quota-store") != std::string::npos;
}

class shared_quota_processes : public testing::TestWithParam<live_check> {
 protected:
  void SetUp() override {
    EPHEMINT_SKIP_WITHOUT_REDIS();
    if (!command_knows_a_store()) GTEST_SKIP() << "the command was built without --quota-store";
  }
};

TEST_P(shared_quota_processes, keep_to_it) {
  const live_row row = perform(EPHEMINT_COMMAND, GetParam());
  for (const live_figure& f : row.figures) {
    if (f.timed) continue;
    EXPECT_TRUE(f.met()) << f.name << ": " << f.value << " instead of " << f.least << " to " << f.most;
  }
  if (HasFailure()) {
    for (const std::string& line : row.said) ADD_FAILURE() << line;
  }
}

INSTANTIATE_TEST_SUITE_P(live, shared_quota_processes, testing::ValuesIn(live_checks(short_sizes())),
                         [](const auto& check) { return letters_of(check.param.name); });

}  // namespace
}  // namespace ephemint::bench
