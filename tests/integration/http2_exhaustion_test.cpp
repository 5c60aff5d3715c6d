// Memory that runs out at each moment of an HTTP/2 connection's life, nghttp2's among it.

#include "connection_run.hpp"
#include "failing_memory.hpp"
#include "http2_script.hpp"
#include "net/wire/http2/http2_wire.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;
using namespace test::http2;
using test::allocator;
using test::connection_run;
using test::http2_script;
using test::peer;
using test::scripted_server;

// --- the wire alone

/// Counts how often each of a few attempts is told.
class wire_course {
 public:
  static constexpr attempt_id requests = 6;

  /// True: it went to its end. False: memory was short, and the wire is gone.
  bool run(const std::vector<std::string>& said) try {
    http2_stock stock;
    http2_wire spoken{host_, stock, {}};
    detail::request_writer writer{"api.test", "/", secret{"TEST_key"}, "agent"};
    for (attempt_id attempt = 0; attempt < requests; ++attempt)
      spoken.submit(attempt, writer.write("se-1"), 0s);
    spoken.sent();
    for (const auto& bytes : said) {
      std::copy(bytes.begin(), bytes.end(), spoken.room().begin());
      spoken.commit(bytes.size());
      tell(spoken);
    }
    spoken.probe();
    spoken.reset(5);
    spoken.end(false, "the end");
    tell(spoken);
    spoken.say_goodbye();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }

  std::array<int, requests> told{};

 private:
  void tell(http2_wire& spoken) {
    wire::note note;
    while (spoken.next(note) == wire::news::some) {
      using kind = wire::note::kind;
      if (note.what == kind::reply || note.what == kind::attempt_lost) ++told.at(note.attempt);
      if (note.what == kind::reply) spoken.forget_reply();
    }
  }

  const std::string host_ = "api.test";
};

/// Made while memory is there.
std::vector<std::string> what_a_server_says() {
  std::string long_body = headers(3, block({{":status", "200"}, {"retry-after", "7"}}));
  for (int i = 0; i < 3; ++i) long_body += data(3, std::string(4000, 'b'), i == 2);
  return {settings({{setting::header_table_size, 100}}) + settings_ack() + ping("12345678"),
          headers(1, literal(":status", "200") + remembered("content-type", "application/json")) +
              data(1, "token", true),
          long_body,
          rst_stream(5, error_code::refused_stream),
          headers(7, block({{":status", "200"}, {"content-encoding", "gzip"}})),
          headers(9, block({{":status", "oops"}}), true),
          goaway(11, error_code::no_error)};
}

// behaviours: H1
TEST(Http2WireExhaustion, each_allocation_fails_once_or_for_good_and_nothing_is_told_twice_or_leaks) {
  const auto said = what_a_server_says();
  wire_course().run(said);  // what is made once
  test::take_part();
  for (const long in_a_row : {1L, std::numeric_limits<long>::max() / 2}) {
    bool failed = true;
    int places = 0;
    for (long n = 1; failed && !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE("allocation " + std::to_string(n));
      const long before = test::live_blocks(allocator::ours);
      bool whole = false;
      {
        wire_course course;
        test::fail_allocation(n, allocator::ours, in_a_row);
        whole = course.run(said);
        failed = test::stop_failing();
        for (const int times : course.told) EXPECT_LE(times, 1);
        if (whole && !failed) {
          EXPECT_EQ(course.told, (std::array<int, 6>{1, 1, 1, 1, 1, 0}));
        }
      }
      EXPECT_EQ(test::live_blocks(allocator::ours), before) << "blocks leaked";
      ++places;
    }
    EXPECT_GT(places, 20);
    RecordProperty("allocations", places);
  }
  test::take_part(false);
}

// --- a whole connection

void answer_all(peer& client) {
  http2_script script{client};
  if (!script.begin()) return;
  while (const auto stream = script.request()) script.write(script.answer(stream));
}

/// Counts what it hears, and takes no memory for that.
struct counter final : link_observer {
  void on_open(link_id, link_room, const dial_facts&) override { ++opened; }
  void on_dial_failed(link_id, const failure&) override { ++failed; }
  void on_capacity(link_id, std::uint32_t) override {}
  void on_heard(link_id) override {}
  void on_retiring(link_id) override {}
  void on_reply(link_id, attempt_id, const detail::http_reply&) override {
    ++replies;
    --out;
  }
  void on_attempt_lost(link_id, attempt_id, fate, const failure&) override {
    ++lost;
    --out;
  }
  void on_gone(link_id, fate, const failure& why) override {
    ++gone;
    retryable = why.retryable;
    out = 0;
  }

  int opened = 0, failed = 0, replies = 0, lost = 0, gone = 0, out = 0;
  bool retryable = true;
};

lookup_result look_up(const std::string&) {
  test::take_part();
  return {{asio::ip::make_address("127.0.0.1")}, {}};
}

class Http2ConnectionExhaustion : public testing::Test {
 protected:
  Http2ConnectionExhaustion() {
    test::take_part();
    wishes.protocols = {"h2"};
    server = std::make_unique<scripted_server>(wishes, std::vector<scripted_server::script>{answer_all});
    for (int i = 0; i < 2; ++i) go_through(0);
  }
  ~Http2ConnectionExhaustion() override { test::take_part(false); }

  /// Dials, asks three times five requests, closes. All that was asked has ended in one way.
  void go_through(long n) {
    const auto end = std::make_shared<endpoint>(
        io.get_executor(), gate, connection_run::settings_for(server->port(), "api.test"), &look_up);
    detail::request_writer writer{"api.test", "/", secret{"TEST_key"}, "agent"};
    counter heard;
    auto link = std::make_shared<connection>(io.get_executor(), gate, end, 1, heard);
    test::fail_allocation(n, allocator::ours);
    link->connect(5s, 5s);
    run_until([&] { return heard.opened + heard.failed != 0; });
    for (int turn = 0; turn < 3 && heard.opened == 1 && heard.gone == 0; ++turn) {
      for (attempt_id attempt = 1; attempt <= 5; ++attempt) {
        ++heard.out;
        EXPECT_TRUE(link->send(attempt, writer.write("se-1")));
      }
      link->flush();
      run_until([&] { return heard.out == 0; });
    }
    link->close();
    failed_once = test::stop_failing();
    replies = heard.replies;
    io.restart();
    io.run_for(5s);
    EXPECT_TRUE(io.stopped()) << "work is left";
    EXPECT_TRUE(heard.retryable);
  }

  template <class Condition>
  void run_until(Condition over) {
    const auto limit = clock::now() + 5s;
    io.restart();
    while (!over() && io.run_one_until(limit) != 0) continue;
    EXPECT_TRUE(over()) << "nothing was told";
  }

  test::server_wishes wishes = connection_run::good_server();
  std::unique_ptr<scripted_server> server;
  asio::io_context io{1};
  std::shared_ptr<serial_gate> gate = std::make_shared<serial_gate>(true);
  int replies = 0;
  bool failed_once = false;
};

// behaviours: H1
TEST_F(Http2ConnectionExhaustion, each_allocation_fails_once_and_each_request_ends) {
  bool failed = true;
  for (long n = 1; failed && !HasFailure(); ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    go_through(n);
    failed = failed_once;
    ERR_clear_error();
  }
  EXPECT_EQ(replies, 15);
}

}  // namespace
}  // namespace ephemint::net
