#include "support/http2_client.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

// The sandbox over HTTP/2, seen by a client whose frames are written by hand.

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using http2::error_code;
using http2::frame_type;
using sandbox::http2_use;
using sandbox::server;
using sandbox::server_options;

server_options with(http2_use use) {
  server_options options;
  options.http2 = use;
  return options;
}

TEST(sandbox_http2, mints_as_over_http1) {
  server api;
  http2_client client{api};
  const http2_answer answer = client.mint("se-7");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_EQ(answer.header("content-length"), std::to_string(answer.body.size()));
  EXPECT_FALSE(answer.header("x-shipengine-requestid").empty());
  const std::string login = R"("redirect_url":"https://localhost:)" + std::to_string(api.port());
  EXPECT_NE(answer.body.find(login), std::string::npos) << answer.body;
  EXPECT_EQ(api.stats().requests_by_account.at("se-7"), 1U);
}

TEST(sandbox_http2, both_protocols_on_one_port) {
  server api;
  http2_client second{api};
  sandbox_client first{api};
  sandbox_client offers_first{api, offering(api, "\x08http/1.1")};
  EXPECT_EQ(first.protocol(), "");
  EXPECT_EQ(offers_first.protocol(), "http/1.1");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(second.mint().status, 200U);
    EXPECT_EQ(first.mint().status, 200U);
    EXPECT_EQ(offers_first.mint().status, 200U);
  }
  const sandbox::server_stats stats = api.stats();
  EXPECT_EQ(stats.connections_opened, 3U);
  EXPECT_EQ(stats.http2_connections, 1U);
  EXPECT_EQ(stats.requests, 9U);
  EXPECT_EQ(stats.http2_requests, 3U);
}

TEST(sandbox_http2, never_answers_no_alpn) {
  server api{with(http2_use::never)};
  sandbox_client client{api, offering_http2(api)};
  EXPECT_EQ(client.protocol(), "");
  EXPECT_EQ(client.mint().status, 200U);
}

TEST(sandbox_http2, only_refuses_all_others) {
  server api{with(http2_use::only)};
  blocking_client first{api.port(), offering(api, "\x08http/1.1")};
  EXPECT_FALSE(first.handshake());
  blocking_client silent{api.port(), trusting(api)};
  EXPECT_TRUE(silent.handshake()) << "nothing was asked, so that only what follows can tell";
  silent.send(token_request(api.api_key(), "se-1"));
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(http2_client{api}.mint().status, 200U);
  EXPECT_EQ(api.stats().requests, 1U);
  EXPECT_EQ(api.stats().handshakes_failed, 2U);
}

TEST(sandbox_http2, old_tls_stays_with_http1) {
  server_options options;
  options.min_tls = sandbox::tls_version::tls_1_1;
  server api{options};
  client_settings old = offering_http2(api);
  old.max_version = TLS1_1_VERSION;
  blocking_client client{api.port(), old};
  if (!client.handshake()) GTEST_SKIP() << "this OpenSSL has no TLS 1.1";
  EXPECT_EQ(client.protocol(), "");
}

TEST(sandbox_http2, sessions_resume) {
  server api;
  http2_client first{api};
  first.mint();
  const session_ptr session = first.session();
  client_settings again = offering_http2(api);
  again.session = session.get();
  http2_client second{api, again};
  EXPECT_TRUE(second.resumed());
  EXPECT_EQ(second.mint().status, 200U);
}

TEST(sandbox_http2, many_streams_at_once_each_get_their_own_token) {
  server api;
  api.add_fault(sandbox::parse_fault("ping"));  // none is answered before all were asked
  http2_client client{api};
  std::vector<std::uint32_t> streams;
  std::set<std::string> bodies;
  for (int i = 0; i < 100; ++i) streams.push_back(client.ask("se-" + std::to_string(i)));
  for (const std::uint32_t stream : streams) {
    const http2_answer answer = client.answer(stream);
    EXPECT_EQ(answer.status, 200U);
    bodies.insert(answer.body);
  }
  EXPECT_EQ(bodies.size(), 100U);
  EXPECT_EQ(api.stats().peak_streams, 100U);
  EXPECT_EQ(api.stats().requests_by_account.size(), 100U);
  EXPECT_EQ(api.stats().refused_streams, 0U);
}

TEST(sandbox_http2, slow_reply_delays_no_other) {
  server api;
  api.add_fault(sandbox::parse_fault("account=slow,delay=1h"));
  http2_client client{api};
  client.ask("slow");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.mint("quick").status, 200U);
}

TEST(sandbox_http2, what_goes_with_the_connection_ends_with_it) {
  server api;
  api.add_fault(sandbox::parse_fault("delay=1h"));
  {
    http2_client client{api};
    for (int i = 0; i < 20; ++i) client.ask();
    EXPECT_TRUE(eventually([&] { return api.stats().requests == 20; }));
  }
  EXPECT_TRUE(eventually([&] { return api.stats().connections_open == 0; }));
}

TEST(sandbox_http2, wrong_requests_are_told_so) {
  server api;
  http2_client client{api};
  const auto status_of = [&](auto change) {
    http2::field_list fields = client.token_fields("se-1");
    change(fields);
    return client.answer(client.ask(fields)).status;
  };
  EXPECT_EQ(status_of([](auto& f) { f[0].value = "PUT"; }), 405U);
  EXPECT_EQ(status_of([](auto& f) { f[3].value = "/v1/nothing"; }), 404U);
  EXPECT_EQ(status_of([](auto& f) { f[4].value = "wrong"; }), 401U);
  EXPECT_EQ(status_of([](auto& f) { f[5].value = "a b"; }), 400U);
  EXPECT_EQ(status_of([](auto& f) { f.push_back(f[5]); }), 400U) << "an account twice";
  EXPECT_EQ(status_of([](auto& f) { f.resize(150, {"x-much", "of it"}); }), 400U);
  EXPECT_EQ(status_of([](auto&) {}), 200U) << "the connection lives";
  EXPECT_EQ(api.stats().connections_opened, 1U);
}

TEST(sandbox_http2, login_pages_are_shown) {
  server api;
  http2_client client{api};
  const std::string body = client.mint("se-9").body;
  const std::size_t at = body.find("/api/directlogin?token=");
  const std::string path = body.substr(at, body.find('"', at) - at);
  const http2::field_list get{
      {":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}};
  const http2_answer page = client.answer(client.ask(get));
  EXPECT_EQ(page.status, 200U);
  EXPECT_NE(page.body.find("se-9"), std::string::npos);
  EXPECT_EQ(api.stats().logins_shown, 1U);
}

TEST(sandbox_http2, streams_that_are_too_many_are_refused) {
  server_options options;
  options.max_streams = 2;
  options.faults = {sandbox::parse_fault("account=slow,delay=1h")};
  server api{options};
  http2_client client{api};
  client.ask("slow"), client.ask("slow");
  EXPECT_EQ(client.mint().reset, error_code::refused_stream);
  EXPECT_EQ(setting_in(client.frames.front(), http2::setting::max_concurrent_streams), 2U);
  EXPECT_EQ(api.stats().refused_streams, 1U);
  EXPECT_EQ(api.stats().requests, 2U);
}

TEST(sandbox_http2, limit_of_streams_changes_while_it_runs) {
  server api;
  http2_client old{api};
  EXPECT_EQ(old.mint().status, 200U);
  api.set_max_streams(0);
  const auto settings = old.read_until([](const auto& f) {
    return f.type == frame_type::settings && setting_in(f, http2::setting::max_concurrent_streams) == 0U;
  });
  EXPECT_TRUE(settings);
  EXPECT_EQ(old.mint().reset, error_code::refused_stream);
  api.set_max_streams(5);
  EXPECT_TRUE(old.read_until(frame_type::settings));
  EXPECT_EQ(old.mint().status, 200U);
  http2_client fresh{api};
  fresh.mint();
  EXPECT_EQ(setting_in(fresh.frames.front(), http2::setting::max_concurrent_streams), 5U);
  EXPECT_THROW(api.set_max_streams(1001), std::invalid_argument);
}

TEST(sandbox_http2, connections_are_dropped_and_reset) {
  for (const bool by_reset : {false, true}) {
    server api;
    http2_client client{api};
    EXPECT_EQ(client.mint().status, 200U);
    by_reset ? api.reset_connections() : api.drop_connections();
    EXPECT_FALSE(client.read_until(frame_type::goaway));
    EXPECT_EQ(client.end(), by_reset ? seen_end::reset : seen_end::cut);
  }
}

TEST(sandbox_http2, bytes_are_pushed_to_an_idle_connection) {
  server api;
  http2_client client{api};
  EXPECT_EQ(client.mint().status, 200U);
  api.push_idle(http2::ping("12345678"), true);
  EXPECT_TRUE(client.read_until(frame_type::ping));
  EXPECT_FALSE(client.read_frame());
  EXPECT_EQ(client.end(), seen_end::cut);
}

TEST(sandbox_http2, client_that_says_goodbye_gets_its_replies) {
  server_options options;
  options.latency = 20ms;
  server api{options};
  http2_client client{api};
  const std::uint32_t stream = client.ask();
  client.send(http2::goaway(0, error_code::no_error));
  EXPECT_EQ(client.answer(stream).status, 200U);
  EXPECT_FALSE(client.read_frame());
  EXPECT_EQ(client.end(), seen_end::notified);
}

TEST(sandbox_http2, stop_ends_what_waits) {
  server api;
  api.add_fault(sandbox::parse_fault("delay=1h"));
  http2_client client{api};
  const std::uint32_t stream = client.ask();
  EXPECT_TRUE(eventually([&] { return api.stats().requests == 1; }));
  api.stop();
  EXPECT_FALSE(client.answer(stream).complete);
  EXPECT_EQ(client.end(), seen_end::cut);
}

TEST(sandbox_http2, client_that_goes_at_any_byte_leaves_nothing) {
  server api;
  api.add_fault(sandbox::parse_fault("drip=1ms,ping,max_streams=5,interim=1"));
  std::string all = std::string{http2::preface} + http2::settings();
  {
    const http2_client asking{api};
    for (const std::uint32_t stream : {1u, 3u})
      all += http2::headers(stream, http2::block(asking.token_fields("se-1")), true);
  }
  all += http2::rst_stream(1, error_code::cancel) + http2::ping("12345678");
  for (std::size_t size = 0; size <= all.size(); size += size < 60 ? 1 : 13) {
    blocking_client client{api.port(), offering_http2(api)};
    ASSERT_TRUE(client.handshake());
    if (size != 0) client.send(all.substr(0, size));
    client.read_some();  // the server's SETTINGS at least
  }
  EXPECT_TRUE(eventually([&] { return api.stats().connections_open == 0; }));
  api.clear_faults();
  EXPECT_EQ(http2_client{api}.mint().status, 200U);
}

// --- Hostile clients.

TEST(sandbox_http2, text_of_http1_gets_a_goaway) {
  server api;
  blocking_client client{api.port(), offering_http2(api)};
  ASSERT_TRUE(client.handshake());
  client.send(token_request(api.api_key(), "se-1"));
  http2::frame_reader reader;
  reader.take(client.read_all());
  EXPECT_EQ(reader.next()->type, frame_type::settings);
  const auto goaway = reader.next();
  ASSERT_TRUE(goaway && goaway->type == frame_type::goaway);
  EXPECT_EQ(goaway->code(), error_code::protocol_error);
  EXPECT_EQ(client.end(), seen_end::notified);
  EXPECT_EQ(api.stats().requests, 0U);
}

TEST(sandbox_http2, flood_is_ended_by_a_goaway_and_leaves_the_others_alone) {
  server api;
  http2_client other{api};
  http2_client hostile{api};
  hostile.answers = false;
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += http2::window_update(0, 1);
  for (int i = 0; i < 40; ++i)
    if (!hostile.send(flood)) break;
  const auto goaway = hostile.read_until(frame_type::goaway);
  ASSERT_TRUE(goaway);
  EXPECT_EQ(goaway->code(), error_code::enhance_your_calm);
  EXPECT_EQ(other.mint().status, 200U);
  EXPECT_TRUE(eventually([&] { return api.stats().connections_open == 1; }));
}

TEST(sandbox_http2, rapid_reset_is_ended) {
  server api;
  api.add_fault(sandbox::parse_fault("account=gone,delay=1h"));
  http2_client hostile{api};
  hostile.answers = false;
  const std::string block = http2::block(hostile.token_fields("gone"));
  std::uint32_t stream = 1;
  bool open = true;
  for (int i = 0; i < 60 && open; ++i) {
    std::string bytes;
    for (int j = 0; j < 100; ++j, stream += 2)
      bytes += http2::headers(stream, block, true) + http2::rst_stream(stream, error_code::cancel);
    open = hostile.send(bytes);
  }
  hostile.read_until(frame_type::goaway);
  EXPECT_TRUE(eventually([&] { return api.stats().connections_open == 0; }));
  EXPECT_EQ(http2_client{api}.mint("se-1").status, 200U);
}

TEST(sandbox_http2, client_that_does_not_read_holds_up_itself_alone) {
  server api;
  api.add_fault(sandbox::parse_fault("account=big,body_padding=60000"));
  http2_client deaf{api, http2::settings({{http2::setting::initial_window_size, 0x7fffffff}})};
  deaf.send(http2::window_update(0, 0x7fff0000 - 65'535));
  for (int i = 0; i < 100; ++i) deaf.ask("big");  // 6 MB, more than sockets hold
  EXPECT_TRUE(eventually([&] { return api.stats().requests == 100; }));
  EXPECT_EQ(deaf.mint("one more").reset, std::nullopt) << "this reads all that waits";
  http2_client other{api};
  EXPECT_EQ(other.mint().status, 200U);
}

}  // namespace
}  // namespace ephemint::test
