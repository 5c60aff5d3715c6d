// The sidecar face, asked as a session asks it, with a client of its own against a sandbox.
#include "hub.hpp"
#include "log_line.hpp"
#include "support/gateway_run.hpp"
#include "support/token_account.hpp"
#include "tickets/signing.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/redirect_error.hpp>
#include <gmock/gmock.h>
#include <simdjson.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view a_socket = "unix:/run/ephemint.sock";

request post(std::string_view target, std::string_view body) {
  request asked{http::verb::post, {target.data(), target.size()}, 11};
  asked.set(http::field::host, "localhost");
  asked.set(http::field::content_type, "application/json");
  asked.body() = body;
  return asked;
}

request for_token(std::string_view body) { return post("/v1/tokens", body); }

/// A member of an answer: a string as it is, a number in digits; `none` without it.
std::string member(const answered& of, std::string_view name) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(of.reply.body).at_key(name).get(value) != simdjson::SUCCESS) return "none";
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string{text};
  return simdjson::minify(value);
}

/// `body(hub&, face&)` with a gateway of that sandbox's that listens on a Unix socket.
template <class Body>
void with_backend(server_options options, Body body) {
  run_with_hub(std::move(options), [&body](hub& shared) -> asio::awaitable<void> {
    const auto backend = make_backend_face(shared, a_socket);
    EXPECT_EQ(backend->name(), "backend");
    auto running = body(shared, *backend);
    co_await std::move(running);
  });
}

bearer known(std::string name, std::vector<std::string> accounts) {
  bearer one{.name = std::move(name), .accounts = std::move(accounts)};
  // printf %s shop | sha256sum
  one.token_sha256 = {0x8d, 0x90, 0x01, 0xd3, 0x2c, 0x6a, 0x70, 0x3d, 0x95, 0x92, 0x1a,
                      0x77, 0x11, 0x50, 0x50, 0xf3, 0x3d, 0xd8, 0x23, 0xd3, 0xf1, 0x73,
                      0x0b, 0xd3, 0x52, 0x15, 0xdc, 0xbe, 0xca, 0xd6, 0xdc, 0x20};
  return one;
}

// behaviours: G1, G2
TEST(GatewayBackend, login_is_answered_with_its_url) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    auto asking = ask(backend, for_token(R"({"account":"se-1","redirect_to":"billing"})"));
    const answered login = co_await std::move(asking);
    EXPECT_EQ(login.reply.status, 200u) << login.reply.body;
    EXPECT_EQ(login.reply.content_type, "application/json");
    EXPECT_EQ(member(login, "account"), "se-1");
    EXPECT_THAT(member(login, "login_url"), testing::StartsWith("https://localhost:"));
    EXPECT_THAT(member(login, "login_url"), testing::EndsWith("&redirect_to=billing"));
    EXPECT_EQ(member(login, "attempts"), "1");
    EXPECT_THAT(std::stoi(member(login, "expires_in_ms")),
                testing::AllOf(testing::Gt(5'000), testing::Le(10'000)));
    EXPECT_NE(member(login, "request_id"), "none");
    EXPECT_EQ(member(login, "token"), "none");
    EXPECT_EQ(member(login, "redirect_url"), "none");

    EXPECT_EQ(login.log.route, "tokens");
    EXPECT_EQ(login.log.account, "se-1");
    EXPECT_EQ(login.log.code, "");
    EXPECT_EQ(login.log.request_id, member(login, "request_id"));
    EXPECT_EQ(std::to_string(login.log.remaining.value_or(0ms).count()), member(login, "expires_in_ms"));
  });
}

// behaviours: G1, G21
TEST(GatewayBackend, each_of_many_at_once_gets_its_own_login_and_the_log_gets_none) {
  sandbox::server api{faulty({"status=503,every=7", "delay=0ms,jitter=20ms"})};
  auto options = gateway_for(api);
  options.client.max_attempts = 5;
  with_backend(std::move(options), [](hub&, face& backend) -> asio::awaitable<void> {
    const std::vector<std::string> customers = accounts(60);
    const auto executor = co_await asio::this_coro::executor;
    std::size_t over = 0;
    for (const std::string& account : customers) {
      auto asking = ask(backend, for_token(R"({"fields":["token"],"account":")" + account + "\"}"));
      asio::co_spawn(executor, std::move(asking), [&over, account](std::exception_ptr, const answered& said) {
        ++over;
        EXPECT_EQ(said.reply.status, 200u) << said.reply.body;
        if (said.reply.status != 200) return;
        const std::string token = member(said, "token");
        EXPECT_EQ(account_in(token), account);
        EXPECT_THAT(member(said, "login_url"), HasSubstr("token=" + token));
        EXPECT_EQ(member(said, "account"), account);
        EXPECT_EQ(said.log.account, account);
        const std::string line = log_line(said.log, "backend", {}, 0ms, account_logging::plain);
        EXPECT_THAT(line, Not(HasSubstr(token)));
      });
    }
    while (over < customers.size()) co_await pause_for(1ms);
  });
}

// behaviours: G2
TEST(GatewayBackend, token_comes_where_it_was_asked_for) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    auto asking = ask(backend, for_token(R"({"account":"se-1","fields":["token","redirect_url"]})"));
    const answered login = co_await std::move(asking);
    const std::string token = member(login, "token");
    EXPECT_GT(token.size(), 20u);
    EXPECT_THAT(member(login, "redirect_url"), testing::EndsWith("?token=" + token));
    EXPECT_EQ(member(login, "redirect_url"), member(login, "login_url"));
  });
}

TEST(GatewayBackend, retried_login_tells_how_often_it_was_tried) {
  sandbox::server api{faulty({"status=503,count=1"})};
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    auto asking = ask(backend, for_token(R"({"account":"se-1"})"));
    const answered login = co_await std::move(asking);
    EXPECT_EQ(login.reply.status, 200u);
    EXPECT_EQ(member(login, "attempts"), "2");
  });
}

// behaviours: G3
TEST(GatewayBackend, failed_mint_is_a_problem_with_the_apis_words) {
  const struct {
    const char* fault;
    unsigned status;
    const char* code;
    const char* said;  ///< the first of `api_errors`
  } table[] = {
      {"status=422,code=invalid_identifier,message=planted", 422, "rejected", "invalid_identifier"},
      {"status=401", 502, "unauthorized", "unauthorized"},
      {"status=500", 502, "server_error", ""},
      {"body=malformed", 502, "bad_response", ""},
      {"reset=before", 502, "connect_failed", ""},
  };
  for (const auto& each : table) {
    sandbox::server api{faulty({each.fault})};
    auto options = gateway_for(api);
    options.client.max_attempts = 1;
    with_backend(std::move(options), [&each](hub&, face& backend) -> asio::awaitable<void> {
      auto asking = ask(backend, for_token(R"({"account":"se-1"})"));
      const answered failed = co_await std::move(asking);
      EXPECT_EQ(failed.reply.status, each.status) << each.fault;
      EXPECT_EQ(failed.reply.content_type, "application/problem+json");
      EXPECT_EQ(member(failed, "code"), each.code);
      EXPECT_EQ(member(failed, "status"), std::to_string(each.status));
      EXPECT_EQ(member(failed, "attempts"), "1") << each.fault;
      EXPECT_THAT(failed.reply.body, HasSubstr(each.said));
      EXPECT_EQ(failed.log.code, each.code);
      EXPECT_EQ(failed.log.account, "se-1");
      EXPECT_FALSE(failed.log.remaining);
      EXPECT_EQ(failed.log.request_id,
                member(failed, "request_id") == "none" ? "" : member(failed, "request_id"));
    });
  }
}

// behaviours: G3
TEST(GatewayBackend, login_that_takes_longer_than_it_may_has_timed_out) {
  sandbox::server api{{.latency = 5s}};
  auto options = gateway_for(api);
  options.client.attempt_timeout = 10s;
  with_backend(std::move(options), [](hub&, face& backend) -> asio::awaitable<void> {
    auto asking = ask(backend, for_token(R"({"account":"se-1","deadline_ms":200})"));
    const answered failed = co_await std::move(asking);
    EXPECT_EQ(failed.reply.status, 504u);
    EXPECT_EQ(member(failed, "code"), "timed_out");
  });
}

// behaviours: G3
TEST(GatewayBackend, used_up_quota_is_a_503_that_says_when) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.client.rate = quota::declared(1, 60s);
  with_backend(std::move(options), [&api](hub&, face& backend) -> asio::awaitable<void> {
    auto first = ask(backend, for_token(R"({"account":"se-1"})"));
    co_await std::move(first);
    auto second = ask(backend, for_token(R"({"account":"se-2"})"));
    const answered late = co_await std::move(second);
    EXPECT_EQ(late.reply.status, 503u);
    EXPECT_EQ(member(late, "code"), "rate_limited");
    const int wait = std::stoi(member(late, "retry_after_ms"));
    EXPECT_THAT(wait, testing::AllOf(testing::Gt(50'000), testing::Le(61'000)));
    EXPECT_EQ(late.field(http::field::retry_after), std::to_string((wait + 999) / 1'000));
    EXPECT_EQ(api.stats().requests, 1u);
  });
}

TEST(GatewayBackend, closed_gateway_is_a_503) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub& shared, face& backend) -> asio::awaitable<void> {
    auto closing = shared.minter().close();
    co_await std::move(closing);
    auto asking = ask(backend, for_token(R"({"account":"se-1"})"));
    const answered refused = co_await std::move(asking);
    EXPECT_EQ(refused.reply.status, 503u);
    EXPECT_EQ(member(refused, "code"), "closed");
    EXPECT_EQ(refused.field(http::field::retry_after), "1");
  });
}

// Each request is wrong in all that is still to be looked at, and right in what was looked at before.
// behaviours: G4, G5, G6, G7
TEST(GatewayBackend, requests_are_refused_in_this_order) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.bearers = {known("shop", {"se-1*"})};
  options.per_account = {.requests = 1, .window = 60s, .burst = 1};
  with_backend(std::move(options), [&api](hub&, face& backend) -> asio::awaitable<void> {
    request asked{http::verb::get, "/v1/token?x", 11};
    asked.set(http::field::host, "evil.example");
    asked.set("Sec-Fetch-Site", "cross-site");
    asked.set(http::field::origin, "https://evil.example");
    asked.set(http::field::authorization, "Bearer planted");
    asked.set(http::field::content_type, "text/plain");
    const struct {
      std::function<void(request&)> mend;
      unsigned status;
      std::string_view code;
    } table[] = {
        {[](request&) {}, 421, "foreign_host"},
        {[](request& r) { r.set(http::field::host, "localhost"); }, 403, "forbidden"},
        {[](request& r) { r.erase(http::field::origin); }, 403, "forbidden"},
        {[](request& r) { r.erase("Sec-Fetch-Site"); }, 404, "not_found"},
        {[](request& r) { r.target("/v1/tokens?x"); }, 405, "method_not_allowed"},
        {[](request& r) { r.method(http::verb::post); }, 401, "bearer_required"},
        {[](request& r) { r.set(http::field::authorization, "Bearer shop"); }, 415, "unsupported_media_type"},
        {[](request& r) { r.set(http::field::content_type, "application/json"); }, 400, "invalid_request"},
        {[](request& r) { r.target("/v1/tokens"); }, 400, "invalid_request"},
        {[](request& r) { r.body() = R"({"account":"se-2"})"; }, 403, "forbidden"},
        {[](request& r) { r.body() = R"({"account":"se-1"})"; }, 200, ""},
        {[](request&) {}, 429, "account_limited"},
    };
    for (const auto& [mend, status, code] : table) {
      mend(asked);
      auto asking = ask(backend, asked);
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, status) << said.reply.body;
      EXPECT_EQ(said.log.code, code);
      if (status == 200) continue;
      EXPECT_EQ(said.reply.content_type, "application/problem+json");
      EXPECT_EQ(member(said, "code"), code);
      EXPECT_THAT(said.reply.body, Not(HasSubstr("planted")));
      EXPECT_THAT(said.log.why, Not(HasSubstr("planted")));
    }
    EXPECT_EQ(api.stats().requests, 1u);
  });
}

TEST(GatewayBackend, refusal_says_what_would_be_right) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.bearers = {known("shop", {})};
  with_backend(std::move(options), [](hub&, face& backend) -> asio::awaitable<void> {
    request asked = for_token(R"({"account":"se-1"})");
    auto first = ask(backend, asked);
    const answered nobody = co_await std::move(first);
    EXPECT_EQ(nobody.field(http::field::www_authenticate), "Bearer");
    EXPECT_EQ(nobody.log.why, "no bearer token");
    EXPECT_EQ(nobody.log.route, "tokens");
    asked.method(http::verb::delete_);
    auto second = ask(backend, asked);
    const answered method = co_await std::move(second);
    EXPECT_EQ(method.field(http::field::allow), "POST");
  });
}

// behaviours: G6
TEST(GatewayBackend, bearer_is_known_by_its_token_alone_and_logged_by_its_name) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.bearers = {known("shop", {})};
  with_backend(std::move(options), [](hub&, face& backend) -> asio::awaitable<void> {
    const std::pair<const char*, unsigned> table[] = {
        {"Bearer shop", 200},      {"bearer shop", 200},      {"BEARER   shop", 200},
        {"Bearer", 401},           {"Bearer ", 401},          {"shop", 401},
        {"Basic shop", 401},       {"Bearershop", 401},       {"Bearer Shop", 401},
        {"Bearer shop,shop", 401}, {"Bearer shop shop", 401}, {"", 401},
    };
    for (const auto& [given, status] : table) {
      request asked = for_token(R"({"account":"se-1"})");
      asked.set(http::field::authorization, given);
      auto asking = ask(backend, asked);
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, status) << given;
      EXPECT_EQ(said.log.who, status == 200 ? "shop" : "") << given;
    }
    request twice = for_token(R"({"account":"se-1"})");
    twice.insert(http::field::authorization, "Bearer shop");
    twice.insert(http::field::authorization, "Bearer shop");
    auto asking = ask(backend, twice);
    const answered said = co_await std::move(asking);
    EXPECT_EQ(said.reply.status, 401u);
  });
}

TEST(GatewayBackend, no_token_is_nobodys_whatever_the_bearers_are) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.bearers = {known("shop", {})};
  options.bearers.front().token_sha256 = sha256("");  // of a variable that wasn't set
  with_backend(std::move(options), [](hub&, face& backend) -> asio::awaitable<void> {
    for (const char* authorization : {"", "Bearer ", "Bearer"}) {
      request asked = for_token(R"({"account":"se-1"})");
      if (*authorization) asked.set(http::field::authorization, authorization);
      auto asking = ask(backend, asked);
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, 401u) << authorization;
    }
  });
}

TEST(GatewayBackend, json_is_asked_for_whatever_its_parameters) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    const std::pair<const char*, unsigned> table[] = {
        {"application/json; charset=utf-8", 200},
        {"Application/JSON", 200},
        {"application/json ;x=y", 200},
        {"application/jsonp", 415},
        {"application/problem+json", 415},
        {"text/json", 415},
        {"application/x-www-form-urlencoded", 415},
        {"", 415},
        {"text/plain; application/json", 415},
    };
    for (const auto& [type, status] : table) {
      request asked = post("/v1/estimates", "{}");
      asked.set(http::field::content_type, type);
      auto asking = ask(backend, asked);
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, status) << type;
    }
    request without = post("/v1/estimates", "{}");
    without.erase(http::field::content_type);
    auto asking = ask(backend, without);
    const answered said = co_await std::move(asking);
    EXPECT_EQ(said.reply.status, 415u);
  });
}

TEST(GatewayBackend, host_that_is_missing_or_comes_twice_is_foreign) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    request asked = post("/v1/estimates", "{}");
    asked.insert(http::field::host, "localhost");
    auto first = ask(backend, asked);
    const answered twice = co_await std::move(first);
    EXPECT_EQ(twice.reply.status, 421u);
    asked.erase(http::field::host);
    auto second = ask(backend, asked);
    const answered missing = co_await std::move(second);
    EXPECT_EQ(missing.reply.status, 421u);
  });
}

TEST(GatewayBackend, other_routes_are_unknown) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    for (const char* target :
         {"/", "/v1", "/v1/tokens/", "/V1/tokens", "/v1//tokens", "/v1/%74okens", "*", "",
          "http://localhost/v1/token", "/healthz", "/metrics", "/login/x", "/v1/tokens#"}) {
      auto asking = ask(backend, post(target, "{}"));
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, 404u) << target;
      EXPECT_EQ(said.log.route, "none");
    }
  });
}

// behaviours: G7
TEST(GatewayBackend, what_was_minted_counts_for_its_account) {
  sandbox::server api{faulty({"account=se-1,status=422,skip=1,count=1"})};
  auto options = gateway_for(api);
  options.per_account = {.requests = 2, .window = 60s, .burst = 2};
  options.client.max_attempts = 1;
  with_backend(std::move(options), [](hub&, face& backend) -> asio::awaitable<void> {
    const struct {
      const char* body;
      bool handed_over;
      unsigned status;
    } table[] = {
        {R"({"account":"se-1"})", true, 200},       {R"({"account":"se-1"})", true, 422},  // the mint failed
        {R"({"account":"se-1","x":1})", true, 400},                                        // refused unread
        {R"({"account":"se-1"})", false, 200},  // it had been minted, and nobody was there any more
        {R"({"account":"se-1"})", true, 429},       {R"({"account":"se-1"})", true, 429},
        {R"({"account":"se-2"})", true, 200},
    };
    for (const auto& each : table) {
      auto asking = ask(backend, for_token(each.body), each.handed_over);
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, each.status) << said.reply.body;
      if (each.status != 429) continue;
      const int wait = std::stoi(member(said, "retry_after_ms"));
      EXPECT_THAT(wait, testing::AllOf(testing::Gt(0), testing::Le(60'000)));
      EXPECT_EQ(said.field(http::field::retry_after), std::to_string((wait + 999) / 1'000));
      EXPECT_EQ(said.log.account, "se-1");
      EXPECT_EQ(said.log.why, "this account has had as many logins as it may for now");
    }
  });
}

// behaviours: G14
TEST(GatewayBackend, peer_that_goes_away_has_its_mint_cancelled_and_costs_nothing) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.client.rate = quota::declared(1, 20s);
  options.deadline = 60s;
  options.per_account = {.requests = 1, .window = 60s, .burst = 1};
  with_backend(std::move(options), [&api](hub& shared, face& backend) -> asio::awaitable<void> {
    auto first = ask(backend, for_token(R"({"account":"se-1"})"));
    co_await std::move(first);
    asio::cancellation_signal peer;
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer over{executor, asio::steady_timer::time_point::max()};
    std::optional<answered> waiting;
    auto second = ask(backend, for_token(R"({"account":"se-2"})"), false, peer.slot());
    asio::co_spawn(executor, std::move(second), [&](std::exception_ptr, answered said) {
      waiting = std::move(said);
      over.cancel();
    });
    while (shared.minter().stats().queued == 0) co_await pause_for(1ms);
    EXPECT_FALSE(waiting);

    const auto gone_at = clock::now();
    peer.emit(asio::cancellation_type::terminal);
    boost::system::error_code ignored;
    auto ending = over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await std::move(ending);
    EXPECT_LT(clock::now() - gone_at, 5s);
    EXPECT_TRUE(waiting);
    if (!waiting) co_return;
    EXPECT_EQ(waiting->log.code, "cancelled");
    EXPECT_FALSE(waiting->log.remaining);
    EXPECT_EQ(api.stats().requests, 1u);
    EXPECT_EQ(shared.minter().stats().queued, 0u);
    EXPECT_FALSE(shared.limits().take("se-2", clock::now())) << "what was taken was not given back";
  });
}

TEST(GatewayBackend, background_login_yields_and_an_estimate_knows_it) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.client.rate = quota::declared(1, 30s);
  with_backend(std::move(options), [](hub&, face& backend) -> asio::awaitable<void> {
    auto before = ask(backend, post("/v1/estimates", "{}"));
    const answered idle = co_await std::move(before);
    EXPECT_EQ(idle.reply.body, R"({"wait_ms":0})");
    EXPECT_EQ(idle.log.route, "estimates");
    auto login = ask(backend, for_token(R"({"account":"se-1"})"));
    co_await std::move(login);
    for (const char* body : {"{}", R"({"priority":"interactive"})", R"({"priority":"background"})"}) {
      auto asking = ask(backend, post("/v1/estimates", body));
      const answered busy = co_await std::move(asking);
      EXPECT_EQ(busy.reply.status, 200u);
      EXPECT_THAT(std::stoi(member(busy, "wait_ms")), testing::Gt(20'000)) << body;
    }
    auto wrong = ask(backend, post("/v1/estimates", R"({"account":"se-1"})"));
    const answered refused = co_await std::move(wrong);
    EXPECT_EQ(refused.reply.status, 400u);
    EXPECT_THAT(member(refused, "detail"), HasSubstr("account"));
  });
}

// behaviours: G5
TEST(GatewayBackend, target_that_begins_with_an_origin_says_the_host) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    const std::pair<const char*, unsigned> rows[] = {
        {"http://localhost/v1/tokens", 200u},
        {"http://evil.example/v1/tokens", 421u},
        {"http://localhost", 404u},
        {"http:///v1/tokens", 421u},
    };
    for (const auto& [target, status] : rows) {
      auto asking = ask(backend, post(target, R"({"account":"se-1"})"));
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, status) << target;
    }
  });
}

TEST(GatewayBackend, bad_body_is_told_by_name_and_logged_without_it) {
  sandbox::server api;
  with_backend(gateway_for(api), [&api](hub&, face& backend) -> asio::awaitable<void> {
    auto asking = ask(backend, for_token(R"({"account":"se-1","planted":1})"));
    const answered said = co_await std::move(asking);
    EXPECT_EQ(said.reply.status, 400u);
    EXPECT_EQ(member(said, "detail"), R"(unknown member: "planted")");
    EXPECT_EQ(said.log.why, "unknown member");
    EXPECT_EQ(api.stats().requests, 0u);
  });
}

TEST(GatewayBackend, what_the_session_refuses_is_a_problem_too) {
  sandbox::server api;
  with_backend(gateway_for(api), [](hub&, face& backend) -> asio::awaitable<void> {
    const reply refused = backend.refusal(413, "the body is longer than 4 KiB");
    EXPECT_EQ(refused.status, 413u);
    EXPECT_EQ(refused.content_type, "application/problem+json");
    EXPECT_THAT(refused.body, HasSubstr(R"("code":"too_large")"));
    co_return;
  });
}

// behaviours: G5
TEST(GatewayBackend, over_tcp_only_its_own_names_and_port_are_served) {
  sandbox::server api;
  run_with_hub(gateway_for(api), [](hub& shared) -> asio::awaitable<void> {
    const auto backend = make_backend_face(shared, "http://127.0.0.1:8080");
    const std::pair<const char*, unsigned> table[] = {
        {"127.0.0.1:8080", 200}, {"localhost:8080", 200}, {"localhost", 421}, {"evil.example:8080", 421}};
    for (const auto& [host, status] : table) {
      request asked = post("/v1/estimates", "{}");
      asked.set(http::field::host, host);
      auto asking = ask(*backend, asked);
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, status) << host;
    }
  });
}

}  // namespace
}  // namespace ephemint::gateway
