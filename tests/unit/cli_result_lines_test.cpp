#include "result_lines.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

constexpr clock::time_point sent_at{1h};
constexpr std::chrono::sys_days day{std::chrono::year{2026} / 11 / 26};
constexpr std::chrono::sys_time<std::chrono::microseconds> noon{day + 12h};
constexpr std::string_view portal = "https://dashboard.shipengine.com/api/directlogin?token=ey.J-1_x";

account_result minted() { return {"se-1", ephemeral_token{"ey.J-1_x", portal, sent_at}, 41999us, 1}; }

account_result failed(mint_errc code, mint_error::details what = {}) {
  return {"se-2", mint_error{code, std::move(what)}, 812ms, what.attempts};
}

struct written {
  std::string out, talk;
  std::optional<mint_errc> failure;
};

written write(const account_result& one, result_format format, login_options login = {}, bool several = false,
              bool token_only = false) {
  written w;
  result_line line;
  if (const auto error = result_lines{format, login, several, token_only}.write(one, line, w.talk))
    w.failure = error->value();
  stamp(line, {sent_at + 69500us, noon + 500us}, w.out);
  return w;
}

TEST(cli_result_lines, json_of_a_success_is_the_contracts) {
  const written w = write(minted(), result_format::json);
  EXPECT_EQ(w.out,
            R"({"account":"se-1","ok":true,"token":"ey.J-1_x",)"
            R"("redirect_url":"https://dashboard.shipengine.com/api/directlogin?token=ey.J-1_x",)"
            R"("login_url":"https://dashboard.shipengine.com/api/directlogin?token=ey.J-1_x",)"
            R"("remaining_ms":9930,"expires_at":"2026-11-26T12:00:09.930Z","attempts":1,"latency_ms":41})"
            "\n");
  EXPECT_EQ(w.failure, std::nullopt);
  EXPECT_EQ(w.talk, "");
}

TEST(cli_result_lines, token_alone_has_no_url) {
  for (const std::string_view came : {std::string_view{}, portal}) {
    const account_result one{"se-1", ephemeral_token{"ey.J-1_x", came, sent_at}, 41999us, 1};
    const auto line = [&](result_format format) {
      const written w = write(one, format, {}, false, true);
      EXPECT_EQ(w.failure, std::nullopt);
      EXPECT_EQ(w.talk, "");
      return w.out;
    };
    EXPECT_EQ(line(result_format::json),
              R"({"account":"se-1","ok":true,"token":"ey.J-1_x",)"
              R"("remaining_ms":9930,"expires_at":"2026-11-26T12:00:09.930Z","attempts":1,"latency_ms":41})"
              "\n");
    EXPECT_EQ(line(result_format::text), "se-1                      9.9 s left  ey.J-1_x\n");
  }
}

TEST(cli_result_lines, login_url_has_page_and_theme) {
  const login_options login{.theme_id = "123e4567-e89b-12d3-a456-426614174000",
                            .redirect_to = portal_page::billing};
  const std::string url = write(minted(), result_format::url, login).out;
  EXPECT_TRUE(url.starts_with(portal)) << url;
  EXPECT_NE(url.find("&redirect_to=billing"), url.npos) << url;
  EXPECT_NE(url.find("&theme_id=123e4567-e89b-12d3-a456-426614174000"), url.npos) << url;
  EXPECT_NE(write(minted(), result_format::json, login).out.find(url.substr(0, url.size() - 1)), url.npos);
}

TEST(cli_result_lines, json_of_a_failure_is_the_contracts) {
  mint_error::details what;
  what.message = "try \"later\"";
  what.http_status = 429;
  what.request_id = "7b80b28f";
  what.retry_after = 11999500us;
  what.attempts = 3;
  what.api_errors.push_back({api_error_source::shipengine, api_error_type::system,
                             api_error_code::rate_limit_exceeded, "slow down", "", "", ""});
  what.api_errors.push_back({{api_error_source::other, "moon"}, {}, {}, "", "", "", ""});
  const account_result one{"se-2", mint_error{mint_errc::rate_limited, what}, 812ms, 3};
  const written w = write(one, result_format::json);
  EXPECT_EQ(
      w.out,
      R"({"account":"se-2","ok":false,"error":"rate_limited","message":"try \"later\"","http_status":429,)"
      R"("request_id":"7b80b28f","retry_after_ms":12000,"attempts":3,"latency_ms":812,"api_errors":[)"
      R"({"error_source":"shipengine","error_type":"system","error_code":"rate_limit_exceeded",)"
      R"("message":"slow down"},{"error_source":"moon"}]})"
      "\n");
  EXPECT_EQ(w.failure, mint_errc::rate_limited);
}

TEST(cli_result_lines, absent_facts_are_left_out) {
  const account_result one{"se-2", mint_error{mint_errc::invalid_request, {.message = "no"}}, 0ms, 0};
  EXPECT_EQ(
      write(one, result_format::json).out,
      R"({"account":"se-2","ok":false,"error":"invalid_request","message":"no","attempts":0,"latency_ms":0})"
      "\n");
}

TEST(cli_result_lines, api_error_without_any_text_is_an_empty_object) {
  const account_result one{
      "se-2", mint_error{mint_errc::rejected, {.message = "no", .api_errors = {api_error{}}}}, 0ms, 1};
  EXPECT_NE(write(one, result_format::json).out.find(R"("api_errors":[{}]})"), std::string::npos);
}

TEST(cli_result_lines, every_account_makes_one_line_of_valid_json) {
  const account_result one{std::string_view{"se\0\n\x1b\xff", 6}, mint_error{mint_errc::invalid_request}, 0ms,
                           0};
  const std::string line = write(one, result_format::json).out;
  EXPECT_TRUE(line.starts_with("{\"account\":\"se\\u0000\\n\\u001b\xef\xbf\xbd\",\"ok\":false")) << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(cli_result_lines, text_is_for_people) {
  EXPECT_EQ(write(minted(), result_format::text).out,
            "se-1                      9.9 s left  "
            "https://dashboard.shipengine.com/api/directlogin?token=ey.J-1_x\n");
  mint_error::details what;
  what.message = "won't";
  what.http_status = 400;
  what.request_id = "7b80";
  what.api_errors.push_back({{}, {}, {}, "no such account", "", "", ""});
  const written w = write(failed(mint_errc::rejected, what), result_format::text);
  EXPECT_EQ(w.out,
            "se-2                     failed      rejected: won't (HTTP 400, request 7b80; the API says: no "
            "such account)\n");
  EXPECT_EQ(w.talk, "");
}

TEST(cli_result_lines, url_of_one_of_several_says_whose_it_is) {
  EXPECT_EQ(write(minted(), result_format::url, {}, true).out, "se-1\t" + std::string{portal} + '\n');
}

TEST(cli_result_lines, failure_speaks_of_the_commands_options) {
  const mint_error error{mint_errc::tls_failed, {.message = "add the root to authority_file"}};
  for (const result_format format : {result_format::json, result_format::text})
    EXPECT_NE(write({"se-2", error, 0ms, 1}, format).out.find("add the root to --ca-file"),
              std::string::npos);
}

TEST(cli_result_lines, url_talks_of_failures_elsewhere) {
  EXPECT_EQ(write(minted(), result_format::url).out, std::string{portal} + '\n');
  const written w = write(failed(mint_errc::timed_out, {.message = "late"}), result_format::url);
  EXPECT_EQ(w.out, "");
  EXPECT_EQ(w.talk, "se-2                     failed      timed_out: late\n");
}

TEST(cli_result_lines, token_whose_url_would_be_too_long_failed) {
  const std::string long_url = std::string{portal} + '&' + std::string(max_login_url_size, 'x');
  const account_result one{"se-1", ephemeral_token{"ey.J-1_x", long_url, sent_at}, 41ms, 1};
  const written w = write(one, result_format::json);
  EXPECT_EQ(w.failure, mint_errc::invalid_request);
  EXPECT_EQ(w.out.find("ey.J-1_x"), std::string::npos) << "a token outside of a success";
  EXPECT_TRUE(w.out.ends_with(R"("attempts":1,"latency_ms":41})"
                              "\n"));
}

TEST(cli_result_lines, dead_token_has_no_negative_time_and_tells_when_it_died) {
  const account_result one{"se-1", ephemeral_token{"t", "https://x/?t", sent_at - 1min}, 41ms, 1};
  EXPECT_NE(
      write(one, result_format::json).out.find(R"("remaining_ms":0,"expires_at":"2026-11-26T11:59:09.930Z")"),
      std::string::npos);
}

TEST(cli_result_lines, times_are_of_the_stamping) {  // behaviours: D3
  result_line line;
  std::string talk, out;
  result_lines{result_format::json, {}}.write(minted(), line, talk);
  const struct {
    clock::duration age;
    std::chrono::sys_time<std::chrono::microseconds> wall;
    const char* times;
  } cases[] = {
      {0ms, noon, R"("remaining_ms":10000,"expires_at":"2026-11-26T12:00:10.000Z")"},
      {1us, noon + 1us, R"("remaining_ms":9999,"expires_at":"2026-11-26T12:00:09.999Z")"},
      {4s, noon + 4s, R"("remaining_ms":6000,"expires_at":"2026-11-26T12:00:10.000Z")"},
      {4s, noon - 1h,
       R"("remaining_ms":6000,"expires_at":"2026-11-26T11:00:06.000Z")"},  // the wall's own way
      {1ms, day + 24h - 1ms, R"("remaining_ms":9999,"expires_at":"2026-11-27T00:00:09.998Z")"},
      {10s, noon, R"("remaining_ms":0,"expires_at":"2026-11-26T12:00:00.000Z")"},
  };
  for (const auto& c : cases) {
    out.clear();
    stamp(line, {sent_at + c.age, c.wall}, out);
    EXPECT_NE(out.find(c.times), out.npos) << out;
    EXPECT_TRUE(out.ends_with(",\"attempts\":1,\"latency_ms\":41}\n")) << out;
  }
}

}  // namespace
}  // namespace ephemint::cli
