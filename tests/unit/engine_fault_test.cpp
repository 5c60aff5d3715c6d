// One scenario, again and again, with one thing going wrong at its first step, its second, its third …
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ephemint::test {
namespace {

struct fault {
  const char* name;
  std::optional<dial_plan> dial;
  std::optional<request_plan> request;
  std::size_t mints_lost;  ///< at most; 0: no login is delayed
};

/// Runs logins and a batch over two connections, some over warm ones, one cancelled, until all is idle. The
/// fault occurs at its n-th possible step. Returns whether it occurred.
bool play(const fault& f, std::size_t step) {
  core::engine_settings s;
  s.links.max_connections = 2;
  engine_run run{s};
  bool struck = false;
  std::size_t steps = 0;
  const auto strikes = [&] { return ++steps == step && (struck = true); };
  run.dials = [&](std::size_t) { return f.dial && strikes() ? *f.dial : dial_plan{}; };
  run.requests = [&](const request&) { return f.request && strikes() ? *f.request : minted(); };

  for (int i = 0; i < 5; ++i) run.submit("login" + std::to_string(i));
  run.run_for(2s);
  for (int i = 0; i < 3; ++i) run.submit_patient("batch", priority::background);
  run.run_for(10ms);
  const int cancelled = run.submit("cancelled");
  run.cancel(cancelled);
  run.run_for(40s);  // the idle connections are closed
  run.submit("late");
  run.run_for(3s);
  run.submit("last");
  run.run_for(10s);
  run.close();
  run.run_to_rest();
  EXPECT_TRUE(run.drained());

  std::size_t lost = 0;
  for (const auto& c : run.calls()) lost += c.minted() || c.number == cancelled ? 0 : 1;
  EXPECT_LE(lost, struck ? f.mints_lost : 0);
  EXPECT_LE(run.sent().size(), run.calls().size() - 1 + (struck ? 1 : 0));
  return struck;
}

const scripted_failure hopeless{mint_errc::tls_failed, false};

// behaviours: I1, I2, S2, S3, S4, S5, Q4
TEST(engine_fault, each_step_fails_once) {
  const fault faults[] = {
      {"dial refused", refused_dial(), {}, 0},
      {"dial hopeless", refused_dial(false), {}, 5},
      {"dial slow", dial_plan{6s, {}}, {}, 0},
      {"unsent", {}, unsent(), 0},
      {"lost", {}, lost(), 0},
      {"lost in the reply", {}, lost(true), 0},
      {"lost for good", {}, request_plan{.how = request_plan::end::lost, .failure = hopeless}, 1},
      {"silent", {}, silent(), 0},
      {"rate limited", {}, answered(answer::rate_limited, 1s), 0},
      {"throttled", {}, answered(answer::throttled), 0},
      {"server error", {}, answered(answer::server_error), 0},
      {"rejected", {}, answered(answer::rejected), 1},
      {"malformed", {}, request_plan{.reply = {.what = answer::malformed, .reusable = false}}, 1},
      {"not reusable", {}, request_plan{.reply = {.what = answer::minted, .reusable = false}}, 0},
      {"not kept", {}, request_plan{.reply = {.what = answer::minted, .keep_alive = 0s}}, 0},
      {"too old", {}, minted(1900ms), 0},
  };
  for (const fault& f : faults) {
    std::size_t step = 1;
    for (; step < 100; ++step) {
      SCOPED_TRACE(std::string{f.name} + " at step " + std::to_string(step));
      if (!play(f, step)) break;
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(step, f.dial ? 3u : 10u) << f.name << " never struck";
    EXPECT_LT(step, 100u);
  }
}

}  // namespace
}  // namespace ephemint::test
