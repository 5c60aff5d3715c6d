// Clients of an API with several addresses, or with several backends behind one, some of which are sick.
#include "client_run.hpp"
#include "scripted_names.hpp"
#include "scripted_server.hpp"

#include <boost/asio/redirect_error.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

const identity& root() {
  static const identity made = make_root();
  return made;
}
server_wishes api() { return {.shown = issue(root(), {})}; }

using script = scripted_server::script;

std::string reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string token_reply() {
  static std::atomic<int> number = 0;
  const std::string token = "token-" + std::to_string(++number);
  return reply("200 OK", R"({"token":")" + token +
                             R"(","redirect_url":"https://dashboard.shipengine.com/login?token=)" + token +
                             "\"}");
}

/// Answers each request of a connection with what `next` gives.
script answers(std::function<std::string()> next) {
  return [next](peer& client) {
    if (!client.shake_hands()) return;
    while (!client.read_request().empty()) client.write(next());
  };
}
script mints() { return answers(token_reply); }
script answers_503() {
  return answers([] { return reply("503 Service Unavailable", "{}"); });
}

struct sickness {
  const char* name;
  script does;

  friend std::ostream& operator<<(std::ostream& out, const sickness& s) { return out << s.name; }
};

std::vector<sickness> sicknesses() {
  return {
      {"hangs_in_the_handshake",
       [](peer& client) {
         while (!client.read_raw(4096).empty()) continue;
       }},
      {"hangs_up_in_the_handshake", [](peer& client) { client.read_raw(4096); }},
      {"resets_in_the_handshake",
       [](peer& client) {
         client.read_raw(4096);
         client.reset();
       }},
      {"answers_503", answers_503()},
      {"answers_502_in_html", answers([] { return reply("502 Bad Gateway", "<html></html>"); })},
      {"hangs_after_the_request",
       [](peer& client) {
         if (client.shake_hands()) client.wait_for_goodbye();
       }},
      {"hangs_up_on_the_request",
       [](peer& client) {
         if (client.shake_hands()) client.read_request();
       }},
      {"hangs_up_amid_the_reply",
       [](peer& client) {
         if (!client.shake_hands()) return;
         client.read_request();
         client.write("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{");
       }},
  };
}

client_options options(std::uint16_t port) {
  client_options o;
  o.base_url = "https://api.test:" + std::to_string(port);
  o.api_key = secret{"some-key"};
  o.system_authorities = false;
  o.authority_pem = root().pem();
  o.rate = quota::unlimited();
  o.attempt_timeout = 400ms;  // for the nodes that never reply
  return o;
}

struct tally {
  int minted = 0;
  std::vector<std::string> errors;
};

void count(tally& so_far, const mint_result& r) {
  if (r)
    ++so_far.minted;
  else
    so_far.errors.push_back(to_string(r.error()));
}

mint_request login(const std::string& account) {
  mint_request request;
  request.account = account;
  return request;
}

asio::awaitable<void> one_after_the_other(client& c, int logins, tally& result) {
  for (int i = 0; i < logins; ++i) {
    const mint_request asked = login("se-" + std::to_string(i));
    const mint_result r = co_await c.mint(asked);
    count(result, r);
  }
}

asio::awaitable<void> at_once(client& c, int logins, priority urgency, tally& result) {
  int left = logins;
  asio::steady_timer over{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
  for (int i = 0; i < logins; ++i) {
    mint_request request = login("se-" + std::to_string(i));
    request.urgency = urgency;
    if (urgency == priority::background) request.deadline = no_deadline;
    c.async_mint(request, [&](const mint_result& r) {
      count(result, r);
      if (--left == 0) over.cancel();
    });
  }
  boost::system::error_code cancelled;
  co_await over.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

asio::awaitable<void> after_a_warm_up(client& c, int logins, tally& result) {
  const auto warm = co_await c.warm_up(8);
  (void)warm;
  auto then = one_after_the_other(c, logins, result);
  co_await std::move(then);
}

using calls = std::function<asio::awaitable<void>(client&, tally&)>;

struct way {
  const char* name;
  calls how;
};

std::vector<way> ways() {
  return {
      {"one after the other", [](client& c, tally& t) { return one_after_the_other(c, 12, t); }},
      {"at once", [](client& c, tally& t) { return at_once(c, 12, priority::interactive, t); }},
      {"one after the other, after a warm-up", [](client& c, tally& t) { return after_a_warm_up(c, 12, t); }},
      {"as a batch", [](client& c, tally& t) { return at_once(c, 12, priority::background, t); }},
  };
}

tally outcome_of(const client_options& with, const calls& how) {
  tally result;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, client_options{with}};
    auto task = how(c, result);
    co_await std::move(task);
    co_await c.close();
  });
  return result;
}

void expect_all(const tally& seen, int minted) {
  EXPECT_EQ(seen.minted, minted);
  for (const std::string& each : seen.errors) std::cout << "  " << each << '\n';
}

/// A sick node, named first, and a healthy one.
struct two_nodes {
  explicit two_nodes(const script& does) : healthy{api(), {mints()}, "127.0.0.3"} {
    sick.emplace(api(), std::vector<script>{does}, "127.0.0.2", healthy.port());
    names_lead_to({"127.0.0.2", "127.0.0.3"});
  }
  scripted_server healthy;
  std::optional<scripted_server> sick;
};

class sick_node : public testing::TestWithParam<sickness> {};

// behaviours: A1
TEST_P(sick_node, one_of_two_costs_no_login) {
  for (const way& each : ways()) {
    SCOPED_TRACE(each.name);
    two_nodes nodes{GetParam().does};
    expect_all(outcome_of(options(nodes.healthy.port()), each.how), 12);
    EXPECT_GT(nodes.sick->connections(), 0) << "it was named first";
  }
}

// behaviours: A1
TEST_P(sick_node, bad_address_isnt_tried_again_while_the_other_does_well) {
  two_nodes nodes{GetParam().does};
  auto with = options(nodes.healthy.port());
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(with)};
    const mint_request for_first = login("se-1");
    const mint_result first = co_await c.mint(for_first);
    EXPECT_TRUE(first) << first.error();
    const int met = nodes.sick->connections();
    for (int round = 0; round < 4; ++round) {  // more at once each time: more dials
      tally seen;
      auto more = at_once(c, 2 + round, priority::interactive, seen);
      co_await std::move(more);
      EXPECT_EQ(seen.minted, 2 + round);
    }
    EXPECT_EQ(nodes.sick->connections(), met);
  });
}

INSTANTIATE_TEST_SUITE_P(each, sick_node, testing::ValuesIn(sicknesses()),
                         [](const auto& row) { return std::string{row.param.name}; });

// behaviours: A1, N5
TEST(sick_nodes, address_that_refuses_or_swallows_everything_costs_no_login) {
  scripted_server healthy{api(), {mints()}, "127.0.0.3"};
  const silent_listener silent{"127.0.0.2", healthy.port()};
  for (const char* first : {"127.0.0.2", "127.0.0.4"})
    for (const way& each : ways()) {
      names_lead_to({first, "127.0.0.3"});
      expect_all(outcome_of(options(healthy.port()), each.how), 12);
    }
}

// behaviours: A1, T1
TEST(sick_nodes, address_that_is_not_believed_fails_the_first_login_and_no_later_one) {
  const server_wishes expired{.shown = issue(root(), {.from = -2h, .until = -1h})};
  const script speaks_no_tls = [](peer& client) { client.write_raw("SSH-2.0-OpenSSH_9.2\r\n"); };
  for (const bool shows_a_certificate : {true, false}) {
    scripted_server healthy{api(), {mints()}, "127.0.0.3"};
    scripted_server other{shows_a_certificate ? expired : api(),
                          {shows_a_certificate ? mints() : speaks_no_tls},
                          "127.0.0.2",
                          healthy.port()};
    names_lead_to({"127.0.0.2", "127.0.0.3"});
    const tally seen = outcome_of(options(healthy.port()),
                                  [](client& c, tally& t) { return one_after_the_other(c, 12, t); });
    EXPECT_EQ(seen.minted, 11);
    EXPECT_EQ(other.connections(), 1);
  }
}

// behaviours: A1
TEST(sick_nodes, where_all_are_sick_they_are_used_all_the_same) {
  std::atomic<bool> well = false;
  const script turns = answers([&] { return well ? token_reply() : reply("503 Service Unavailable", "{}"); });
  scripted_server one{api(), {turns}, "127.0.0.2"};
  scripted_server other{api(), {turns}, "127.0.0.3", one.port()};
  names_lead_to({"127.0.0.2", "127.0.0.3"});
  auto with = options(one.port());
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(with)};
    const mint_request for_failed = login("se-1");
    const mint_result failed = co_await c.mint(for_failed);
    EXPECT_EQ(name_of(failed), "server_error");
    well = true;
    const mint_request for_minted = login("se-2");
    const mint_result minted = co_await c.mint(for_minted);
    EXPECT_TRUE(minted) << minted.error();
  });
}

// behaviours: A2
TEST(sick_nodes, ipv6_path_that_swallows_the_handshake_gives_way_to_ipv4_within_the_deadline) {
  scripted_server four{api(), {mints()}, "127.0.0.1"};
  std::optional<scripted_server> six;
  try {
    six.emplace(api(), std::vector<script>{sicknesses().front().does}, "::1", four.port());
  } catch (const std::exception&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  names_lead_to({"::1", "127.0.0.1"});
  auto with = options(four.port());
  with.deadline = 3s;  // less than one handshake's time
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(with)};
    tally seen;
    auto logins = one_after_the_other(c, 12, seen);
    co_await std::move(logins);
    expect_all(seen, 12);
    EXPECT_EQ(six->connections(), 1);
  });
}

// behaviours: A3
TEST(sick_nodes, connection_that_stays_at_a_sick_backend_costs_at_most_one_of_40_logins) {
  for (const int good_replies : {0, 1, 3})
    for (const std::size_t most : {1u, 8u}) {
      std::atomic<int> left = good_replies;
      const script sick =
          answers([&] { return left-- > 0 ? token_reply() : reply("503 Service Unavailable", "{}"); });
      scripted_server balancer{api(), {sick, mints()}, "127.0.0.2"};
      names_lead_to({"127.0.0.2"});
      auto with = options(balancer.port());
      with.max_connections = most;
      const tally seen = outcome_of(with, [](client& c, tally& t) { return one_after_the_other(c, 40, t); });
      EXPECT_GE(seen.minted, 39) << good_replies << ' ' << most;
      EXPECT_LE(balancer.connections(), 2);
    }
}

// behaviours: A6
TEST(sick_nodes, node_half_set_up_costs_at_most_two_of_10_logins) {
  const std::string page = "<html>It works!</html>";
  for (const std::string& said :
       {reply("200 OK", "{}"), reply("200 OK", page), reply("200 OK", ""), reply("404 Not Found", page),
        reply("404 Not Found", ""), reply("301 Moved Permanently", page)}) {
    two_nodes nodes{answers([said] { return said; })};
    const tally seen = outcome_of(options(nodes.healthy.port()),
                                  [](client& c, tally& t) { return one_after_the_other(c, 10, t); });
    EXPECT_GE(seen.minted, 8) << said;
  }
}

// behaviours: A6
TEST(sick_nodes, refusal_in_the_apis_own_words_accuses_no_node) {
  const std::string refusal =
      reply("400 Bad Request",
            R"({"request_id":"1","errors":[{"error_source":"shipengine","error_type":"validation",)"
            R"("error_code":"invalid_field_value","message":"no such account"}]})");
  two_nodes nodes{answers([refusal] { return refusal; })};
  const tally seen = outcome_of(options(nodes.healthy.port()),
                                [](client& c, tally& t) { return one_after_the_other(c, 10, t); });
  EXPECT_EQ(seen.minted, 0);
  EXPECT_EQ(nodes.sick->connections(), 1);
  EXPECT_EQ(nodes.healthy.connections(), 0);
}

// behaviours: N7
TEST(sick_nodes, address_that_moved_costs_no_login) {
  scripted_server new_place{api(), {mints()}, "127.0.0.3"};
  auto old_place =
      std::make_unique<scripted_server>(api(), std::vector<script>{mints()}, "127.0.0.2", new_place.port());
  names_lead_to({"127.0.0.2"});
  auto with = options(new_place.port());
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(with)};
    tally seen;
    auto before = one_after_the_other(c, 3, seen);
    co_await std::move(before);
    EXPECT_EQ(look_ups(), 1);
    names_lead_to({"127.0.0.3"});
    old_place.reset();
    auto after = one_after_the_other(c, 3, seen);
    co_await std::move(after);
    expect_all(seen, 6);
  });
}

}  // namespace
}  // namespace ephemint::test
