#include "observers/exposition.hpp"
#include "support/metrics_text.hpp"
#include "unit/metrics_golden.hpp"

#include <ephemint/metrics.hpp>
#include <ephemint/version.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>

// behaviours: O2, O3

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using test::metrics_text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

attempt_report attempt(attempt_outcome outcome, clock::duration took,
                       attempt_reason why = attempt_reason::first) {
  attempt_report a;
  a.outcome = outcome;
  a.took = took;
  a.why = why;
  return a;
}

mint_report minted(clock::duration took, clock::duration remaining) {
  mint_report m;
  m.account = "se-secret-customer";
  m.request_id = "an-id-of-the-api";
  m.took = took;
  m.remaining = remaining;
  return m;
}

mint_report failed(mint_errc code, priority urgency) {
  mint_report m = minted(30s, 0s);
  m.error = code;
  m.urgency = urgency;
  return m;
}

connection_report connection(connection_report::event what, bool resumed = false) {
  connection_report c;
  c.what = what;
  c.resumed = resumed;
  c.cause = "a server's words";
  return c;
}

/// Some events of every kind, with a different number of each where possible.
void play_known_events(metrics& seen) {
  using outcome = attempt_outcome;
  seen.on_attempt(attempt(outcome::minted, 40ms));
  seen.on_attempt(attempt(outcome::minted, 5ms));      // on a bound, and so in the bucket up to it
  seen.on_attempt(attempt(outcome::minted, 5'001us));  // and this doesn't
  seen.on_attempt(attempt(outcome::too_old, 9s));
  seen.on_attempt(attempt(outcome::rate_limited, 80ms));
  seen.on_attempt(attempt(outcome::timed_out, 12s, attempt_reason::retry));
  seen.on_attempt(attempt(outcome::stale, 0s, attempt_reason::replacement));
  seen.on_attempt(attempt(outcome::cancelled, 300ms, attempt_reason::hedge));
  mint_report waited = minted(1'500ms, 9'960ms);
  waited.waited = {100ms, 1s, 0s, 250ms};
  seen.on_mint(waited);
  seen.on_mint(minted(41ms, 9'959ms));
  seen.on_mint(minted(41ms, 9'950ms));
  mint_report batch = failed(mint_errc::rate_limited, priority::background);
  batch.waited = {0s, 20s, 10s, 0s};
  seen.on_mint(batch);
  seen.on_mint(failed(mint_errc::closed, priority::interactive));
  using event = connection_report::event;
  for (const auto what : {event::dialled, event::established, event::closed, event::dialled, event::failed})
    seen.on_connection(connection(what));
  seen.on_connection(connection(event::established, true));
  seen.on_connection(connection(event::established, true));
  seen.on_quota({});
}

/// The build's versions differ from machine to machine.
std::string without_build_info(std::string text) {
  const std::size_t at = text.find("ephemint_build_info{");
  if (at != text.npos) text.erase(at, text.find('\n', at) + 1 - at);
  return text;
}

TEST(metrics, known_events_give_the_known_text) {
  metrics seen;
  play_known_events(seen);
  EXPECT_EQ(without_build_info(seen.prometheus_text()), golden);
}

TEST(metrics, text_keeps_the_rules_of_the_format) {
  metrics seen;
  EXPECT_THAT(metrics_text{seen.prometheus_text()}.wrong, IsEmpty());
  play_known_events(seen);
  EXPECT_THAT(metrics_text{seen.prometheus_text()}.wrong, IsEmpty());
}

TEST(metrics, promtool_has_no_complaint) {
  EPHEMINT_SKIP_WITHOUT_PROMTOOL();
  metrics seen;
  play_known_events(seen);
  EXPECT_EQ(test::complaints_of_promtool(seen.prometheus_text()), "");
}

TEST(metrics, every_series_is_there_from_the_start) {
  metrics seen;
  const metrics_text fresh{seen.prometheus_text()};
  play_known_events(seen);
  const metrics_text later{seen.prometheus_text()};
  EXPECT_EQ(fresh.values.size(), later.values.size());
  for (const auto& [series, value] : fresh.values)
    EXPECT_EQ(value, series.starts_with("ephemint_build_info") ? 1 : 0) << series;
}

TEST(metrics, sums_hold_to_the_microsecond_and_never_go_down) {
  metrics seen;
  seen.on_attempt(attempt(attempt_outcome::minted, 1'500ns));
  seen.on_attempt(attempt(attempt_outcome::minted, -1s));  // a clock that went back
  seen.on_attempt(attempt(attempt_outcome::minted, 24h));
  const metrics_text text{seen.prometheus_text()};
  EXPECT_DOUBLE_EQ(text["ephemint_request_duration_seconds_sum"], 86'400.000001);
  EXPECT_EQ(text["ephemint_request_duration_seconds_bucket{le=\"0.005\"}"], 2);
  EXPECT_EQ(text["ephemint_request_duration_seconds_count"], 3);
}

TEST(metrics, every_code_and_outcome_has_a_series_of_its_own) {
  metrics seen;
  for (int code = 1; code <= 12; ++code)
    for (const auto urgency : {priority::interactive, priority::background})
      for (int i = 0; i < code; ++i) seen.on_mint(failed(static_cast<mint_errc>(code), urgency));
  for (std::size_t o = 0; o < attempt_outcomes; ++o)
    for (std::size_t i = 0; i <= o; ++i) seen.on_attempt(attempt(static_cast<attempt_outcome>(o), 1ms));
  const metrics_text text{seen.prometheus_text()};
  for (int code = 1; code <= 12; ++code)
    for (const std::string urgency : {"interactive", "background"})
      EXPECT_EQ(text["ephemint_mints_total{urgency=\"" + urgency + "\",result=\"" +
                     std::string{to_string(static_cast<mint_errc>(code))} + "\"}"],
                code);
  for (std::size_t o = 0; o < attempt_outcomes; ++o)
    EXPECT_EQ(text["ephemint_requests_total{outcome=\"" +
                   std::string{to_string(static_cast<attempt_outcome>(o))} + "\"}"],
              double(o + 1));
  EXPECT_EQ(text["ephemint_tokens_discarded_total"], 2);
}

TEST(metrics, no_account_id_or_text_of_a_server_stands_in_a_label) {
  metrics seen;
  play_known_events(seen);
  const std::string text = seen.prometheus_text();
  for (const char* word : {"secret", "an-id", "words"}) EXPECT_EQ(text.find(word), text.npos) << word;
}

TEST(metrics, build_info_names_versions) {
  const std::string text = metrics{}.prometheus_text();
  EXPECT_THAT(text, HasSubstr("ephemint_build_info{version=\"" EPHEMINT_VERSION "\",boost=\"1."));
  EXPECT_THAT(text, HasSubstr("openssl=\"3."));
}

TEST(metrics, added_texts_follow_in_their_order_at_each_call) {
  metrics seen;
  int calls = 0;
  seen.add([&] { return "# TYPE other gauge\nother " + std::to_string(++calls) + '\n'; });
  seen.add([] { return std::string{}; });
  seen.add([] { return std::string{"last 1\n"}; });
  EXPECT_TRUE(seen.prometheus_text().ends_with("\nother 1\nlast 1\n"));
  EXPECT_TRUE(seen.prometheus_text().ends_with("\nother 2\nlast 1\n"));
}

TEST(metrics, added_text_may_throw_and_may_add_another) {
  metrics seen;
  std::optional<std::string> text{"first 1\n"};
  seen.add([&] {
    if (!text) throw std::runtime_error{"it is gone"};
    seen.add([] { return std::string{"second 1\n"}; });
    return *text;
  });
  EXPECT_TRUE(seen.prometheus_text().ends_with("first 1\n"));
  EXPECT_THAT(seen.prometheus_text(), HasSubstr("first 1\nsecond 1\n"));
  text.reset();
  EXPECT_THROW(seen.prometheus_text(), std::runtime_error);
}

TEST(metrics, client_that_is_gone_is_forgotten) {
  metrics seen;
  for (int i = 0; i < 3; ++i) seen.on_client({});
  const metrics_text text{seen.prometheus_text()};
  EXPECT_EQ(text["ephemint_connections{state=\"established\"}"], 0);
  EXPECT_THAT(text.wrong, IsEmpty());
}

TEST(exposition, escapes_what_would_break_a_line) {
  detail::exposition out;
  out.gauge_family("name", "a\\b \"c\"\nd");
  out.sample({{"label", "a\\b \"c\"\nd"}}, std::uint64_t{1});
  EXPECT_EQ(std::move(out).take(),
            "# HELP name a\\\\b \"c\"\\nd\n# TYPE name gauge\nname{label=\"a\\\\b \\\"c\\\"\\nd\"} 1\n");
}

TEST(exposition, numbers_stay_whole) {
  detail::exposition out;
  out.gauge_family("g", "h");
  out.sample({}, 0.1);
  out.sample({}, std::uint64_t{18'446'744'073'709'551'615u});
  EXPECT_EQ(std::move(out).take(), "# HELP g h\n# TYPE g gauge\ng 0.1\ng 18446744073709551615\n");
}

/// The rules find errors, so a text without findings is right.
TEST(metrics_text, finds_what_breaks_the_format) {
  const std::map<std::string, std::string> broken{
      {"a 1", "no end"},
      {"# HELP a b\n# TYPE a gauge\na 1\na 2\n", "twice"},
      {"# HELP a b\n# TYPE a counter\na 1\n", "misnamed"},
      {"# HELP a_total b\n# TYPE a_total gauge\na_total 1\n", "misnamed"},
      {"# HELP a b\n# TYPE a gauge\n", "no sample"},
      {"# HELP a b\n# TYPE a gauge\nb 1\n", "another family"},
      {"# HELP a b\n# TYPE a gauge\na one\n", "bad value"},
      {"# HELP a b\n# TYPE a gauge\na{x=y} 1\n", "bad labels"},
      {"# HELP a b\n# TYPE a gauge\na{x=\"y\",} 1\n", "bad labels"},
      {"# HELP a\n# TYPE a gauge\na 1\n", "no help"},
      {"# TYPE a gauge\na 1\n", "elsewhere"},
      {"# HELP a b\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n", "whole"},
      {"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n", "whole"},
      {"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
       "cumulate"},
      {"# HELP a b\n# TYPE a histogram\na_bucket{le=\"2\"} 1\na_bucket{le=\"1\"} 1\n", "ascend"},
      {"# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\na{b=\"c\"} 1\n", "twice"}};
  for (const auto& [text, what] : broken)
    EXPECT_THAT(metrics_text{text}.wrong, testing::Contains(HasSubstr(what))) << text;
  EXPECT_THAT(metrics_text{"# HELP a_total b\n# TYPE a_total counter\na_total{x=\"y\"} 1\n"}.wrong,
              IsEmpty());
}

}  // namespace
}  // namespace ephemint
