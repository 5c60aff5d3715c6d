#pragma once

#include "support/engine_run.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace ephemint::test {

/// One random sequence of events: a client, its callers, its server and its quota.
class engine_storm {
 public:
  /// `dice` returns random numbers over their whole range.
  engine_storm(std::function<std::uint64_t()> dice, std::uint64_t seed)
      : dice_{std::move(dice)}, settings_{random_settings()}, run_{settings_, random_governor(seed), seed} {
    run_.dials = [this](std::size_t) { return random_dial(); };
    run_.requests = [this](const request&) { return random_request(); };
    if (one_in(4)) run_.timer_lateness = ms(200);
    if (one_in(8)) run_.time_a_command = ms(20);
    calm_ = one_in(3);
    if (one_in(3)) most_at_once_ = 2 + static_cast<std::uint32_t>(below(5));
    run_.lives = [this](core::link_id) { return random_sign_of_life(); };
  }

  /// What went wrong, or nothing.
  std::string play(const std::function<bool(int step)>& goes_on = [](int step) { return step < 150; }) {
    if (settings_.hedge && script_) learn_reply_times();
    for (int i = 0; goes_on(i) && run_.problem().empty(); ++i) step();
    run_.dials = {};
    run_.requests = {};
    run_.time_a_command = {};
    open_the_quota();
    run_.run_to_rest();
    return run_.take_problem();
  }
  const engine_run& run() const { return run_; }

 private:
  bool one_in(std::uint64_t n) { return dice_() % n == 0; }
  std::uint64_t below(std::uint64_t n) { return dice_() % n; }
  /// A time up to this, in quarters of it, so that some times coincide.
  core::duration ms(std::uint64_t most) {
    return one_in(3) ? core::duration{static_cast<core::duration::rep>(below(most * 1'000'000 + 1))}
                     : std::chrono::milliseconds{most / 4 * below(5)};
  }

  core::engine_settings random_settings() {
    core::engine_settings s;
    s.links.max_connections = 1 + below(6);
    s.links.max_age = one_in(3) ? 2s : 600s;
    s.links.idle_timeout = one_in(3) ? 1s : 30s;
    s.retry.max_attempts = 1 + static_cast<int>(below(4));
    s.retry.budget = one_in(4) ? 30 : 500;
    s.attempt_timeout = one_in(4) ? 12s : 1s;
    s.min_remaining = one_in(2) ? 5s : 0s;
    s.max_queued = one_in(4) ? 5 : 1'000;
    s.retry_stale_connections = !one_in(4);
    if (one_in(4)) s.dials.expected_capacity = 0;
    s.hedge = one_in(2);
    s.scope = one_in(3) ? quota_scope::per_account : quota_scope::per_api_key;
    return s;
  }
  std::shared_ptr<rate_governor> random_governor(std::uint64_t seed) {
    if (one_in(2)) return script_ = std::make_shared<scripted_governor>();
    return make_rate_governor(quota::declared(1 + below(40), 10s), settings_.scope, seed);
  }
  /// The storm begins after so many quick replies that second attempts are possible; most replies are late
  /// then.
  void learn_reply_times() {
    const auto dials = std::exchange(run_.dials, [this](std::size_t) {
      return dial_plan{.capacity = most_at_once_, .shared = most_at_once_ != 1};
    });
    const auto requests = std::exchange(run_.requests, [](const request&) { return minted(10ms); });
    for (int i = 0; i < 200; ++i) {
      run_.submit("usual");
      run_.run_for(i == 0 ? 50ms : 10ms);
    }
    run_.dials = dials;
    run_.requests = requests;
  }
  void open_the_quota() {
    if (script_) script_->open();
  }

  dial_plan random_dial() {
    dial_plan plan{.takes = ms(400)};
    if (one_in(calm_ ? 30 : 3)) plan.fails = scripted_failure{mint_errc::connect_failed, !one_in(5)};
    plan.capacity = random_capacity();
    plan.shared = most_at_once_ != 1;
    plan.settling = one_in(3);
    if (one_in(2)) plan.settles_after = ms(100);
    return plan;
  }
  /// 1, as with HTTP/1.1, in two of three storms; in the others any number, even 0.
  std::uint32_t random_capacity() {
    return most_at_once_ == 1 ? 1 : static_cast<std::uint32_t>(below(most_at_once_ + 1));
  }
  request_plan random_request() {
    using end = request_plan::end;
    request_plan plan{.takes = ms(one_in(10) ? 12'000 : 400), .ends_when_abandoned = one_in(3)};
    plan.reply.reusable = !one_in(6);
    if (one_in(8)) plan.reply.keep_alive = std::chrono::seconds{below(4)};
    if (one_in(calm_ ? 10 : 2)) return plan;
    const std::array ends{end::reply, end::reply, end::lost, end::silent, end::unsent, end::reset};
    plan.how = ends[below(most_at_once_ == 1 ? 5 : 6)];
    plan.unprocessed = one_in(3);
    plan.reply.what = static_cast<answer>(below(7));
    if (one_in(2)) plan.reply.retry_after = ms(3'000);
    plan.failure = {mint_errc::connect_failed, !one_in(6)};
    plan.reply_begun = one_in(2);
    plan.ends_its_link = !one_in(3);
    return plan;
  }

  std::optional<core::duration> random_sign_of_life() {
    if (one_in(3)) return std::nullopt;
    return ms(3'000);
  }

  void step() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        submit();
        break;
      case 7:
        if (!run_.calls().empty()) run_.cancel(static_cast<int>(below(run_.calls().size())));
        break;
      case 8:
        if (const auto ids = run_.connection_ids(); !ids.empty())
          run_.lose(ids[below(ids.size())], !one_in(6));
        break;
      case 9:
        run_.tick();
        break;
      case 10:
        if (one_in(4)) run_.warm_up(1 + below(8));
        if (one_in(6) && !run_.warm_ups().empty()) run_.cancel_warm_up(below(run_.warm_ups().size()));
        if (most_at_once_ != 1) change_a_link();
        break;
      case 11:
        if (one_in(10)) run_.sleep(ms(40'000));
        break;
      case 12:
        if (one_in(30)) one_in(2) ? run_.close() : run_.shut_down();
        break;
      case 13:
        change_the_quota();
        break;
      default:
        run_.run_for(ms(one_in(10) ? 10'000 : 300));
    }
  }

  void change_a_link() {
    const auto ids = run_.connection_ids();
    if (ids.empty()) return;
    const core::link_id id = ids[below(ids.size())];
    if (one_in(4))
      run_.retire(id);
    else
      run_.set_capacity(id, random_capacity());
  }

  void submit() {
    const std::string account(1, static_cast<char>('a' + below(5)));
    const auto urgency = one_in(3) ? priority::background : priority::interactive;
    for (auto n = one_in(6) ? below(12) : 1; n > 0; --n) {
      run_.outage_patience = one_in(2) ? ms(20'000) : 0s;
      if (one_in(3))
        run_.submit_patient(account, urgency);
      else
        run_.submit(account, ms(8'000), urgency);
    }
  }

  void change_the_quota() {
    if (!script_) return;
    switch (below(6)) {
      case 0:
        script_->not_before = run_.now() + ms(3'000);
        break;
      case 1:
        run_.refuse_key();
        break;
      case 5:
        run_.rotate_key();
        break;
      case 2:
        script_->pace = ms(400);
        break;
      case 3:
        script_->account_not_before[std::string(1, static_cast<char>('a' + below(5)))] =
            run_.now() + ms(3'000);
        break;
      case 4:
        script_->urgency_not_before[priority::background] = run_.now() + ms(3'000);
        break;
    }
  }

  std::function<std::uint64_t()> dice_;
  std::shared_ptr<scripted_governor> script_;
  core::engine_settings settings_;
  engine_run run_;
  bool calm_ = false;
  std::uint32_t most_at_once_ = 1;  ///< of any link
};

}  // namespace ephemint::test
