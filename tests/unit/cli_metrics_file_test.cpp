#include "metrics_file.hpp"
#include "support/temporary_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/stat.h>

namespace ephemint::cli {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A directory of its own; tests check that it holds no other files.
class cli_metrics_file : public testing::Test {
 protected:
  cli_metrics_file() { fs::create_directory(folder); }
  ~cli_metrics_file() override { fs::remove_all(folder); }

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder}, {}));
  }

  const test::temporary_file name;
  const fs::path folder = name.path() + ".folder";
  const fs::path file = folder / "batch.prom";
};

// behaviours: O6
TEST_F(cli_metrics_file, content_is_whole_and_nothing_else_is_left) {
  EXPECT_EQ(replace_file(file, "first and longer\n"), "");
  EXPECT_EQ(replace_file(file, "second\n"), "");
  EXPECT_EQ(content_of(file), "second\n");
  EXPECT_EQ(files(), 1u);
}

TEST_F(cli_metrics_file, reader_that_has_it_open_keeps_what_it_began_with) {
  EXPECT_EQ(replace_file(file, "first\n"), "");
  std::ifstream reader{file};
  EXPECT_EQ(replace_file(file, "second\n"), "");
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>{reader}, {}}), "first\n");
}

TEST_F(cli_metrics_file, others_may_read_it_as_the_mask_allows) {
  for (const auto& [mask, mode] : {std::pair{022u, 0644u}, {077u, 0600u}, {0u, 0644u}}) {
    const mode_t before = ::umask(mask);
    EXPECT_EQ(replace_file(file, "text\n"), "");
    ::umask(before);
    EXPECT_EQ(static_cast<unsigned>(fs::status(file).permissions()), mode);
  }
}

TEST_F(cli_metrics_file, link_stays_and_its_file_is_replaced) {
  EXPECT_EQ(replace_file(file, "first\n"), "");
  const fs::path link = folder / "link.prom";
  fs::create_symlink(file, link);
  EXPECT_EQ(replace_file(link, "second\n"), "");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(content_of(file), "second\n");
}

TEST_F(cli_metrics_file, what_is_no_regular_file_stays) {
  EXPECT_EQ(replace_file("/dev/null", "text\n"), "it is no regular file");
  EXPECT_EQ(replace_file(folder, "text\n"), "it is no regular file");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(replace_file(folder / "missing" / "batch.prom", "text\n"), "No such file or directory");
  EXPECT_EQ(files(), 0u);
}

}  // namespace
}  // namespace ephemint::cli
