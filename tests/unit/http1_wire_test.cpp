#include "net/wire/http1/http1_wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;

using news = wire::news;

constexpr detail::prepared_request request{"POST / HTTP/1.1\r\n\r\n"};
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

  /// The reply; none if the event isn't an answer.
  std::optional<wire::note> told() {
    wire::note note;
    return spoken.next(note) == news::some ? std::optional{note} : std::nullopt;
  }

  std::string problem() const { return std::string{spoken.problem().message}; }

  const std::string host = "api.test";
  http1_wire spoken{host};
};

TEST_F(Http1Wire, has_room_for_one_and_writes_a_request_as_it_is) {
  EXPECT_EQ(spoken.capacity().capacity, 1U);
  EXPECT_FALSE(spoken.capacity().shared);
  spoken.submit(7, request, 0s);
  EXPECT_EQ(spoken.output().data(), request.text.data());
  spoken.sent();
  EXPECT_EQ(spoken.output(), "");
}

TEST_F(Http1Wire, a_reply_belongs_to_the_attempt_that_is_out) {
  for (const attempt_id attempt : {7U, 8U}) {
    spoken.submit(attempt, request, 0s);
    EXPECT_EQ(give(answer.substr(0, 20)), news::none);
    EXPECT_EQ(give(answer.substr(20)), news::some);
    const auto told = this->told();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->attempt, attempt);
    EXPECT_EQ(told->reply.body, "token");
    EXPECT_TRUE(told->reply.reusable);
    spoken.forget_reply();
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
  for (const auto idle : {0ms, 10ms, 11ms, 1000ms, 1001ms}) {
    http1_wire fresh{host};
    fresh.submit(1, request, idle);
    std::copy(timeout.begin(), timeout.end(), fresh.room().begin());
    EXPECT_EQ(fresh.commit(timeout.size()), news::some);
    wire::note note;
    EXPECT_EQ(fresh.next(note), idle <= 10ms ? news::some : news::refused);
    if (idle > 10ms) {
      EXPECT_EQ(fresh.fate_of_rest(), idle > 1s ? fate::unprocessed : fate::unknown);
    }
  }
}

// behaviours: S10
TEST_F(Http1Wire, bytes_behind_a_reply_are_surplus) {
  spoken.submit(1, request, 0s);
  EXPECT_EQ(give(answer), news::some);
  EXPECT_EQ(give("HTTP/1.1 200 OK\r\n"), news::surplus);
  const auto told = this->told();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->reply.body, "token");
  EXPECT_FALSE(told->reply.reusable);
}

// behaviours: S2 S3 S4
TEST_F(Http1Wire, what_became_of_a_lost_request_depends_on_what_came_and_on_the_connections_rest) {
  const auto lost = [&](clock::duration idle, bool answered_before, std::string_view came) {
    http1_wire one{host};
    if (answered_before) {
      one.submit(1, request, 0s);
      std::copy(answer.begin(), answer.end(), one.room().begin());
      EXPECT_EQ(one.commit(answer.size()), news::some);
      wire::note note;
      EXPECT_EQ(one.next(note), news::some);
      one.forget_reply();
    }
    one.submit(2, request, idle);
    std::copy(came.begin(), came.end(), one.room().begin());
    if (!came.empty()) {
      EXPECT_EQ(one.commit(came.size()), news::none);
    }
    EXPECT_EQ(one.end(true, "the server closed it"), news::refused);
    return one.fate_of_rest();
  };
  EXPECT_EQ(lost(0s, false, ""), fate::unknown);
  EXPECT_EQ(lost(1s, false, ""), fate::unknown) << "a server that refuses us after the handshake";
  EXPECT_EQ(lost(1s + 1ns, false, ""), fate::unprocessed);
  EXPECT_EQ(lost(0s, true, ""), fate::unprocessed);
  EXPECT_EQ(lost(0s, true, "H"), fate::begun);
  EXPECT_EQ(lost(2s, false, "H"), fate::begun);
}

TEST_F(Http1Wire, one_that_ends_idle_loses_no_attempt) {
  EXPECT_EQ(spoken.end(false, "Connection reset by peer"), news::refused);
  EXPECT_EQ(problem(), "the connection to api.test was lost: Connection reset by peer while it was idle");
  EXPECT_EQ(spoken.fate_of_rest(), fate::unknown);
}

// behaviours: F5
TEST_F(Http1Wire, a_reply_that_breaks_the_rules_is_not_tried_again) {
  spoken.submit(1, request, 0s);
  EXPECT_EQ(give("HTTP/0.9"), news::refused);
  EXPECT_EQ(spoken.problem().code, mint_errc::bad_response);
  EXPECT_FALSE(spoken.problem().retryable);
}

// behaviours: P4, F10
TEST_F(Http1Wire, a_reply_whose_body_is_refused_is_an_answer_and_the_last) {
  spoken.submit(3, request, 0s);
  EXPECT_EQ(give("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 70000\r\n\r\n<html>"),
            news::surplus);
  const auto told = this->told();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->attempt, 3U);
  EXPECT_EQ(told->reply.status, 503);
  EXPECT_EQ(told->reply.retry_after, "7");
  EXPECT_EQ(told->reply.body, "");
  EXPECT_EQ(told->reply.body_fault, "a body of 70000 bytes; 65536 are taken at most");
  EXPECT_FALSE(told->reply.reusable);
}

// behaviours: C3
TEST_F(Http1Wire, a_dropped_attempt_costs_the_connection_only_while_it_is_written) {
  spoken.submit(1, request, 0s);
  EXPECT_TRUE(spoken.drop(1, false));
  EXPECT_FALSE(spoken.drop(1, true));
}

}  // namespace
}  // namespace ephemint::net
