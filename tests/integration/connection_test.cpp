#include "connection_run.hpp"
#include "scripted_server.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ephemint::net {
namespace {

using test::connection_run;
using test::heard;
using test::peer;
using test::scripted_server;
using kind = test::heard::kind;

constexpr std::string_view request =
    "POST /v1/tokens/ephemeral HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken";

scripted_server serve(std::vector<scripted_server::script> scripts) {
  return scripted_server{connection_run::good_server(), std::move(scripts)};
}

/// Does the handshake, then `rest`.
scripted_server::script after_handshake(scripted_server::script rest) {
  return [rest = std::move(rest)](peer& client) {
    if (client.shake_hands()) rest(client);
  };
}

/// Reads one request, then does `rest`.
scripted_server::script after_request(scripted_server::script rest) {
  return after_handshake([rest = std::move(rest)](peer& client) {
    client.read_request();
    rest(client);
  });
}

void answer_all(peer& client) {
  while (client.read_request() == request) client.write(answer);
}

/// Opens a connection, sends its request, and returns the next event.
heard answer_to(connection_run& run) {
  EXPECT_EQ(run.dial().what, kind::connected);
  EXPECT_TRUE(run.send(request));
  return run.next();
}

heard answer_of(scripted_server::script script) {
  scripted_server server = serve({std::move(script)});
  connection_run run{server.port()};
  return answer_to(run);
}

// --- the plain course

TEST(Connection, carries_one_request_after_another) {
  scripted_server server = serve({after_handshake(answer_all)});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(run.send(request));
    const heard reply = run.next();
    EXPECT_EQ(reply.what, kind::reply);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "token");
    EXPECT_TRUE(reply.reusable);
  }
  EXPECT_EQ(server.connections(), 1);
}

// behaviours: Q9
TEST(Connection, is_settled_when_the_tickets_come) {
  scripted_server server = serve({after_handshake(answer_all), after_handshake(answer_all)});
  connection_run run{server.port()};
  for (const bool resumed : {false, true}) {
    EXPECT_EQ(run.dial().resumed, resumed);
    EXPECT_TRUE(run.settling);
    run.settle();
    EXPECT_EQ(run.settled, 1);
    EXPECT_TRUE(run.send(request));
    EXPECT_EQ(run.next().body, "token");
    EXPECT_EQ(run.settled, 1) << "once";
    run.link->close();
    run.renew();
    run.settled = 0;
  }
}

// behaviours: Q9
TEST(Connection, without_tickets_is_settled_with_the_first_reply) {
  test::server_wishes silent = connection_run::good_server();
  silent.tickets = 0;
  scripted_server server{silent, {after_handshake(answer_all)}};
  connection_run run{server.port()};
  run.dial();
  EXPECT_TRUE(run.settling);
  EXPECT_TRUE(run.send(request));
  EXPECT_EQ(run.next().body, "token");
  EXPECT_EQ(run.settled, 1);
}

// behaviours: Q9
TEST(Connection, with_tls_1_2_nothing_follows_the_handshake) {
  test::server_wishes old = connection_run::good_server();
  old.greatest_version = TLS1_2_VERSION;
  scripted_server server{old, {after_handshake(answer_all)}};
  connection_run run{server.port()};
  run.dial();
  EXPECT_FALSE(run.settling);
  EXPECT_TRUE(run.send(request));
  EXPECT_EQ(run.next().body, "token");
  EXPECT_EQ(run.settled, 0);
}

TEST(Connection, the_next_request_may_be_sent_from_inside_the_reply) {
  scripted_server server = serve({after_handshake(answer_all)});
  connection_run run{server.port()};
  int left = 100;
  run.when_replied = [&] {
    if (--left > 0) {
      EXPECT_TRUE(run.send(request));
    }
  };
  EXPECT_EQ(answer_to(run).what, kind::reply);
  for (int i = 1; i < 100; ++i) EXPECT_EQ(run.next().body, "token");
}

TEST(Connection, closing_from_inside_the_reply_is_safe) {
  scripted_server server = serve({after_handshake(answer_all)});
  connection_run run{server.port()};
  run.when_replied = [&] { run.link->close(); };
  EXPECT_EQ(answer_to(run).body, "token");
  run.run_dry();
}

// behaviours: F15
TEST(Connection, tls_records_of_one_byte_are_a_reply_too) {
  const heard reply = answer_of(after_request([](peer& client) {
    client.write_in_pieces("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntoken\r\n0\r\n\r\n", 1);
    client.wait_for_goodbye();
  }));
  EXPECT_EQ(reply.what, kind::reply);
  EXPECT_EQ(reply.body, "token");
}

TEST(Connection, a_large_reply_comes_whole) {
  const std::string body(65536, 'b');
  const heard reply = answer_of(after_request([&](peer& client) {
    client.write("HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n");
    client.write_in_pieces(body, 16000);
    client.wait_for_goodbye();
  }));
  EXPECT_EQ(reply.body, body);
  EXPECT_TRUE(reply.reusable);
}

// --- connections that die

// behaviours: S1
TEST(Connection, an_idle_connection_that_the_server_closes_is_lost_at_once) {
  for (bool politely : {true, false}) {
    scripted_server server = serve({after_request([&](peer& client) {
      client.write(answer);
      if (politely) client.say_goodbye();
      client.end_writing();
      client.wait_for_goodbye();
    })});
    connection_run run{server.port()};
    EXPECT_EQ(answer_to(run).what, kind::reply);
    // Both came at once, perhaps: then the reply said so already.
    run.io.restart();
    run.io.run_for(connection_run::patience);
    EXPECT_TRUE(run.io.stopped());
    if (!run.told.empty()) {
      EXPECT_EQ(run.told.front().what, kind::lost);
      EXPECT_FALSE(run.told.front().fate);
    }
    run.told.clear();
  }
}

// behaviours: S2 S3
TEST(Connection, a_connection_that_ends_before_a_byte_of_the_reply_says_so) {
  for (const scripted_server::script& ending :
       {scripted_server::script{[](peer& client) { client.reset(); }},
        scripted_server::script{[](peer& client) { client.end_writing(); }},
        scripted_server::script{[](peer& client) { client.say_goodbye(); }}}) {
    const heard fresh = answer_of(after_request(ending));
    EXPECT_EQ(fresh.what, kind::lost);
    EXPECT_EQ(fresh.fate, fate::unknown);
    EXPECT_TRUE(fresh.why.retryable);
    EXPECT_EQ(fresh.why.code, mint_errc::connect_failed);

    scripted_server server = serve({after_request([&](peer& client) {
      client.write(answer);
      client.read_request();
      ending(client);
    })});
    connection_run run{server.port()};
    EXPECT_EQ(answer_to(run).what, kind::reply);
    ASSERT_TRUE(run.send(request));
    const heard reused = run.next();
    EXPECT_EQ(reused.what, kind::lost);
    EXPECT_EQ(reused.fate, fate::unprocessed) << "a server that has given it up";
  }
}

// behaviours: S4 F4
TEST(Connection, a_connection_that_ends_inside_the_reply_says_so) {
  for (bool politely : {true, false}) {
    const heard lost = answer_of(after_request([&](peer& client) {
      client.write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"token\":");
      if (politely)
        client.say_goodbye();
      else
        client.end_writing();
      client.wait_for_goodbye();
    }));
    EXPECT_EQ(lost.what, kind::lost);
    EXPECT_EQ(lost.fate, fate::begun);
    EXPECT_TRUE(lost.why.retryable);
  }
}

// behaviours: S12
TEST(Connection, an_answer_is_heard_though_a_reset_stands_behind_it) {
  std::promise<void> reset;
  scripted_server server = serve({after_request([&](peer& client) {
    client.write(answer);
    client.reset();
    reset.set_value();
  })});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  ASSERT_TRUE(run.send(request));
  reset.get_future().wait();
  const heard told = run.next();
  EXPECT_EQ(told.what, kind::reply);
  EXPECT_EQ(told.body, "token");
}

// behaviours: S5
TEST(Connection, a_request_that_cannot_leave_is_reported_as_unsent) {
  for (bool long_idle : {false, true}) {
    std::promise<void> gone;
    scripted_server server = serve({after_request([&](peer& client) {
      client.write(answer);
      client.reset();
      gone.set_value();
    })});
    connection_run run{server.port()};
    ASSERT_EQ(answer_to(run).what, kind::reply);
    gone.get_future().wait();
    const auto until = clock::now() + std::chrono::milliseconds{long_idle ? 12 : 0};
    while (clock::now() < until) continue;
    EXPECT_FALSE(run.send(request));
    run.run_dry();
  }
}

// behaviours: S1
TEST(Connection, a_fin_that_nobody_has_read_yet_is_noticed_before_a_request_is_spent) {
  std::promise<void> gone;
  scripted_server server = serve({after_request([&](peer& client) {
    client.write(answer);
    client.end_writing();
    gone.set_value();
    client.wait_for_goodbye();
  })});
  connection_run run{server.port()};
  run.when_replied = [&] { gone.get_future().wait(); };
  ASSERT_EQ(answer_to(run).what, kind::reply);
  const auto until = clock::now() + std::chrono::milliseconds{12};
  while (clock::now() < until) continue;
  EXPECT_FALSE(run.send(request));
  run.run_dry();
}

// behaviours: S9
TEST(Connection, bytes_that_nobody_asked_for_end_the_connection) {
  std::promise<void> may_speak;
  scripted_server server = serve({after_request([&](peer& client) {
    client.write(answer);
    may_speak.get_future().wait();
    client.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    client.wait_for_goodbye();
  })});
  connection_run run{server.port()};
  ASSERT_EQ(answer_to(run).what, kind::reply);
  may_speak.set_value();
  const heard lost = run.next();
  EXPECT_EQ(lost.what, kind::lost);
  EXPECT_FALSE(lost.fate);
}

// behaviours: S9
TEST(Connection, a_408_that_crossed_the_request_is_not_its_answer) {
  scripted_server server = serve({after_request([&](peer& client) {
    client.write(answer);
    client.read_request();
    client.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    client.wait_for_goodbye();
  })});
  connection_run run{server.port()};
  ASSERT_EQ(answer_to(run).what, kind::reply);
  ASSERT_TRUE(run.send(request));
  const heard lost = run.next();
  EXPECT_EQ(lost.what, kind::lost);
  EXPECT_EQ(lost.fate, fate::unprocessed);
}

// behaviours: S10
TEST(Connection, bytes_behind_a_reply_end_the_connection_not_the_reply) {
  for (std::size_t piece : {1UL, answer.size(), 1000UL}) {
    scripted_server server = serve({after_request([&](peer& client) {
      std::string both{answer};
      both.append("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
      client.write_in_pieces(both, piece);
      client.wait_for_goodbye();
    })});
    connection_run run{server.port()};
    const heard reply = answer_to(run);
    EXPECT_EQ(reply.body, "token");
    if (!reply.reusable) continue;
    EXPECT_EQ(run.next().what, kind::lost);  // they came a moment later
  }
}

// behaviours: F2 F3
TEST(Connection, a_body_without_length_is_complete_only_with_close_notify) {
  for (bool politely : {true, false}) {
    const heard seen = answer_of(after_request([&](peer& client) {
      client.write("HTTP/1.1 200 OK\r\n\r\ntoken");
      if (politely) client.say_goodbye();
      client.end_writing();
      client.wait_for_goodbye();
    }));
    EXPECT_EQ(seen.what, politely ? kind::reply : kind::lost);
    EXPECT_EQ(seen.body, politely ? "token" : "");
    EXPECT_FALSE(seen.reusable);
  }
}

// behaviours: F5 F12 F17
TEST(Connection, a_reply_that_breaks_the_rules_is_a_bad_response_and_not_tried_again) {
  const heard lost = answer_of(after_request([](peer& client) {
    client.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    client.wait_for_goodbye();
  }));
  EXPECT_EQ(lost.what, kind::lost);
  EXPECT_EQ(lost.why.code, mint_errc::bad_response);
  EXPECT_FALSE(lost.why.retryable);
  EXPECT_EQ(lost.fate, fate::begun);
}

// --- writing

const std::string large_request = "POST / HTTP/1.1\r\nX: " + std::string(8 << 20, 'x') + "\r\n\r\n";

TEST(Connection, a_request_that_the_socket_takes_in_parts_arrives_whole) {
  scripted_server server = serve({after_handshake([](peer& client) {
    const std::string whole = client.read_request();
    client.write(whole == large_request ? answer : "HTTP/1.1 500 Other\r\nContent-Length: 0\r\n\r\n");
    client.wait_for_goodbye();
  })});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  ASSERT_TRUE(run.send(large_request));
  const heard reply = run.next();
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.reusable);
}

// behaviours: F9
TEST(Connection, a_reply_before_the_request_was_written_whole_is_returned) {
  scripted_server server = serve({after_handshake([](peer& client) {
    client.wait_for_bytes();
    client.write(answer);
    client.wait_for_goodbye();
  })});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  ASSERT_TRUE(run.send(large_request));
  const heard reply = run.next();
  EXPECT_EQ(reply.body, "token");
  EXPECT_FALSE(reply.reusable);
}

// behaviours: C3
TEST(Connection, abandoned_in_the_middle_of_a_write_it_ends) {
  scripted_server server = serve({after_handshake([](peer& client) { client.wait_for_goodbye(); })});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  ASSERT_TRUE(run.send(large_request));
  EXPECT_TRUE(run.link->drop(run.sent));
  run.run_dry();
}

// behaviours: C3
TEST(Connection, abandoned_after_the_write_it_still_gives_the_answer) {
  scripted_server server = serve({after_handshake(answer_all)});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  ASSERT_TRUE(run.send(request));
  EXPECT_FALSE(run.link->drop(run.sent));
  EXPECT_EQ(run.next().body, "token");
}

// --- ending

// behaviours: T6
TEST(Connection, close_says_goodbye_and_waits_for_none) {
  std::promise<bool> goodbye;
  scripted_server server =
      serve({after_handshake([&](peer& client) { goodbye.set_value(client.wait_for_goodbye()); })});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  run.link->close();
  run.run_dry();
  EXPECT_TRUE(goodbye.get_future().get());
  run.link->close();  // once more does nothing
}

TEST(Connection, nothing_is_told_after_close) {
  scripted_server server = serve({after_handshake(answer_all)});
  connection_run run{server.port()};
  ASSERT_EQ(run.dial().what, kind::connected);
  ASSERT_TRUE(run.send(request));
  run.link->close();
  run.run_dry();
}

// behaviours: C7
TEST(Connection, a_context_destroyed_at_any_moment_leaves_nothing) {
  scripted_server server = serve({after_handshake(answer_all)});
  const auto settings = connection_run::settings_for(server.port(), "127.0.0.1");
  for (int steps = 0; steps < 12; ++steps) {  // the leak check of ASan is what looks here
    struct deaf final : test::quiet_observer {
      void on_open(link_id, link_room, const dial_facts&) override { link->send(1, {.text = request}); }
      void on_reply(link_id, attempt_id, const detail::http_reply&) override {
        link->send(2, {.text = request});
      }
      void on_failure(const failure&) override {}
      connection* link = nullptr;
    } observer;
    asio::io_context io{1};
    const auto gate = std::make_shared<serial_gate>(false);
    auto link = std::make_shared<connection>(io.get_executor(), gate,
                                             make_endpoint(io.get_executor(), gate, settings), 1, observer);
    observer.link = link.get();
    link->connect(connection_run::patience, connection_run::patience);
    link.reset();  // pending operations keep it alive
    for (int i = 0; i < steps; ++i) io.run_one_for(connection_run::patience);
  }
}

// behaviours: H4
TEST(Connection, a_gate_keeps_the_threads_of_a_busy_context_apart) {
  scripted_server server = serve({after_handshake(answer_all)});
  asio::io_context io{4};
  const auto gate = std::make_shared<serial_gate>(true);
  struct asker final : test::quiet_observer {
    void on_open(link_id, link_room, const dial_facts&) override { link->send(0, {.text = request}); }
    void on_reply(link_id, attempt_id, const detail::http_reply&) override {
      if (++replies < 200)
        link->send(0, {.text = request});
      else
        link->close();
    }
    void connect() noexcept { link->connect(connection_run::patience, connection_run::patience); }

    connection* link = nullptr;
    member_task<asker, &asker::connect> begin{*this};
    int replies = 0;
  };
  const auto end =
      make_endpoint(io.get_executor(), gate, connection_run::settings_for(server.port(), "127.0.0.1"));
  std::array<asker, 8> askers;
  std::vector<std::shared_ptr<connection>> links;
  for (asker& each : askers) {
    links.push_back(std::make_shared<connection>(io.get_executor(), gate, end, 1, each));
    each.link = links.back().get();
    gate->enter(each.begin, links.back(), completion::place::elsewhere);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&io] { io.run_for(4 * connection_run::patience); });
  for (std::thread& each : threads) each.join();
  for (const asker& each : askers) EXPECT_EQ(each.replies, 200);
}

}  // namespace
}  // namespace ephemint::net
