#include "api.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view mint_target = "/v1/tokens/ephemeral?redirect=shipengine-dashboard";

request mint_for(std::string_view account) {
  return {.method = "POST",
          .target = mint_target,
          .api_key = "TEST_key",
          .api_keys = 1,
          .account = account,
          .accounts = 1};
}

class sandbox_api : public testing::Test {
 protected:
  static server_options options(rate_limit limit = {}) {
    server_options o;
    o.api_key = "TEST_key";
    o.limit = limit;
    return o;
  }
  static exchange ask(api& a, const request& asked, clock::duration at = 0s) {
    return a.answer(asked, clock::time_point{1h + at}, wall_clock::time_point{1'800'000'000s + at});
  }
  static bool says(const exchange& e, std::string_view text) { return e.wire.find(text) != e.wire.npos; }

  api api_{options(), 1};
};

TEST_F(sandbox_api, mints_and_counts) {
  const exchange e = ask(api_, mint_for("se-1"));
  EXPECT_EQ(e.status, 200U);
  EXPECT_TRUE(says(e, R"("redirect_url":"https://localhost:1/api/directlogin?token=eyJ)"));
  const server_stats stats = api_.stats();
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.minted, 1U);
  EXPECT_EQ(stats.requests_by_account.at("se-1"), 1U);
  EXPECT_EQ(stats.replies_by_status.at(200), 1U);
}

TEST_F(sandbox_api, redirect_url_follows_the_name_by_which_the_client_knows_the_server) {
  const std::pair<std::string_view, std::string> table[] = {
      {"localhost:8443", "localhost:8443"}, {"127.0.0.1:1", "127.0.0.1:1"}, {"[::1]:65535", "[::1]:65535"},
      {"localhost", "localhost:1"},         {"127.0.0.1", "127.0.0.1:1"},   {"[::1]", "[::1]:1"},
  };
  for (const auto& [host, authority] : table) {
    request asked = mint_for("se-1");
    asked.host = host;
    EXPECT_TRUE(
        says(ask(api_, asked), R"("redirect_url":"https://)" + authority + "/api/directlogin?token=eyJ"))
        << host;
  }
}

TEST_F(sandbox_api, redirect_url_follows_no_name_that_is_not_its_own) {
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example",
        "localhost:1@evil.example", "localhost:", "localhost:123456", "localhost:1x", "localhost/", "[::1",
        "[::1]x", "[::1]:", "[::2]", "::1", "127.0.0.2", "localhost\""}) {
    request asked = mint_for("se-1");
    asked.host = host;
    EXPECT_TRUE(says(ask(api_, asked), R"("redirect_url":"https://localhost:1/api/directlogin?token=eyJ)"))
        << host;
  }
}

TEST_F(sandbox_api, without_redirect_there_is_a_token_only) {
  request asked = mint_for("se-1");
  asked.target = "/v1/tokens/ephemeral";
  const exchange e = ask(api_, asked);
  EXPECT_TRUE(says(e, R"({"token":"eyJ)"));
  EXPECT_FALSE(says(e, "redirect_url"));
}

TEST_F(sandbox_api, portal_is_an_option) {
  server_options o = options();
  o.portal_url = "https://dashboard.shipengine.com/api/directlogin";
  api portal{o, 1};
  EXPECT_TRUE(says(ask(portal, mint_for("se-1")),
                   R"("redirect_url":"https://dashboard.shipengine.com/api/directlogin?token=eyJ)"));
}

TEST_F(sandbox_api, every_wrong_request_is_told_what_is_wrong) {
  struct {
    const char* what;
    void (*spoil)(request&);
    unsigned status;
    const char* code;
  } const cases[] = {
      {"no key", [](request& r) { r.api_key = {}, r.api_keys = 0; }, 401, "unauthorized"},
      {"wrong key", [](request& r) { r.api_key = "TEST_other"; }, 401, "unauthorized"},
      {"two keys", [](request& r) { r.api_keys = 2; }, 400, "invalid_field_value"},
      {"no account", [](request& r) { r.account = {}, r.accounts = 0; }, 400, "field_value_required"},
      {"empty account", [](request& r) { r.account = {}; }, 400, "field_value_required"},
      {"two accounts", [](request& r) { r.accounts = 2; }, 400, "invalid_field_value"},
      {"blank in the account", [](request& r) { r.account = "se 1"; }, 400, "invalid_identifier"},
      {"bad redirect", [](request& r) { r.target = "/v1/tokens/ephemeral?redirect=x"; }, 400,
       "invalid_field_value"},
      {"the old typo", [](request& r) { r.target = "/v1/tokens/ephemeral&redirect=shipengine-dashboard"; },
       404, "unspecified"},
      {"other path", [](request& r) { r.target = "/v1/labels"; }, 404, "unspecified"},
      {"other method", [](request& r) { r.method = "GET"; }, 405, "unspecified"},
      {"unknown method", [](request& r) { r.method = "BREW"; }, 405, "unspecified"},
  };
  for (const auto& c : cases) {
    request asked = mint_for("se-1");
    c.spoil(asked);
    const exchange e = ask(api_, asked);
    EXPECT_EQ(e.status, c.status) << c.what;
    EXPECT_TRUE(says(e, "\"error_code\":\"" + std::string{c.code} + "\"")) << c.what << '\n' << e.wire;
    EXPECT_TRUE(says(e, "\r\nX-ShipEngine-RequestID: ")) << c.what;
    EXPECT_EQ(e.end, connection_end::keep) << c.what;
  }
  EXPECT_EQ(api_.stats().minted, 0U);
}

TEST_F(sandbox_api, limit_refuses_and_says_when_to_come_back) {
  api limited{options({.kind = limiter_kind::sliding_window, .requests = 2, .window = 60s}), 1};
  EXPECT_EQ(ask(limited, mint_for("a"), 0s).status, 200U);
  EXPECT_EQ(ask(limited, mint_for("b"), 10s).status, 200U);
  const exchange refused = ask(limited, mint_for("c"), 10500ms);
  EXPECT_EQ(refused.status, 429U);
  EXPECT_TRUE(says(refused, "\r\nRetry-After: 50\r\n"));
  EXPECT_TRUE(says(refused, "rate_limit_exceeded"));
  EXPECT_EQ(ask(limited, mint_for("c"), 60s).status, 200U);
  const server_stats stats = limited.stats();
  EXPECT_EQ(stats.rate_limited, 1U);
  EXPECT_EQ(stats.peak_per_window, 3U);
}

TEST_F(sandbox_api, refused_keys_cost_no_permit_but_bad_requests_do) {
  api limited{options({.kind = limiter_kind::sliding_window, .requests = 1, .window = 60s}), 1};
  request stranger = mint_for("a");
  stranger.api_key = "TEST_other";
  EXPECT_EQ(ask(limited, stranger).status, 401U);
  EXPECT_EQ(ask(limited, mint_for("")).status, 400U);
  EXPECT_EQ(ask(limited, mint_for("a")).status, 429U);
}

TEST_F(sandbox_api, limit_changes_while_it_runs) {
  api_.set_rate_limit({.kind = limiter_kind::fixed_window, .requests = 0});
  EXPECT_EQ(ask(api_, mint_for("a")).status, 429U);
  api_.set_rate_limit({});
  EXPECT_EQ(ask(api_, mint_for("a")).status, 200U);
  EXPECT_THROW(api_.set_rate_limit({.window = 0s}), std::invalid_argument);
}

TEST_F(sandbox_api, key_changes_while_it_runs) {
  api_.set_api_key("TEST_new");
  EXPECT_EQ(ask(api_, mint_for("a")).status, 401U);
  request renewed = mint_for("a");
  renewed.api_key = "TEST_new";
  EXPECT_EQ(ask(api_, renewed).status, 200U);
  EXPECT_THROW(api_.set_api_key(""), std::invalid_argument);
}

TEST_F(sandbox_api, second_key_is_taken_until_one_is_set) {
  api_.add_api_key("TEST_new");
  EXPECT_EQ(api_.api_key(), "TEST_new");
  request renewed = mint_for("a");
  renewed.api_key = "TEST_new";
  EXPECT_EQ(ask(api_, mint_for("a")).status, 200U);
  EXPECT_EQ(ask(api_, renewed).status, 200U);
  api_.set_api_key("TEST_new");
  EXPECT_EQ(ask(api_, mint_for("a")).status, 401U);
  EXPECT_EQ(ask(api_, renewed).status, 200U);
  EXPECT_THROW(api_.add_api_key("no key"), std::invalid_argument);
}

TEST_F(sandbox_api, requests_are_counted_by_the_keys_that_it_has_taken) {
  api_.set_api_key("TEST_new");
  request other = mint_for("a");
  other.api_key = "TEST_other";
  for (const request& each : {mint_for("a"), mint_for("b"), other}) ask(api_, each);
  using by_key = decltype(server_stats::requests_by_key);
  EXPECT_EQ(api_.stats().requests_by_key, (by_key{{"TEST_key", 2}, {"TEST_new", 0}}));
  EXPECT_EQ(api_.stats().requests_by_other_keys, 1U);
  api_.reset_stats();
  EXPECT_EQ(api_.stats().requests_by_key, (by_key{{"TEST_key", 0}, {"TEST_new", 0}}));
}

TEST_F(sandbox_api, key_is_generated_if_none_is_given) {
  const api anonymous{server_options{}, 1};
  EXPECT_TRUE(anonymous.api_key().starts_with("TEST_"));
}

TEST_F(sandbox_api, status_of_a_fault_meets_neither_key_nor_limit) {
  api_.set_rate_limit({.kind = limiter_kind::fixed_window, .requests = 0});
  api_.add_fault({.count = 1, .status = 503});
  EXPECT_EQ(ask(api_, mint_for("a")).status, 503U);
  EXPECT_EQ(ask(api_, mint_for("a")).status, 429U);
  EXPECT_EQ(api_.stats().faulted, 1U);
}

TEST_F(sandbox_api, lost_reply_costs_a_permit) {
  api_.set_rate_limit({.kind = limiter_kind::sliding_window, .requests = 1});
  api_.add_fault({.count = 1, .end = connection_end::reset, .end_at = end_point::before_reply});
  EXPECT_EQ(ask(api_, mint_for("a")).wire, "");
  EXPECT_EQ(ask(api_, mint_for("a")).status, 429U);
  const server_stats stats = api_.stats();
  EXPECT_EQ(stats.minted, 1U);
  EXPECT_EQ(stats.replies_by_status.at(0), 1U);
}

TEST_F(sandbox_api, latency_and_faults_delay_together) {
  server_options o = options();
  o.latency = 100ms;
  o.jitter = 50ms;
  o.faults = {{.delay = 1s}};
  api slow{o, 1};
  for (int i = 0; i < 100; ++i) {
    const auto delay = ask(slow, mint_for("a")).delay;
    EXPECT_GE(delay, 1100ms);
    EXPECT_LE(delay, 1150ms);
  }
}

TEST_F(sandbox_api, login_page_meets_no_fault_and_is_counted_apart) {
  api_.add_fault({.delay = 1s, .status = 503});
  const exchange e = ask(api_, {.method = "GET", .target = "/api/directlogin?token=x"});
  EXPECT_EQ(e.status, 403U);
  EXPECT_EQ(e.delay, 0s);
  EXPECT_EQ(ask(api_, {.method = "POST", .target = "/api/directlogin"}).status, 405U);
  const server_stats stats = api_.stats();
  EXPECT_EQ(stats.requests, 0U);
  EXPECT_EQ(stats.logins_refused, 2U);
}

TEST_F(sandbox_api, bad_fault_is_refused_when_it_is_added) {
  EXPECT_THROW(api_.add_fault({.every = 0}), std::invalid_argument);
  api_.add_fault({.status = 503});
  api_.clear_faults();
  EXPECT_EQ(ask(api_, mint_for("a")).status, 200U);
}

}  // namespace
}  // namespace ephemint::sandbox
