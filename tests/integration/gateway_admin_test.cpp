// Health, readiness and metrics of a gateway whose client is a sandbox's.
#include "hub.hpp"
#include "support/gateway_run.hpp"
#include "support/metrics_text.hpp"

#include <gmock/gmock.h>

#include <memory>

namespace ephemint::gateway {
namespace {

using namespace test;
using testing::HasSubstr;

request get(std::string_view target) { return {http::verb::get, {target.data(), target.size()}, 11}; }

asio::awaitable<answered> ask_admin(hub& of, request asked) {
  const auto admin = make_admin_face(of);
  EXPECT_EQ(admin->name(), "admin");
  auto asking = ask(*admin, std::move(asked));
  answered said = co_await std::move(asking);
  co_return said;
}

// behaviours: G18
TEST(GatewayAdmin, health_says_that_the_loop_turns_whatever_else) {
  sandbox::server api{faulty({"status=401"})};
  run_with_hub(gateway_for(api), [](hub& shared) -> asio::awaitable<void> {
    shared.draining = true;
    auto asking = ask_admin(shared, get("/healthz"));
    const answered said = co_await std::move(asking);
    EXPECT_EQ(said.reply.status, 200u);
    EXPECT_EQ(said.reply.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(said.reply.body, "ok\n");
    EXPECT_EQ(said.log.route, "healthz");
  });
}

// behaviours: G18
TEST(GatewayAdmin, readiness_names_what_speaks_against_it) {
  sandbox::server api;
  const struct {
    bool warm, draining;
    unsigned status;
    const char* body;
  } table[] = {
      {true, false, 200, R"({"ready":true,"reasons":[]})"},
      {false, false, 503, R"({"ready":false,"reasons":["warming up"]})"},
      {true, true, 503, R"({"ready":false,"reasons":["draining"]})"},
      {false, true, 503, R"({"ready":false,"reasons":["draining","warming up"]})"},
  };
  for (const auto& each : table)
    run_with_hub(gateway_for(api), [&each](hub& shared) -> asio::awaitable<void> {
      shared.warm = each.warm;
      shared.draining = each.draining;
      auto asking = ask_admin(shared, get("/readyz"));
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, each.status);
      EXPECT_EQ(said.reply.content_type, "application/json");
      EXPECT_EQ(said.reply.body, each.body);
      EXPECT_EQ(said.log.route, "readyz");
    });
}

// behaviours: G18
TEST(GatewayAdmin, gateway_with_a_refused_key_is_not_ready_until_it_gets_another) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.client.api_key = secret{"TEST_another"};
  options.client.max_connections = 10;  // that many are out before the first answer: three probes come behind
  run_with_hub(std::move(options), [&api](hub& shared) -> asio::awaitable<void> {
    shared.warm = true;
    auto warming = shared.minter().warm_up(10);
    co_await std::move(warming);
    auto results = shared.minter().mint_many(accounts(20), {.in_flight = 20});
    for (bool more = true; more;) {
      auto next = results.next();
      const auto one = co_await std::move(next);
      more = one.has_value();
    }
    auto asking = ask_admin(shared, get("/readyz"));
    const answered not_ready = co_await std::move(asking);
    EXPECT_EQ(not_ready.reply.status, 503u);
    EXPECT_EQ(not_ready.reply.body, R"({"ready":false,"reasons":["key refused"]})");
    shared.set_api_key(secret{api.api_key()});
    auto again = ask_admin(shared, get("/readyz"));
    const answered ready = co_await std::move(again);
    EXPECT_EQ(ready.reply.status, 200u);
  });
}

// behaviours: G18
TEST(GatewayAdmin, key_that_was_wrong_from_the_start_is_told_after_one_mint) {
  sandbox::server api;
  auto options = gateway_for(api);
  options.client.api_key = secret{"TEST_another"};
  run_with_hub(std::move(options), [&api](hub& shared) -> asio::awaitable<void> {
    shared.warm = true;
    for (const bool good : {false, true}) {
      if (good) shared.set_api_key(secret{api.api_key()});
      const mint_request request{"se-1"};
      auto minting = shared.minter().mint(request);
      const auto minted = co_await std::move(minting);
      EXPECT_EQ(minted.has_value(), good);
      auto asking = ask_admin(shared, get("/readyz"));
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, good ? 200u : 503u);
    }
  });
}

// behaviours: G18
TEST(GatewayAdmin, refusal_of_a_key_that_never_minted_is_believed_for_a_while) {
  mint_notes notes;
  mint_report over;
  over.error = mint_errc::unauthorized;
  const auto before = clock::now();
  EXPECT_FALSE(notes.key_is_refused(before));
  notes.on_mint(over);
  EXPECT_TRUE(notes.key_is_refused(clock::now()));
  EXPECT_TRUE(notes.key_is_refused(before + 59s));
  EXPECT_FALSE(notes.key_is_refused(clock::now() + 60s));
  over.error.reset();
  notes.on_mint(over);
  EXPECT_FALSE(notes.key_is_refused(clock::now())) << "it is a good one";
}

// behaviours: G18
TEST(GatewayAdmin, readiness_does_not_follow_the_api) {
  sandbox::server api{faulty({"status=503"})};
  auto options = gateway_for(api);
  options.client.max_attempts = 1;
  run_with_hub(std::move(options), [](hub& shared) -> asio::awaitable<void> {
    shared.warm = true;
    const std::vector<std::string> all = accounts(10);
    for (const std::string& account : all) {
      const mint_request request{account};
      auto minting = shared.minter().mint(request);
      co_await std::move(minting);
    }
    auto asking = ask_admin(shared, get("/readyz"));
    const answered said = co_await std::move(asking);
    EXPECT_EQ(said.reply.status, 200u);
  });
}

// behaviours: G18
TEST(GatewayAdmin, metrics_have_the_clients_series_and_the_gateways_own) {
  sandbox::server api;
  run_with_hub(gateway_for(api), [](hub& shared) -> asio::awaitable<void> {
    const mint_request request{"se-planted"};
    auto minting = shared.minter().mint(request);
    co_await std::move(minting);
    for (int i = 0; i < 3; ++i) shared.record("backend", {.status = 200}, 1ms);
    for (int i = 0; i < 2; ++i) shared.record("login", {.status = 0}, 1ms);
    const instant now = instant::now();
    shared.tickets().open("ticket-1", now, now.wall + 60s, now.wall + 300s);
    shared.tickets().open("ticket-2", now, now.wall + 60s, now.wall + 300s);
    shared.tickets().wait_until("ticket-2", now.steady + 10s);
    auto asking = ask_admin(shared, get("/metrics"));
    const answered said = co_await std::move(asking);
    EXPECT_EQ(said.reply.status, 200u);
    EXPECT_EQ(said.reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(said.reply.body, testing::Not(HasSubstr("planted")));
    const test::metrics_text text{said.reply.body};
    EXPECT_THAT(text.wrong, testing::IsEmpty());
    EXPECT_EQ(text["ephemint_mints_total{urgency=\"interactive\",result=\"minted\"}"], 1);
    EXPECT_EQ(text["ephemint_gateway_answers_total{listener=\"backend\",status=\"200\"}"], 3);
    EXPECT_EQ(text["ephemint_gateway_answers_total{listener=\"login\",status=\"0\"}"], 2);
    EXPECT_EQ(text["ephemint_gateway_tickets"], 2);
    EXPECT_EQ(text["ephemint_gateway_waiting"], 1);
  });
}

TEST(GatewayAdmin, promtool_has_nothing_to_say_against_its_metrics) {
  EPHEMINT_SKIP_WITHOUT_PROMTOOL();
  sandbox::server api;
  run_with_hub(gateway_for(api), [](hub& shared) -> asio::awaitable<void> {
    EXPECT_EQ(complaints_of_promtool(shared.metrics_text()), "");
    shared.record("backend", {.status = 200}, 1ms);
    EXPECT_EQ(complaints_of_promtool(shared.metrics_text()), "");
    co_return;
  });
}

TEST(GatewayAdmin, scrapers_parameters_are_passed_over) {
  sandbox::server api;
  run_with_hub(gateway_for(api), [](hub& shared) -> asio::awaitable<void> {
    auto asking = ask_admin(shared, get("/metrics?collect[]=all"));
    const answered said = co_await std::move(asking);
    EXPECT_EQ(said.reply.status, 200u);
  });
}

TEST(GatewayAdmin, anything_else_is_refused) {
  sandbox::server api;
  run_with_hub(gateway_for(api), [](hub& shared) -> asio::awaitable<void> {
    for (const char* target : {"/", "", "healthz", "/healthz/", "/metric", "/v1/tokens", "/login/x", "*"}) {
      auto asking = ask_admin(shared, get(target));
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, 404u) << target;
      EXPECT_EQ(said.reply.content_type, "application/problem+json");
      EXPECT_EQ(said.log.code, "not_found");
      EXPECT_EQ(said.log.route, "none");
    }
    for (const auto method : {http::verb::head, http::verb::post, http::verb::options}) {
      request asked = get("/readyz");
      asked.method(method);
      auto asking = ask_admin(shared, asked);
      const answered said = co_await std::move(asking);
      EXPECT_EQ(said.reply.status, 405u);
      EXPECT_EQ(said.field(http::field::allow), "GET");
    }
  });
}

}  // namespace
}  // namespace ephemint::gateway
