#include "log_line.hpp"

#include <gtest/gtest.h>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;

const auto moment = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 3h + 4min + 5s + 6ms + 789us;

std::string line_of(const log_entry& entry, account_logging how = account_logging::plain) {
  return log_line(entry, "backend", moment, 12ms, how);
}

// behaviours: G22
TEST(LogLine, login_is_told_with_all_that_is_known) {
  log_entry login;
  login.route = "tokens";
  login.status = 200;
  login.who = "shop";
  login.account = "se-1";
  login.request_id = "id-7";
  login.remaining = 9'930ms;
  EXPECT_EQ(
      line_of(login),
      R"({"time":"2026-01-02T03:04:05.006Z","listener":"backend","route":"tokens","status":200,"ms":12,)"
      R"("who":"shop","account":"se-1","request_id":"id-7","remaining_ms":9930})");
}

TEST(LogLine, refusal_is_told_with_its_reason) {
  log_entry refused;
  refused.status = 401;
  refused.code = "bearer_required";
  refused.why = "no bearer token";
  EXPECT_EQ(line_of(refused),
            R"({"time":"2026-01-02T03:04:05.006Z","listener":"backend","route":"none","status":401,"ms":12,)"
            R"("code":"bearer_required","why":"no bearer token"})");
}

// behaviours: G22
TEST(LogLine, account_is_shown_as_was_asked_for) {
  log_entry login;
  login.account = "se-1";
  const struct {
    account_logging how;
    std::string_view shown;
  } table[] = {
      {account_logging::plain, R"("ms":12,"account":"se-1"})"},
      {account_logging::hash, R"("ms":12,"account":"f21989783bc4aedf"})"},  // printf %s se-1 | sha256sum
      {account_logging::none, R"("ms":12})"},
  };
  for (const auto& each : table) EXPECT_TRUE(line_of(login, each.how).ends_with(each.shown)) << each.shown;
  EXPECT_TRUE(line_of({}, account_logging::hash).ends_with(R"("ms":12})")) << "nobody has no hash";
}

// behaviours: G22
TEST(LogLine, hostile_text_stays_one_line_of_json) {
  const struct {
    std::string_view text, json;
  } table[] = {
      {"a\"b\\c", R"(a\"b\\c)"},
      {"\n\r\t", R"(\u000a\u000d\u0009)"},
      {std::string_view{"\0\x1b[2J\x7f", 6}, R"(\u0000\u001b[2J\u007f)"},
      {"\xc3\xa9", "\xc3\xa9"},
      {"a\xff\xc3", "a\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& [text, json] : table) {
    log_entry entry;
    entry.who = text;
    entry.why = text;
    entry.account = text;
    entry.request_id = text;
    const std::string shown{json};
    EXPECT_TRUE(line_of(entry).ends_with(R"("who":")" + shown + R"(","why":")" + shown + R"(","account":")" +
                                         shown + R"(","request_id":")" + shown + "\"}"))
        << line_of(entry);
  }
}

}  // namespace
}  // namespace ephemint::gateway
