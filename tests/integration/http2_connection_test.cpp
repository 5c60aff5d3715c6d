#include "codec/request.hpp"
#include "connection_run.hpp"
#include "http2_script.hpp"
#include "scripted_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;
using namespace test::http2;
using test::connection_run;
using test::http2_script;
using test::peer;
using test::scripted_server;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

scripted_server serve(std::vector<scripted_server::script> scripts,
                      std::vector<std::string> protocols = {"h2", "http/1.1"}) {
  auto wishes = connection_run::good_server();
  wishes.protocols = std::move(protocols);
  return scripted_server{wishes, std::move(scripts)};
}

/// The value from the server's thread; an empty value after 5 s without one.
template <class Value>
Value value_of(std::promise<Value>& said) {
  auto coming = said.get_future();
  const bool came = coming.wait_for(5s) == std::future_status::ready;
  EXPECT_TRUE(came) << "the server has said nothing";
  return came ? coming.get() : Value{};
}

/// One connection, and what its observer was told, in words.
class http2_run : public link_observer {
 public:
  explicit http2_run(std::uint16_t port, http_offer offer = http_offer::both) {
    endpoint_settings settings = connection_run::settings_for(port, "127.0.0.1");
    settings.http = offer;
    end = std::make_shared<endpoint>(io.get_executor(), gate, settings);
    renew();
  }
  ~http2_run() {
    link->close();
    io.restart();
    io.run_for(5s);
    EXPECT_TRUE(io.stopped()) << "work is left";
  }

  void renew() { link = std::make_shared<connection>(io.get_executor(), gate, end, 1, *this); }
  void dial() { link->connect(5s, 5s); }
  void ask(attempt_id attempt) {
    EXPECT_TRUE(link->send(attempt, writer.write("se-" + std::to_string(attempt))));
  }

  /// Runs until so much was told, or for 5 s.
  std::vector<std::string> next(std::size_t count) {
    const auto limit = std::chrono::steady_clock::now() + 5s;
    io.restart();
    while (told.size() < count && io.run_one_until(limit) != 0) continue;
    return std::exchange(told, {});
  }

  void on_open(link_id, link_room room, const dial_facts&) override {
    told.push_back("open " + std::to_string(room.capacity) + (room.shared ? " shared" : ""));
    settling = room.settling;
    if (when_open) when_open();
  }
  void on_dial_failed(link_id, const failure& why) override {
    told.push_back("no dial: " + std::string{why.message});
    last = why;
  }
  void on_capacity(link_id, std::uint32_t capacity) override { last_capacity = capacity; }
  void on_heard(link_id) override { told.emplace_back("heard"); }
  void on_settled(link_id) override { settled = true; }
  void on_retiring(link_id) override { told.emplace_back("retiring"); }
  void on_reply(link_id, attempt_id attempt, const detail::http_reply& reply) override {
    EXPECT_TRUE(reply.reusable);
    told.push_back("reply " + std::to_string(attempt) + ' ' + std::string{reply.body});
    if (when_replied) when_replied();
  }
  void on_attempt_lost(link_id, attempt_id attempt, fate, const failure& why) override {
    told.push_back("lost " + std::to_string(attempt));
    last = why;
  }
  void on_gone(link_id, fate what, const failure& why) override {
    told.push_back("gone " + std::to_string(static_cast<int>(what)));
    last = why;
  }

  asio::io_context io{1};
  std::shared_ptr<serial_gate> gate = std::make_shared<serial_gate>(false);
  std::shared_ptr<endpoint> end;
  std::shared_ptr<connection> link;
  detail::request_writer writer{"127.0.0.1", "/v1/tokens/ephemeral", secret{"TEST_key"}, "agent"};
  std::vector<std::string> told;
  std::uint32_t last_capacity = 0;
  bool settling = false, settled = false;
  failure last;
  std::function<void()> when_open, when_replied;
};

TEST(Http2Connection, carries_many_requests_whose_answers_come_in_any_order) {
  scripted_server server = serve({[](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    std::string answers;
    for (int i = 0; i < 5; ++i) {
      const auto stream = script.request();
      answers = script.answer(stream, "token" + std::to_string(stream)) + answers;
    }
    script.write(answers);
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.dial();
  EXPECT_THAT(run.next(1), ElementsAre(HasSubstr("shared")));
  for (attempt_id attempt = 1; attempt <= 5; ++attempt) run.ask(attempt);
  run.link->flush();
  EXPECT_THAT(run.next(5), ElementsAre("reply 5 token9", "reply 4 token7", "reply 3 token5", "reply 2 token3",
                                       "reply 1 token1"));
}

TEST(Http2Connection, a_request_that_is_alone_does_not_wait_for_the_loop) {
  std::promise<std::uint32_t> asked;
  scripted_server server = serve({[&](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.write(script.answer(1));
    asked.set_value(script.request());
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] { run.ask(1); };
  run.dial();
  EXPECT_EQ(run.next(2).back(), "reply 1 token");
  run.ask(2);
  run.link->flush();
  EXPECT_EQ(value_of(asked), 3U);
}

// One record, and so one write: the server reads them at once. Whether more follow the first isn't known.
TEST(Http2Connection, what_is_asked_in_one_turn_of_the_loop_leaves_together) {
  std::promise<int> records;
  scripted_server server = serve({[&](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.write(script.answer(1));
    const int before = script.reads();
    for (int i = 0; i < 20; ++i) script.request();
    records.set_value(script.reads() - before);
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] {
    run.ask(0);
    run.link->flush();
  };
  run.dial();
  EXPECT_EQ(run.next(2).back(), "reply 0 token");
  for (attempt_id attempt = 1; attempt <= 20; ++attempt) {
    run.ask(attempt);
    run.link->flush();
  }
  run.io.restart();
  run.io.run_for(10ms);
  EXPECT_LE(value_of(records), 3);  // two; the acknowledgement of the settings may come between
}

/// What waits in the socket when a write fails: the answers to two requests, and a reset behind them.
void answer_two_and_reset(peer& client, std::promise<bool>& done) {
  http2_script script{client};
  bool answered = script.begin();
  const auto first = script.request(), second = script.request();
  answered = answered && script.write(script.answer(first)) && script.write(script.answer(second));
  client.reset();
  done.set_value(answered);
}

// behaviours: S12
TEST(Http2Connection, what_was_answered_before_a_reset_is_heard_though_a_write_fails_first) {
  std::promise<bool> reset;
  scripted_server server = serve({[&](peer& client) { answer_two_and_reset(client, reset); }});
  http2_run run{server.port()};
  run.when_open = [&] {
    run.ask(1);
    run.ask(2);
  };
  run.dial();
  EXPECT_THAT(run.next(1), ElementsAre(HasSubstr("shared")));
  ASSERT_TRUE(value_of(reset));
  run.ask(3);
  run.link->flush();
  EXPECT_THAT(run.next(3), ElementsAre("reply 1 token", "reply 2 token",
                                       "gone " + std::to_string(static_cast<int>(fate::unprocessed))));
}

TEST(Http2Connection, the_next_requests_may_be_sent_from_inside_a_reply) {
  scripted_server server = serve({[](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    while (const auto stream = script.request()) script.write(script.answer(stream));
  }});
  http2_run run{server.port()};
  attempt_id asked = 0;
  run.when_open = run.when_replied = [&] {
    if (asked < 100) run.ask(asked++);
    run.link->flush();
  };
  run.dial();
  EXPECT_EQ(run.next(101).size(), 101U);
}

TEST(Http2Connection, closing_from_inside_a_reply_is_safe) {
  scripted_server server = serve({[](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.request();
    script.write(script.answer(1) + script.answer(3));
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] {
    run.ask(1);
    run.ask(2);
  };
  run.when_replied = [&] { run.link->close(); };
  run.dial();
  EXPECT_EQ(run.next(3).size(), 2U);
}

TEST(Http2Connection, more_than_one_read_is_taken_whole) {
  const std::string body(40000, 'b');
  scripted_server server = serve({[&](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    for (std::uint32_t stream = 1; stream < 9; stream += 2) script.request();
    client.join_writes();
    for (std::uint32_t stream = 1; stream < 9; stream += 2) {
      script.write(headers(stream, block({{":status", "200"}})));
      for (std::size_t at = 0; at < body.size(); at += 10000)
        script.write(data(stream, std::string_view{body}.substr(at, 10000), at + 10000 == body.size()));
    }
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] {
    for (attempt_id attempt = 1; attempt <= 4; ++attempt) run.ask(attempt);
  };
  run.dial();
  const auto told = run.next(5);
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(told[4], "reply 4 " + body);
}

TEST(Http2Connection, settings_tell_its_capacity_and_the_next_one_begins_with_that) {
  const auto script = [](peer& client) {
    http2_script one{client};
    if (!one.begin({{setting::max_concurrent_streams, 3}})) return;
    one.request();
    one.write(one.answer(1));
    client.wait_for_goodbye();
  };
  scripted_server server = serve({script});
  http2_run run{server.port()};
  run.when_open = [&] { run.ask(1); };
  run.dial();
  EXPECT_EQ(run.next(2).back(), "reply 1 token");
  run.link->close();
  run.renew();
  run.dial();
  EXPECT_THAT(run.next(2), ElementsAre("open 3 shared", "reply 1 token"));
}

TEST(Http2Connection, says_goodbye_before_it_closes) {
  std::promise<bool> heard;
  scripted_server server = serve({[&](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.write(script.answer(1));
    const auto farewell = script.next(frame_type::goaway);
    heard.set_value(farewell && farewell->code() == error_code::no_error);
  }});
  http2_run run{server.port()};
  run.when_open = [&] { run.ask(1); };
  run.dial();
  EXPECT_EQ(run.next(2).back(), "reply 1 token");  // whatever the server had to say is read
  run.link->close();
  EXPECT_TRUE(value_of(heard));
}

TEST(Http2Connection, an_end_is_told_with_what_became_of_the_rest) {
  scripted_server server = serve({[](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.request();
    script.write(script.answer(1));
    client.say_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] {
    run.ask(1);
    run.ask(2);
  };
  run.dial();
  const auto told = run.next(3);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[1], "reply 1 token");
  EXPECT_EQ(told[2], "gone " + std::to_string(static_cast<int>(fate::unknown)));
}

TEST(Http2Connection, one_that_closed_while_it_rested_has_processed_nothing) {
  std::promise<void> closed;
  scripted_server server = serve({[&](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.write(script.answer(1));
    client.wait_for_bytes();  // the acknowledgement of the settings, or the next request
    client.end_writing();
    closed.set_value();
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] { run.ask(1); };
  run.dial();
  EXPECT_EQ(run.next(2).back(), "reply 1 token");
  run.ask(2);  // nothing was read since
  run.link->flush();
  EXPECT_EQ(closed.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_THAT(run.next(1), ElementsAre("gone " + std::to_string(static_cast<int>(fate::unprocessed))));
}

TEST(Http2Connection, a_goaway_retires_it_and_what_it_took_is_answered) {
  scripted_server server = serve({[](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.request();
    script.write(goaway(1, error_code::no_error) + script.answer(1));
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] {
    run.ask(1);
    run.ask(2);
  };
  run.dial();
  const auto told = run.next(4);
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(told[1], "retiring");
  EXPECT_THAT((std::vector{told[2], told[3]}), UnorderedElementsAre("lost 2", "reply 1 token"));
}

TEST(Http2Connection, a_sign_of_life_is_asked_for_and_heard) {
  scripted_server server = serve({[](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    const auto asked = script.next(frame_type::ping);
    if (asked) script.write(ping(asked->payload, true));
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.dial();
  run.next(1);
  run.link->probe();
  run.link->flush();
  EXPECT_THAT(run.next(1), ElementsAre("heard"));
}

// behaviours: Q9
TEST(Http2Connection, is_settled_when_the_server_has_its_settings) {
  scripted_server server = serve({[](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    const auto stream = script.request();
    script.write(settings_ack() + script.answer(stream));
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.dial();
  run.next(1);
  EXPECT_TRUE(run.settling);
  EXPECT_FALSE(run.settled);
  run.ask(1);
  run.link->flush();
  EXPECT_THAT(run.next(1), ElementsAre("reply 1 token"));
  EXPECT_TRUE(run.settled);
}

TEST(Http2Connection, what_is_given_up_is_reset_and_the_others_go_on) {
  std::promise<std::uint32_t> reset;
  scripted_server server = serve({[&](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.request();
    const auto seen = script.next(frame_type::rst_stream);
    reset.set_value(seen ? seen->stream : 0);
    script.write(script.answer(3));
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] {
    run.ask(1);
    run.ask(2);
  };
  run.dial();
  run.next(1);
  EXPECT_FALSE(run.link->drop(1));
  EXPECT_FALSE(run.link->reset(1));
  run.link->flush();
  EXPECT_THAT(run.next(1), ElementsAre("reply 2 token"));
  EXPECT_EQ(value_of(reset), 1U);
}

TEST(Http2Connection, what_breaks_http2_ends_it_with_the_reason) {
  std::promise<error_code> said;
  scripted_server server = serve({[&](peer& client) {
    http2_script script{client};
    if (!script.begin()) return;
    script.request();
    script.write(frame(frame_type::settings, 0, 0, "12345"));
    const auto farewell = script.next(frame_type::goaway);
    said.set_value(farewell ? *farewell->code() : error_code::no_error);
  }});
  http2_run run{server.port()};
  run.when_open = [&] { run.ask(1); };
  run.dial();
  EXPECT_EQ(run.next(2).back(), "gone " + std::to_string(static_cast<int>(fate::unknown)));
  EXPECT_TRUE(run.last.retryable);
  EXPECT_EQ(value_of(said), error_code::frame_size_error);
}

// --- which protocol

TEST(Http2Connection, a_server_without_it_is_spoken_to_in_http_1_1) {
  for (const auto& protocols : {std::vector<std::string>{"http/1.1"}, std::vector<std::string>{}}) {
    scripted_server server = serve({[](peer& client) {
                                     if (!client.shake_hands()) return;
                                     client.read_request();
                                     client.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken");
                                     client.wait_for_goodbye();
                                   }},
                                   protocols);
    http2_run run{server.port()};
    run.when_open = [&] { run.ask(1); };
    run.dial();
    EXPECT_THAT(run.next(2), ElementsAre("open 1", "reply 1 token"));
  }
}

TEST(Http2Connection, if_nothing_else_is_allowed_such_a_server_gets_no_request) {
  std::promise<std::string> got;
  scripted_server server = serve(
      {[&](peer& client) { got.set_value(client.shake_hands() ? client.read_request() : "no handshake"); }},
      {"http/1.1"});
  http2_run run{server.port(), http_offer::http2};
  run.dial();
  EXPECT_THAT(run.next(1), ElementsAre("no dial: 127.0.0.1 doesn't speak HTTP/2, and the option http2 allows "
                                       "nothing else"));
  EXPECT_EQ(run.last.code, mint_errc::tls_failed);
  EXPECT_FALSE(run.last.retryable);
  EXPECT_THAT(value_of(got), testing::AnyOf("", "no handshake"));
}

TEST(Http2Connection, a_server_that_demands_http_1_1_is_offered_nothing_else_from_then_on) {
  scripted_server server = serve({[](peer& client) {
                                    http2_script script{client};
                                    if (!script.begin()) return;
                                    script.request();
                                    script.write(rst_stream(1, error_code::http_1_1_required));
                                    client.wait_for_goodbye();
                                  },
                                  [](peer& client) {
                                    if (!client.shake_hands()) return;
                                    client.wait_for_goodbye();
                                  }});
  http2_run run{server.port()};
  run.when_open = [&] { run.ask(1); };
  run.dial();
  EXPECT_THAT(run.next(3), ElementsAre("open 10 shared", "retiring", "lost 1"));
  EXPECT_TRUE(run.last.other_protocol);
  run.link->close();
  run.when_open = nullptr;
  run.renew();
  run.dial();
  EXPECT_THAT(run.next(1), ElementsAre("open 1"));
}

TEST(Http2Connection, a_weak_cipher_means_http_1_1) {
  auto wishes = connection_run::good_server();
  wishes.protocols = {"h2", "http/1.1"};
  wishes.greatest_version = TLS1_2_VERSION;
  wishes.ciphers = "ECDHE-ECDSA-AES128-SHA256";
  scripted_server server{wishes, {[](peer& client) {
                           if (client.shake_hands()) client.wait_for_goodbye();
                         }}};
  http2_run run{server.port()};
  run.dial();
  EXPECT_THAT(run.next(1), ElementsAre(HasSubstr("a cipher that HTTP/2 forbids")));
  EXPECT_TRUE(run.last.retryable);
  run.renew();
  run.dial();
  EXPECT_THAT(run.next(1), ElementsAre("open 1"));
  http2_run strict{server.port(), http_offer::http2};
  strict.dial();
  EXPECT_THAT(strict.next(1), ElementsAre(HasSubstr("a cipher that HTTP/2 forbids")));
  EXPECT_FALSE(strict.last.retryable);
}

TEST(Http2Connection, a_server_that_agrees_and_speaks_something_else_is_none) {
  scripted_server server = serve({[](peer& client) {
    if (!client.shake_hands()) return;
    client.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    client.wait_for_goodbye();
  }});
  http2_run run{server.port()};
  run.when_open = [&] { run.ask(1); };
  run.dial();
  const auto told = run.next(2);  // or at once, if it came along with the handshake
  EXPECT_THAT(std::string{run.last.message}, HasSubstr("HTTP/2"));
  EXPECT_FALSE(told.empty());
}

}  // namespace
}  // namespace ephemint::net
