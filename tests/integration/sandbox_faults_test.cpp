#include "support/sandbox_fixture.hpp"

#include <optional>

// Faults, as seen on the wire.

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using sandbox::connection_end;
using sandbox::end_point;
using sandbox::fault;

class sandbox_faults : public testing::Test {
 protected:
  /// A new connection's first reply under the fault.
  http_reply first_reply(const char* spec) {
    server_.clear_faults();
    server_.add_fault(sandbox::parse_fault(spec));
    client_.emplace(server_);
    return client_->mint();
  }
  /// The state of the connection after everything has come.
  seen_end end_after_all() {
    surplus_ = client_->read_all();
    return client_->end();
  }

  sandbox::server server_;
  std::optional<sandbox_client> client_;
  std::string surplus_;
};

TEST_F(sandbox_faults, status_keeps_the_connection) {
  EXPECT_EQ(first_reply("status=503,count=1").status, 503U);
  EXPECT_EQ(client_->mint().status, 200U);
  EXPECT_EQ(server_.stats().connections_opened, 1U);
}

TEST_F(sandbox_faults, delay_is_kept) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(first_reply("delay=60ms").status, 200U);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 60ms);
}

TEST_F(sandbox_faults, ends_look_as_they_are_called) {
  struct {
    const char* spec;
    unsigned status;
    seen_end end;
  } const cases[] = {
      {"close", 200, seen_end::notified},
      {"cut", 200, seen_end::cut},
      {"close=before", 0, seen_end::notified},
      {"cut=before", 0, seen_end::cut},
      {"reset", 0, seen_end::reset},
      {"announce_close", 200, seen_end::notified},
      {"missing=5", 200, seen_end::notified},
      {"missing=5,cut", 200, seen_end::cut},
      {"until_close", 200, seen_end::notified},
      {"until_close,cut", 200, seen_end::cut},
      {"reset=inside:40", 0, seen_end::reset},
      {"cut=inside:40", 0, seen_end::cut},
      {"close=inside:40", 0, seen_end::notified},
  };
  for (const auto& c : cases) {
    const http_reply reply = first_reply(c.spec);
    EXPECT_EQ(reply.status, c.status) << c.spec;
    EXPECT_EQ(end_after_all(), c.end) << c.spec;
    const bool inside = std::string_view{c.spec}.find("inside") != std::string_view::npos;
    if (inside && c.end != seen_end::reset) {
      EXPECT_EQ(surplus_.size(), 40U) << c.spec;
    }
  }
}

TEST_F(sandbox_faults, reply_that_is_too_short_is_seen_as_such) {
  EXPECT_FALSE(first_reply("missing=5").complete);
  EXPECT_FALSE(first_reply("until_close,cut").complete);
  EXPECT_TRUE(first_reply("until_close").complete);
  EXPECT_TRUE(first_reply("close").complete);
}

TEST_F(sandbox_faults, unannounced_close_comes_after_the_whole_reply) {
  const http_reply reply = first_reply("close");
  EXPECT_EQ(reply.header("Connection"), "");
  EXPECT_EQ(first_reply("announce_close").header("Connection"), "close");
}

TEST_F(sandbox_faults, connection_goes_stale_at_its_second_request) {
  EXPECT_EQ(first_reply("nth=2,close=before").status, 200U);
  EXPECT_EQ(client_->mint().status, 0U);
  EXPECT_EQ(sandbox_client{server_}.mint().status, 200U);
}

TEST_F(sandbox_faults, stall_never_answers) {
  server_.add_fault(sandbox::parse_fault("stall"));
  client_settings impatient = trusting(server_);
  impatient.patience = 100ms;
  sandbox_client client{server_, impatient};
  EXPECT_EQ(client.mint().status, 0U);
  EXPECT_EQ(client.end(), seen_end::timed_out);
  EXPECT_EQ(server_.stats().connections_open, 1U);
}

TEST_F(sandbox_faults, stall_ends_when_the_client_goes) {
  {
    server_.add_fault(sandbox::parse_fault("stall"));
    sandbox_client client{server_};
    client.send(token_request(server_.api_key(), "a"));
    EXPECT_TRUE(eventually([&] { return server_.stats().requests == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return server_.stats().connections_open == 0; }));
}

TEST_F(sandbox_faults, odd_ways_of_sending_say_the_same) {
  for (const char* spec : {"chunked", "one_byte_records", "drip=1ms,header_padding=1", "interim=3",
                           "body_padding=9", "keep_alive=5", "chunked,one_byte_records,interim=2"}) {
    const http_reply reply = first_reply(spec);
    EXPECT_EQ(reply.status, 200U) << spec;
    EXPECT_TRUE(reply.complete) << spec;
    EXPECT_NE(reply.body.find("\"redirect_url\""), std::string::npos) << spec;
    EXPECT_EQ(client_->mint().status, 200U) << spec;
  }
}

TEST_F(sandbox_faults, big_replies_arrive_whole) {
  const http_reply body = first_reply("body_padding=1000000");
  EXPECT_TRUE(body.complete);
  EXPECT_GT(body.body.size(), 1'000'000U);
  EXPECT_GT(first_reply("header_padding=1000000").head.size(), 1'000'000U);
}

TEST_F(sandbox_faults, extra_bytes_follow_the_reply) {
  EXPECT_TRUE(first_reply("extra=surplus,close").complete);
  EXPECT_EQ(end_after_all(), seen_end::notified);
  EXPECT_EQ(surplus_, "surplus");
}

TEST_F(sandbox_faults, raw_bytes_and_nothing_else) {
  server_.add_fault({.raw_reply = std::string("\0\xff\r\n", 4), .end = connection_end::close});
  sandbox_client client{server_};
  client.send(token_request(server_.api_key(), "a"));
  EXPECT_EQ(client.read_all(), std::string("\0\xff\r\n", 4));
}

TEST_F(sandbox_faults, template_carries_a_good_token_in_bad_framing) {
  const http_reply reply = first_reply(
      R"(template="HTTP/1.1 200 OK\r\nContent-Length: $LENGTH\r\nTransfer-Encoding: gzip\r\n\r\n$BODY")");
  EXPECT_EQ(reply.header("Transfer-Encoding"), "gzip");
  EXPECT_TRUE(reply.complete);
  EXPECT_TRUE(reply.body.starts_with("{\"token\":\"eyJ")) << reply.body;
}

TEST_F(sandbox_faults, one_account_only) {
  first_reply("account=se-7,status=401");
  EXPECT_EQ(client_->mint("se-7").status, 401U);
  EXPECT_EQ(client_->mint("se-8").status, 200U);
}

TEST_F(sandbox_faults, all_connections_are_dropped_or_reset) {
  sandbox_client first{server_};
  sandbox_client second{server_};
  EXPECT_EQ(first.mint().status, 200U);
  EXPECT_EQ(second.mint().status, 200U);
  server_.drop_connections();
  for (sandbox_client* client : {&first, &second}) {
    client->read_all();
    EXPECT_EQ(client->end(), seen_end::cut);
  }
  sandbox_client third{server_};
  EXPECT_EQ(third.mint().status, 200U);
  server_.reset_connections();
  third.read_all();
  EXPECT_EQ(third.end(), seen_end::reset);
  EXPECT_TRUE(eventually([&] { return server_.stats().connections_open == 0; }));
}

TEST_F(sandbox_faults, bytes_are_pushed_on_idle_connections_only) {
  server_.add_fault(sandbox::parse_fault("account=busy,stall"));
  sandbox_client idle{server_};
  EXPECT_EQ(idle.mint().status, 200U);
  client_settings impatient = trusting(server_);
  impatient.patience = 100ms;
  sandbox_client busy{server_, impatient};
  busy.send(token_request(server_.api_key(), "busy"));
  EXPECT_TRUE(eventually([&] { return server_.stats().requests == 2; }));

  server_.push_idle("HTTP/1.1 408 Request Timeout\r\n\r\n");
  EXPECT_EQ(idle.read_all(), "HTTP/1.1 408 Request Timeout\r\n\r\n");
  EXPECT_EQ(idle.end(), seen_end::cut);
  EXPECT_EQ(busy.read_all(), "");
  EXPECT_EQ(busy.end(), seen_end::timed_out);
}

TEST_F(sandbox_faults, pushed_connection_may_stay) {
  sandbox_client client{server_};
  EXPECT_EQ(client.mint().status, 200U);
  server_.push_idle("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
  EXPECT_EQ(client.read_reply().body, "");
  EXPECT_NE(client.mint().body, "");
}

}  // namespace
}  // namespace ephemint::test
