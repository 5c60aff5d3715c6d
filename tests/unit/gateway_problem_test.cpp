#include "faces/problem.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;

/// The value of a field; `none` without it.
std::string field_of(const reply& of, http::field name) {
  for (const auto& [field, value] : of.headers)
    if (field == name) return value;
  return "none";
}

/// For tests that don't look at the log.
exchange unlogged() {
  static const request asked;
  static log_entry log;
  return {asked, log, {}};
}

// behaviours: G3
TEST(Problem, each_code_has_its_status) {
  const std::pair<mint_errc, unsigned> table[] = {
      {mint_errc::invalid_request, 400}, {mint_errc::unauthorized, 502}, {mint_errc::rejected, 422},
      {mint_errc::rate_limited, 503},    {mint_errc::server_error, 502}, {mint_errc::bad_response, 502},
      {mint_errc::connect_failed, 502},  {mint_errc::tls_failed, 502},   {mint_errc::timed_out, 504},
      {mint_errc::overloaded, 503},      {mint_errc::cancelled, 503},    {mint_errc::closed, 503},
  };
  for (const auto& [code, status] : table) {
    EXPECT_EQ(status_of(code), status) << to_string(code);
    const reply failed = failure_of(unlogged(), mint_error{code});
    EXPECT_EQ(failed.status, status);
    EXPECT_EQ(failed.content_type, "application/problem+json");
    EXPECT_NE(failed.body.find("guide/errors.md#" + std::string{to_string(code)} + '"'), std::string::npos);
    EXPECT_EQ(field_of(failed, http::field::retry_after), status == 503 ? "1" : "none") << to_string(code);
  }
}

// behaviours: G3
TEST(Problem, failed_mint_is_told_with_all_that_is_known) {
  const mint_error error{mint_errc::rate_limited,
                         {.message = "the quota \"is\" used up",
                          .http_status = 429,
                          .request_id = "id-7",
                          .api_errors = {{.source = api_error_source::shipengine,
                                          .type = api_error_type::system,
                                          .code = api_error_code::rate_limit_exceeded,
                                          .message = "slow down\n",
                                          .carrier_id = "",
                                          .carrier_code = "",
                                          .field_name = ""},
                                         {}},
                          .attempts = 3,
                          .retry_after = 12'000ms + 1us}};
  const request asked;
  log_entry log;
  const exchange one{asked, log, {}};
  const reply failed = failure_of(one, error);
  EXPECT_EQ(log.code, "rate_limited");
  EXPECT_EQ(log.request_id, "id-7");
  EXPECT_EQ(failed.status, 503u);
  EXPECT_EQ(field_of(failed, http::field::retry_after), "13");
  EXPECT_EQ(
      failed.body,
      R"({"type":"docs/guide/errors.md#rate_limited","title":"rate limited","status":503,)"
      R"("detail":"the quota \"is\" used up","code":"rate_limited","retry_after_ms":12001,)"
      R"("request_id":"id-7","attempts":3,"api_errors":[{"error_source":"shipengine","error_type":"system",)"
      R"("error_code":"rate_limit_exceeded","message":"slow down\u000a"},{}]})");
}

TEST(Problem, wait_is_rounded_up_and_never_nothing) {
  const struct {
    clock::duration wait;
    const char* seconds;
    const char* milliseconds;
  } table[] = {
      {0ms, "1", ":0}"},        {1ns, "1", ":1}"},        {999ms, "1", ":999}"},
      {1'000ms, "1", ":1000}"}, {1'001ms, "2", ":1001}"}, {60s, "60", ":60000}"},
  };
  for (const auto& each : table) {
    const reply refused = refusal_reply(429, "too often", each.wait);
    EXPECT_EQ(field_of(refused, http::field::retry_after), each.seconds);
    EXPECT_TRUE(refused.body.ends_with("\"retry_after_ms\"" + std::string{each.milliseconds}))
        << refused.body;
  }
}

TEST(Problem, failure_that_may_pass_says_when_even_if_it_is_no_503) {
  const reply failed = failure_of(
      unlogged(), mint_error{mint_errc::server_error, {.message = "it failed", .retry_after = 3s}});
  EXPECT_EQ(failed.status, 502u);
  EXPECT_EQ(field_of(failed, http::field::retry_after), "3");
}

TEST(Problem, refusals_have_codes_of_their_own) {
  const std::pair<unsigned, std::string_view> table[] = {
      {400, "invalid_request"}, {401, "bearer_required"},        {403, "forbidden"},
      {404, "not_found"},       {405, "method_not_allowed"},     {408, "request_timeout"},
      {413, "too_large"},       {415, "unsupported_media_type"}, {421, "foreign_host"},
      {429, "account_limited"}, {431, "header_too_large"},       {500, "internal_error"},
      {599, "internal_error"},
  };
  for (const auto& [status, code] : table) {
    EXPECT_EQ(refusal_code(status), code);
    const reply refused = refusal_reply(status, "because");
    EXPECT_EQ(refused.status, status);
    EXPECT_TRUE(refused.body.ends_with("\"status\":" + std::to_string(status) +
                                       R"(,"detail":"because","code":")" + std::string{code} + "\"}"))
        << refused.body;
    EXPECT_TRUE(refused.body.starts_with(R"({"type":"docs/guide/errors.md#)" + std::string{code} + '"'));
    EXPECT_EQ(field_of(refused, http::field::retry_after), "none");
  }
}

}  // namespace
}  // namespace ephemint::gateway
