#include "net/wire/http1/http1_wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace ephemint::net {
namespace {

using news = wire::news;

constexpr std::string_view request = "POST / HTTP/1.1\r\n\r\n";
constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken";
constexpr std::string_view timeout =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

class Http1Wire : public testing::Test {
 protected:
  news give(std::string_view bytes) {
    const auto room = spoken.room();
    std::copy(bytes.begin(), bytes.end(), room.begin());
    return spoken.commit(bytes.size());
  }

  std::string problem() const { return std::string{spoken.problem().message}; }

  const std::string host = "api.test";
  http1_wire spoken{host};
};

TEST_F(Http1Wire, has_room_for_one_and_writes_a_request_as_it_is) {
  EXPECT_EQ(spoken.capacity(), 1U);
  EXPECT_EQ(spoken.submit(7, request, false).data(), request.data());
}

TEST_F(Http1Wire, a_reply_belongs_to_the_attempt_that_is_out) {
  for (const attempt_id attempt : {7U, 8U}) {
    spoken.submit(attempt, request, attempt == 8);
    EXPECT_EQ(give(answer.substr(0, 20)), news::none);
    EXPECT_EQ(give(answer.substr(20)), news::reply);
    const auto told = spoken.reply();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->attempt, attempt);
    EXPECT_EQ(told->reply.body, "token");
    EXPECT_TRUE(told->reply.reusable);
    spoken.forget_reply();
    EXPECT_FALSE(spoken.next_lost());
  }
}

// behaviours: S9
TEST_F(Http1Wire, bytes_that_nobody_asked_for_are_refused) {
  EXPECT_EQ(give("HTTP/1.1 408 Request Timeout\r\n"), news::refused);
  EXPECT_EQ(problem(),
            "the connection to api.test was lost: the server sent bytes that nobody had asked for");
  EXPECT_TRUE(spoken.problem().retryable);
}

// behaviours: S9
TEST_F(Http1Wire, a_408_is_no_answer_if_the_connection_was_idle) {
  for (bool was_idle : {true, false}) {
    http1_wire fresh{host};
    fresh.submit(1, request, was_idle);
    std::copy(timeout.begin(), timeout.end(), fresh.room().begin());
    EXPECT_EQ(fresh.commit(timeout.size()), news::reply);
    EXPECT_EQ(fresh.reply().has_value(), !was_idle);
    const auto lost = fresh.next_lost();
    EXPECT_EQ(lost.has_value(), was_idle);
    if (lost) {
      EXPECT_EQ(lost->what, fate::unknown);
    }
  }
}

// behaviours: S10
TEST_F(Http1Wire, bytes_behind_a_reply_are_surplus) {
  spoken.submit(1, request, false);
  EXPECT_EQ(give(answer), news::reply);
  EXPECT_EQ(give("HTTP/1.1 200 OK\r\n"), news::surplus);
  const auto told = spoken.reply();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->reply.body, "token");
  EXPECT_FALSE(told->reply.reusable);
}

// behaviours: S2 S4
TEST_F(Http1Wire, an_attempt_that_is_lost_says_whether_its_reply_had_begun) {
  spoken.submit(3, request, false);
  EXPECT_EQ(spoken.end(true, "the server closed it"), news::refused);
  EXPECT_EQ(problem(), "the connection to api.test was lost: no reply came (the server closed it)");
  http1_wire begun{host};
  begun.submit(4, request, false);
  begun.room()[0] = 'H';
  EXPECT_EQ(begun.commit(1), news::none);
  EXPECT_EQ(begun.end(true, "the server closed it"), news::refused);
  const auto first = spoken.next_lost(), second = begun.next_lost();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->attempt, 3U);
  EXPECT_EQ(first->what, fate::unknown);
  EXPECT_EQ(second->attempt, 4U);
  EXPECT_EQ(second->what, fate::begun);
  EXPECT_FALSE(begun.next_lost());
}

TEST_F(Http1Wire, one_that_ends_idle_loses_no_attempt) {
  EXPECT_EQ(spoken.end(false, "Connection reset by peer"), news::refused);
  EXPECT_EQ(problem(), "the connection to api.test was lost: Connection reset by peer while it was idle");
  EXPECT_FALSE(spoken.next_lost());
}

// behaviours: F5
TEST_F(Http1Wire, a_reply_that_breaks_the_rules_is_not_tried_again) {
  spoken.submit(1, request, false);
  EXPECT_EQ(give("HTTP/0.9"), news::refused);
  EXPECT_EQ(spoken.problem().code, mint_errc::bad_response);
  EXPECT_FALSE(spoken.problem().retryable);
}

// behaviours: C3
TEST_F(Http1Wire, a_dropped_attempt_costs_the_connection_only_while_it_is_written) {
  spoken.submit(1, request, false);
  EXPECT_TRUE(spoken.drop(1, false));
  EXPECT_FALSE(spoken.drop(1, true));
}

}  // namespace
}  // namespace ephemint::net
