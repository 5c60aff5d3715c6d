#include <ephemint/log_observer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

// behaviours: O3, O5

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Keeps the lines, as `severity: line`.
struct kept_lines {
  std::vector<std::string> lines;

  log_observer::writer writer() {
    return [this](severity how, std::string_view line) {
      lines.push_back(std::string{to_string(how)}.append(": ").append(line));
    };
  }
};

std::vector<std::string> lines_of(const std::function<void(log_observer&)>& play,
                                  severity least = severity::debug) {
  kept_lines kept;
  log_observer log{kept.writer(), least};
  play(log);
  return kept.lines;
}

constexpr clock::time_point begin{1h};

attempt_report attempt(attempt_outcome outcome, clock::time_point at = begin) {
  attempt_report a;
  a.mint = 7;
  a.number = 1;
  a.outcome = outcome;
  a.connection = 2;
  a.sent_at = at;
  a.took = 41ms;
  return a;
}

mint_report mint() {
  mint_report m;
  m.mint = 7;
  m.account = "se-1";
  m.attempts = 1;
  m.took = 1'260ms;
  m.remaining = 9'959ms;
  m.at = begin;
  return m;
}

connection_report connection(connection_report::event what, clock::time_point at = begin) {
  connection_report c;
  c.what = what;
  c.connection = 3;
  c.at = at;
  return c;
}

connection_report failure(mint_errc error, std::string_view cause, clock::time_point at = begin) {
  connection_report c = connection(connection_report::event::failed, at);
  c.error = error;
  c.cause = cause;
  return c;
}

quota_report quota_event(quota_report::event what, clock::time_point at = begin) {
  quota_report q;
  q.what = what;
  q.pause = 2'340ms;
  q.now.in_force = quota::declared(180, 60s);
  q.at = at;
  return q;
}

TEST(log_observer, says_one_line_for_each_event) {
  attempt_report retry = attempt(attempt_outcome::rate_limited);
  retry.number = 2;
  retry.why = attempt_reason::retry;
  retry.http_status = 429;
  retry.request_id = "f00d";
  retry.retry_after = 5s;
  retry.next_try = 5'100ms;
  mint_report failed = mint();
  failed.error = mint_errc::rate_limited;
  failed.attempts = 3;
  failed.request_id = "f00d";
  connection_report open = connection(connection_report::event::established);
  open.http2 = true;
  open.connect = 12ms;
  open.handshake = 23ms;
  connection_report closed = connection(connection_report::event::closed);
  closed.cause = "closed by the peer";
  quota_report unlimited = quota_event(quota_report::event::quota_changed);
  unlimited.now.in_force = quota::unlimited();
  using event = quota_report::event;

  const struct {
    std::function<void(log_observer&)> play;
    std::string line;
  } cases[] = {
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::minted)); },
       "debug: mint 7, attempt 1: minted, 41 ms on connection 2"},
      {[&](auto& l) { l.on_attempt(retry); },
       "debug: mint 7, attempt 2 (retry): rate_limited, HTTP 429, 41 ms on connection 2, request id f00d, "
       "Retry-After 5.0 s, again in 5.1 s"},
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::key_refused)); },
       "debug: mint 7, attempt 1: key_refused, 41 ms on connection 2"},
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::rejected)); },
       "debug: mint 7, attempt 1: rejected, 41 ms on connection 2"},
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::too_old)); },
       "warning: mint 7, attempt 1: too_old, 41 ms on connection 2"},
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::server_error)); },
       "warning: mint 7, attempt 1: server_error, 41 ms on connection 2"},
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::bad_response)); },
       "warning: mint 7, attempt 1: bad_response, 41 ms on connection 2"},
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::lost)); },
       "warning: mint 7, attempt 1: lost, 41 ms on connection 2"},
      {[&](auto& l) { l.on_attempt(attempt(attempt_outcome::timed_out)); },
       "warning: mint 7, attempt 1: timed_out, 41 ms on connection 2"},
      {[&](auto& l) { l.on_mint(mint()); },
       "debug: mint 7 of se-1: minted after 1.3 s and 1 attempt, 10.0 s left"},
      {[&](auto& l) { l.on_mint(failed); },
       "debug: mint 7 of se-1: rate_limited after 1.3 s and 3 attempts, request id f00d"},
      {[&](auto& l) { l.on_connection(connection(connection_report::event::dialled)); },
       "debug: connection 3 is dialled"},
      {[&](auto& l) { l.on_connection(open); },
       "info: connection 3 stands: HTTP/2, full TLS handshake, 12 ms to connect and 23 ms for TLS"},
      {[&](auto& l) { l.on_connection(failure(mint_errc::connect_failed, "connection refused")); },
       "warning: connection 3 failed: connection refused"},
      {[&](auto& l) { l.on_connection(failure(mint_errc::tls_failed, "it is self-signed")); },
       "error: connection 3 failed: it is self-signed"},
      {[&](auto& l) { l.on_connection(closed); }, "debug: connection 3 has ended: closed by the peer"},
      {[&](auto& l) { l.on_connection(connection(connection_report::event::closed)); },
       "debug: connection 3 has ended"},
      {[&](auto& l) { l.on_quota(quota_event(event::paused)); },
       "warning: rate limited: the API has all requests wait for 2.3 s"},
      {[&](auto& l) { l.on_quota(quota_event(event::probing)); },
       "debug: one request looks whether the pause may end"},
      {[&](auto& l) { l.on_quota(quota_event(event::resumed)); }, "info: the pause is over"},
      {[&](auto& l) { l.on_quota(quota_event(event::quota_changed)); },
       "info: the quota in force is 180 requests in 60.0 s"},
      {[&](auto& l) { l.on_quota(unlimited); }, "info: the quota in force is unlimited"},
      {[&](auto& l) { l.on_quota(quota_event(event::key_refused)); },
       "error: the API refuses the key: mints fail as unauthorized"},
      {[&](auto& l) { l.on_quota(quota_event(event::key_accepted)); }, "info: the key is accepted"},
  };
  for (const auto& c : cases) EXPECT_THAT(lines_of(c.play), ElementsAre(c.line));
}

TEST(log_observer, says_nothing_below_the_least_severity) {
  const auto all = [](log_observer& l) {
    l.on_attempt(attempt(attempt_outcome::minted));
    l.on_mint(mint());
    l.on_connection(connection(connection_report::event::established));
    l.on_connection(failure(mint_errc::connect_failed, "refused"));
    l.on_connection(failure(mint_errc::tls_failed, "refused"));
  };
  EXPECT_EQ(lines_of(all).size(), 5u);
  EXPECT_EQ(lines_of(all, severity::info).size(), 3u);
  EXPECT_EQ(lines_of(all, severity::warning).size(), 2u);
  EXPECT_EQ(lines_of(all, severity::error).size(), 1u);
}

TEST(log_observer, trouble_that_goes_on_is_said_once_a_minute_with_its_count) {
  const auto storm = [](log_observer& l) {
    for (int i = 0; i < 130; ++i)
      l.on_connection(failure(mint_errc::connect_failed, "connection refused", begin + i * 1s));
  };
  const std::string line = "warning: connection 3 failed: connection refused";
  EXPECT_THAT(lines_of(storm, severity::info),
              ElementsAre(line, line + " (59 more like it since the last such line)",
                          line + " (59 more like it since the last such line)"));
  EXPECT_EQ(lines_of(storm).size(), 130u) << "to whom each is worth a line, each is one";
}

TEST(log_observer, one_trouble_hides_no_other) {
  const auto both = [](log_observer& l) {
    for (int i = 0; i < 3; ++i) {
      l.on_attempt(attempt(attempt_outcome::timed_out));
      l.on_attempt(attempt(attempt_outcome::too_old));
      l.on_connection(failure(mint_errc::connect_failed, "connection refused"));
      l.on_quota(quota_event(quota_report::event::key_refused));
    }
  };
  EXPECT_EQ(lines_of(both, severity::info).size(), 4u);
}

TEST(log_observer, no_mint_has_a_line_above_debug) {
  const auto many = [](log_observer& l) {
    for (int code = 0; code <= 12; ++code) {
      mint_report m = mint();
      if (code > 0) m.error = static_cast<mint_errc>(code);
      l.on_mint(m);
    }
  };
  EXPECT_THAT(lines_of(many, severity::info), IsEmpty());
}

TEST(log_observer, first_connection_is_told_and_the_first_after_a_failure) {
  const auto play = [](log_observer& l) {
    using event = connection_report::event;
    l.on_connection(connection(event::established));
    l.on_connection(connection(event::established, begin + 2min));
    l.on_connection(failure(mint_errc::connect_failed, "refused", begin + 3min));
    l.on_connection(connection(event::established, begin + 4min));
  };
  EXPECT_EQ(lines_of(play, severity::info).size(), 3u);
}

TEST(log_observer, what_came_from_outside_stays_one_short_line) {
  const std::string cause = "words\r\nforged: line\x1b[2J" + std::string(5000, 'x');
  const auto lines =
      lines_of([&](log_observer& l) { l.on_connection(failure(mint_errc::connect_failed, cause)); });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].find_first_of("\r\n\x1b"), std::string::npos);
  EXPECT_LT(lines[0].size(), 1100u);
}

TEST(log_observer, writer_that_throws_loses_its_line_and_nothing_else) {
  int calls = 0;
  log_observer log{[&](severity, std::string_view) {
                     ++calls;
                     throw std::runtime_error{"the disk is full"};
                   },
                   severity::debug};
  log.on_mint(mint());
  log.on_attempt(attempt(attempt_outcome::minted));
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace ephemint
