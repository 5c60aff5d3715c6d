#include "support/sandbox_fixture.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <vector>

// The sandbox as its users see it: the API over a real connection, and the server's lifetime.

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;

std::string json_text(const std::string& body, const std::string& name) {
  const std::string start = '"' + name + "\":\"";
  const std::size_t at = body.find(start);
  if (at == body.npos) return {};
  return body.substr(at + start.size(), body.find('"', at + start.size()) - at - start.size());
}

TEST(sandbox, mints_a_token_that_opens_the_login_page) {
  sandbox::server server;
  sandbox_client client{server};
  const http_reply minted = client.mint("se-42");
  ASSERT_EQ(minted.status, 200U) << minted.head << minted.body;
  EXPECT_EQ(minted.header("X-ShipEngine-RequestID").size(), 36U);
  const std::string url = json_text(minted.body, "redirect_url");
  ASSERT_TRUE(url.starts_with(server.base_url() + "/api/directlogin?token=eyJ")) << url;

  const http_reply page = client.get(url.substr(server.base_url().size()) + "&redirect_to=billing");
  EXPECT_EQ(page.status, 200U);
  EXPECT_NE(page.body.find("<dd id=\"account\">se-42</dd>"), page.body.npos);
  const sandbox::server_stats stats = server.stats();
  EXPECT_EQ(stats.connections_opened, 1U);
  EXPECT_EQ(stats.connections_open, 1U);
  EXPECT_EQ(stats.handshakes_full, 1U);
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.minted, 1U);
  EXPECT_EQ(stats.logins_shown, 1U);
  EXPECT_EQ(stats.replies_by_status.at(200), 2U);
}

TEST(sandbox, token_dies) {
  sandbox::server server{{.token_lifetime = 50ms}};
  sandbox_client client{server};
  const std::string target = json_text(client.mint().body, "redirect_url").substr(server.base_url().size());
  EXPECT_TRUE(eventually([&] { return client.get(target).status == 403; }));
  EXPECT_GE(server.stats().logins_refused, 1U);
}

TEST(sandbox, connection_serves_many_requests) {
  sandbox::server server;
  sandbox_client client{server};
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.mint("se-" + std::to_string(i)).status, 200U);
  EXPECT_EQ(server.stats().connections_opened, 1U);
  EXPECT_EQ(server.stats().requests_by_account.size(), 100U);
}

TEST(sandbox, pipelined_requests_are_answered_in_order) {
  sandbox::server server;
  sandbox_client client{server};
  client.send(token_request(server.api_key(), "a") + token_request("wrong", "b") +
              token_request(server.api_key(), "c"));
  EXPECT_EQ(client.read_reply().status, 200U);
  EXPECT_EQ(client.read_reply().status, 401U);
  EXPECT_EQ(client.read_reply().status, 200U);
}

TEST(sandbox, both_loopback_addresses_are_served) {
  sandbox::server server;
  for (const char* address : {"127.0.0.1", "::1"}) {
    client_settings settings = trusting(server);
    settings.address = address;
    settings.host = address;
    std::optional<sandbox_client> client;
    try {
      client.emplace(server, settings);
    } catch (const std::runtime_error&) {
      ASSERT_STREQ(address, "::1");  // a machine without IPv6
      continue;
    }
    EXPECT_EQ(client->mint().status, 200U) << address;
  }
}

TEST(sandbox, limit_bites_over_the_wire) {
  sandbox::server server{{.limit = {.kind = sandbox::limiter_kind::sliding_window, .requests = 3}}};
  sandbox_client client{server};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.mint().status, 200U);
  const http_reply refused = client.mint();
  EXPECT_EQ(refused.status, 429U);
  EXPECT_EQ(refused.header("Retry-After"), "60");
  EXPECT_EQ(json_text(refused.body, "error_code"), "rate_limit_exceeded");
  server.set_rate_limit({});
  EXPECT_EQ(client.mint().status, 200U);
  EXPECT_EQ(server.stats().rate_limited, 1U);
}

TEST(sandbox, many_clients_at_once_are_all_counted) {
  sandbox::server server;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&server, t] {
      sandbox_client client{server};
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(client.mint("se-" + std::to_string(t)).status, 200U);
        if (i % 10 == 0) server.set_rate_limit({});
        if (i % 10 == 5) server.stats();
      }
    });
  for (std::thread& thread : threads) thread.join();
  const sandbox::server_stats stats = server.stats();
  EXPECT_EQ(stats.minted, 200U);
  EXPECT_EQ(stats.connections_opened, 4U);
  for (int t = 0; t < 4; ++t) EXPECT_EQ(stats.requests_by_account.at("se-" + std::to_string(t)), 50U);
}

TEST(sandbox, hostile_bytes_get_a_400_and_the_door) {
  sandbox::server server;
  const std::string cases[] = {
      "nonsense\r\n\r\n",
      std::string(100, '\0'),
      "POST / HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'x'),
  };
  for (const std::string& bytes : cases) {
    sandbox_client client{server};
    client.send(bytes);
    EXPECT_EQ(client.read_reply().status, 400U) << bytes.substr(0, 60);
    client.read_all();
    EXPECT_EQ(client.end(), seen_end::notified) << bytes.substr(0, 60);
  }
  EXPECT_EQ(sandbox_client{server}.mint().status, 200U);
}

TEST(sandbox, an_empty_chunked_body_that_comes_in_pieces_is_an_empty_body) {
  sandbox::server server;
  sandbox_client client{server};
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  client.send("\r");
  client.send("\n");
  EXPECT_EQ(client.read_reply().status, 404U);
  EXPECT_EQ(client.mint().status, 200U);
}

TEST(sandbox, half_a_request_and_no_request_end_quietly) {
  sandbox::server server;
  {
    sandbox_client half{server};
    half.send("POST /v1/tokens");
    sandbox_client none{server};
    const blocking_client nothing{server.port(), trusting(server)};
  }
  EXPECT_TRUE(eventually([&] { return server.stats().connections_open == 0; }));
  EXPECT_EQ(server.stats().requests, 0U);
}

TEST(sandbox, ca_file_is_written_or_it_says_why_not) {
  const sandbox::server server;
  const std::string path =
      testing::TempDir() + "ephemint_sandbox_ca_" + std::to_string(server.port()) + ".pem";
  server.write_ca_file(path);
  std::ifstream file{path};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{file}, {}), server.ca_pem());
  std::remove(path.c_str());
  EXPECT_THROW(server.write_ca_file("/no/such/directory/ca.pem"), std::system_error);
}

TEST(sandbox, bad_options_throw_before_anything_listens) {
  EXPECT_THROW(sandbox::server({.token_lifetime = 0ms}), std::invalid_argument);
  EXPECT_THROW(sandbox::server({.faults = {{.every = 0}}}), std::invalid_argument);
}

TEST(sandbox, port_that_is_taken_is_named) {
  const sandbox::server first;
  try {
    const sandbox::server second{{.port = first.port()}};
    FAIL();
  } catch (const std::system_error& why) {
    EXPECT_NE(std::string{why.what()}.find(std::to_string(first.port())), std::string::npos) << why.what();
  }
}

TEST(sandbox, stopped_server_closes_all_and_still_counts) {
  sandbox::server server;
  sandbox_client client{server};
  EXPECT_EQ(client.mint().status, 200U);
  server.stop();
  server.stop();
  client.read_all();
  EXPECT_EQ(client.end(), seen_end::cut);
  EXPECT_THROW(blocking_client(server.port(), trusting(server)), std::runtime_error);
  EXPECT_EQ(server.stats().minted, 1U);
  server.drop_connections();
  server.push_idle("x");
  server.forget_sessions();
}

TEST(sandbox, destruction_waits_for_nobody) {
  const auto began = std::chrono::steady_clock::now();
  {
    sandbox::server server{{.faults = {{.account = "late", .delay = 1h},
                                       {.account = "never",
                                        .end = sandbox::connection_end::stall,
                                        .end_at = sandbox::end_point::before_reply},
                                       {.account = "slow", .drip = 1h}}}};
    std::vector<std::unique_ptr<sandbox_client>> waiting;
    for (const char* account : {"late", "never", "slow"}) {
      waiting.push_back(std::make_unique<sandbox_client>(server));
      waiting.back()->send(token_request(server.api_key(), account));
    }
    const blocking_client silent{server.port(), trusting(server)};
    EXPECT_TRUE(eventually([&] { return server.stats().requests == 3; }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST(sandbox, serves_on_the_executor_that_it_is_given) {
  boost::asio::thread_pool pool{2};
  {
    sandbox::server server{pool.get_executor()};
    std::vector<std::unique_ptr<sandbox_client>> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<sandbox_client>(server));
    for (const auto& client : clients) EXPECT_EQ(client->mint().status, 200U);
    server.drop_connections();
    for (const auto& client : clients) client->read_all();
    EXPECT_EQ(clients.front()->end(), seen_end::cut);
  }
  pool.join();
}

TEST(sandbox, executor_that_never_runs_again_holds_nothing_up) {
  boost::asio::io_context context;
  auto work = boost::asio::make_work_guard(context);
  std::thread runner{[&] { context.run(); }};
  std::optional<sandbox::server> server;
  server.emplace(context.get_executor(), sandbox::server_options{});
  sandbox_client client{*server};
  EXPECT_EQ(client.mint().status, 200U);
  context.stop();
  runner.join();
  server.reset();  // its sessions go when the context does
}

TEST(sandbox, executor_runs_out_of_work_once_it_is_stopped) {
  boost::asio::io_context context;
  sandbox::server server{context.get_executor(), {.faults = {{.delay = 1h}}}};
  std::thread runner{[&] { context.run(); }};
  sandbox_client client{server};
  client.send(token_request(server.api_key(), "a"));
  EXPECT_TRUE(eventually([&] { return server.stats().requests == 1; }));
  server.stop();
  runner.join();
  EXPECT_EQ(server.stats().connections_open, 0U);
}

}  // namespace
}  // namespace ephemint::test
