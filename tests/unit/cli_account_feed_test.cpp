#include "account_feed.hpp"
#include "support/temporary_file.hpp"
#include "usage_error.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

using test::temporary_file;
using accounts = std::vector<std::string>;

std::string complaint(const std::string& path) {
  try {
    open_accounts(path);
  } catch (const usage_error& wrong) {
    return wrong.what();
  }
  return {};
}

TEST(cli_account_feed, files_that_cant_be_read_are_named) {
  const std::string right = "; give a file with one account a line, or - for stdin";
  EXPECT_EQ(complaint("/nowhere/a.txt"),
            "--accounts: can't read \"/nowhere/a.txt\": No such file or directory" + right);
  EXPECT_EQ(complaint("/tmp"), "--accounts: can't read \"/tmp\": is a directory" + right);
}

TEST(cli_account_feed, total_counts_arguments_and_lines_and_takes_none) {
  boost::asio::io_context context;
  const temporary_file file{"se-1\n\nse-2\r\nbad one\nse-4"};
  const account_feed feed{context.get_executor(), {"se-8", "se-9"}, open_accounts(file.path())};
  EXPECT_EQ(feed.left(), 6u);
  EXPECT_EQ(feed.left(), 6u);
  const account_feed arguments_only{context.get_executor(), {"se-8", "se-9"}, std::nullopt};
  EXPECT_EQ(arguments_only.left(), 2u);
}

TEST(cli_account_feed, rest_that_is_too_long_to_count_is_not_known) {
  boost::asio::io_context context;
  const temporary_file file{"se-1\nse-2\n"};
  const account_feed feed{context.get_executor(), {}, open_accounts(file.path())};
  EXPECT_EQ(feed.left(10), 2u);
  EXPECT_EQ(feed.left(9), std::nullopt);
}

/// A pipe with our end for writing, and a feed on the other.
struct piped {
  piped() {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error{"no pipe"};
    write_end = ends[1];
    read_end = ends[0];
    feed = std::make_unique<account_feed>(context.get_executor(), accounts{"se-0"},
                                          account_file{"a pipe", owned_descriptor{ends[0]}});
  }
  ~piped() {
    if (write_end != -1) ::close(write_end);
  }
  void write(std::string_view text) {
    ASSERT_EQ(::write(write_end, text.data(), text.size()), ssize_t(text.size()));
  }
  void end() { ::close(std::exchange(write_end, -1)); }

  boost::asio::io_context context;
  int write_end = -1;
  int read_end = -1;
  std::unique_ptr<account_feed> feed;
};

TEST(cli_account_feed, total_of_a_pipe_is_not_known) { EXPECT_EQ(piped{}.feed->left(), std::nullopt); }

TEST(cli_account_feed, pipe_is_non_blocking_only_while_it_is_read) {
  piped p;
  const int kept = ::dup(p.read_end);
  EXPECT_NE(::fcntl(kept, F_GETFL) & O_NONBLOCK, 0);
  p.feed.reset();
  EXPECT_EQ(::fcntl(kept, F_GETFL) & O_NONBLOCK, 0);
  ::close(kept);
}

}  // namespace
}  // namespace ephemint::cli
