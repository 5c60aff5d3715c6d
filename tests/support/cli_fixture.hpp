#pragma once

#include "support/command.hpp"
#include "support/temporary_file.hpp"

#include <ephemint/sandbox/server.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::test {

/// Runs `ephemint mint`, the built program, against a sandbox in this process.
class cli_test : public testing::Test {
 protected:
  explicit cli_test(sandbox::server_options options = {}) : api{std::move(options)} {
    api.write_ca_file(authority.path());
  }

  /// After each test: no secret on stderr, whatever happened. (behaviours: I5)
  void expect_no_secret(std::string_view talked) const {
    EXPECT_EQ(talked.find(api.api_key()), talked.npos) << talked;
    EXPECT_EQ(talked.find("eyJ"), talked.npos) << "a token's beginning: " << talked;
  }

  std::map<std::string, std::string> environment() const {
    return {{"EPHEMINT_API_KEY", api.api_key()}, {"EPHEMINT_BASE_URL", api.base_url()}};
  }

  std::vector<std::string> mint_command(std::vector<std::string> arguments) const {
    std::vector<std::string> all{EPHEMINT_COMMAND, "mint", "--ca-file", authority.path()};
    std::move(arguments.begin(), arguments.end(), std::back_inserter(all));
    return all;
  }

  outcome mint(std::vector<std::string> arguments, std::string_view input = {}) const {
    outcome all = run_command(mint_command(std::move(arguments)), environment(), input);
    expect_no_secret(all.err);
    return all;
  }

  temporary_file authority;
  sandbox::server api;
};

/// How often `part` stands in `text`.
inline std::size_t count_of(std::string_view part, std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace ephemint::test
