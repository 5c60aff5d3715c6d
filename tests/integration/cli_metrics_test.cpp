#include "support/cli_fixture.hpp"
#include "support/metrics_text.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

// behaviours: O3, O6

namespace ephemint::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* minted = "ephemint_mints_total{urgency=\"interactive\",result=\"minted\"}";

class cli_metrics : public cli_test {
 protected:
  ~cli_metrics() override { std::filesystem::remove(file); }

  std::string text() const {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  const temporary_file name;
  const std::string file = name.path() + ".prom";
};

TEST_F(cli_metrics, file_tells_at_the_end_what_the_batch_did) {
  const outcome all = mint({"se-1", "se-2", "se-3", "--rate", "20/60s", "--metrics-file", file});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  const metrics_text seen{text()};
  EXPECT_THAT(seen.wrong, IsEmpty());
  EXPECT_EQ(seen[minted], 3);
  EXPECT_EQ(seen["ephemint_quota_requests"], 20);
  EXPECT_EQ(seen["ephemint_quota_used"], 3);
  expect_no_secret(text());
}

TEST_F(cli_metrics, file_is_there_while_the_batch_runs) {
  command running{mint_command({"--accounts", "-", "--metrics-file", file}), environment()};
  running.write("se-1\n");
  ASSERT_TRUE(running.read_line());
  EXPECT_THAT(metrics_text{text()}.wrong, IsEmpty());
  EXPECT_EQ(running.wait().status, 0);
  EXPECT_EQ(metrics_text{text()}[minted], 1);
}

TEST_F(cli_metrics, file_is_written_at_the_end_of_an_interrupted_batch) {
  command running{mint_command({"--rate", "1/1h", "se-1", "se-2", "--metrics-file", file}), environment()};
  ASSERT_TRUE(running.read_line());
  running.signal(SIGINT);
  EXPECT_EQ(running.wait().status, 128 + SIGINT);
  EXPECT_EQ(metrics_text{text()}[minted], 1);
}

TEST_F(cli_metrics, file_that_cannot_be_written_is_said_once_and_costs_nothing) {
  const outcome all = mint({"se-1", "--metrics-file", "/does/not/exist/batch.prom"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(lines_of(all.out).size(), 1u);
  EXPECT_EQ(all.err,
            "ephemint: --metrics-file: \"/does/not/exist/batch.prom\" can't be written (No such file or "
            "directory); going on without it\n");
  EXPECT_EQ(mint({"se-1", "--metrics-file", ""}).status, 2);
}

}  // namespace
}  // namespace ephemint::test
