#include "tally.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ephemint::cli {
namespace {

mint_error error(mint_errc code, std::string message, std::string api_message = {}) {
  mint_error::details what;
  what.message = std::move(message);
  if (!api_message.empty()) what.api_errors.push_back({{}, {}, {}, std::move(api_message), "", "", ""});
  return mint_error{code, std::move(what)};
}

TEST(cli_tally, success_is_counted) {
  tally all;
  for (int i = 0; i < 1234; ++i) all.count_minted();
  EXPECT_EQ(all.summary(), "1,234 minted");
  EXPECT_EQ(all.failed(), 0u);
}

TEST(cli_tally, each_kind_of_failure_has_its_first_cause_and_the_most_frequent_comes_first) {
  tally all;
  all.count_minted();
  all.count_failed(error(mint_errc::rejected, "see its errors", "no such account"));
  all.count_failed(error(mint_errc::connect_failed, "localhost: name unknown"));
  all.count_failed(error(mint_errc::connect_failed, "another cause"));
  EXPECT_EQ(all.summary(),
            "3 of 4 failed: connect_failed 2: localhost: name unknown; rejected 1: no such account");
}

TEST(cli_tally, cause_is_one_line_of_the_commands_words_and_not_endless) {
  tally all;
  all.count_failed(error(mint_errc::rejected, "", "a\nb\x1b" + std::string(1000, 'x')));
  all.count_failed(error(mint_errc::tls_failed, "add it to authority_file"));
  const std::string text = all.summary();
  EXPECT_EQ(text.find_first_of("\n\x1b"), text.npos);
  EXPECT_NE(text.find("tls_failed 1: add it to --ca-file"), text.npos) << text;
  EXPECT_LT(text.size(), 400u);
}

}  // namespace
}  // namespace ephemint::cli
