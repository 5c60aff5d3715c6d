// Links whose room changes at random: it is never exceeded, and no mint waits while there is room.
#include "core/random.hpp"
#include "support/engine_run.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace ephemint::test {
namespace {

/// Capacities from 0 on that change while requests are under way; links that retire, refuse, or become silent
/// and may answer again.
class tide {
 public:
  tide(std::uint64_t seed, bool refuses) : random_{seed}, refuses_{refuses}, run_{random_settings(), seed} {
    run_.dials = [this](std::size_t) {
      return dial_plan{.takes = ms(100), .capacity = random_capacity(), .shared = true};
    };
    run_.requests = [this](const request&) { return random_request(); };
    run_.lives = [this](core::link_id) {
      return one_in(2) ? std::optional<core::duration>{ms(2'000)} : std::nullopt;
    };
    run_.watch_room = !refuses;  // how far a link that refuses is trusted is the engine's own business
    if (run_.watch_room) run_.prove_key();  // nor does room alone count with a key that never minted
  }

  std::string play() {
    for (int i = 0; i < 200 && run_.problem().empty(); ++i) step();
    // All requests under way are answered now, and every link has room.
    run_.dials = [](std::size_t) { return dial_plan{.capacity = 5, .shared = true}; };
    run_.requests = {};
    run_.lives = [](core::link_id) { return std::optional<core::duration>{10ms}; };
    for (const auto id : run_.connection_ids()) run_.set_capacity(id, 5);
    run_.run_to_rest();
    return run_.take_problem();
  }
  const engine_run& run() const { return run_; }

 private:
  bool one_in(std::uint64_t n) { return random_.next() % n == 0; }
  std::uint64_t below(std::uint64_t n) { return random_.next() % n; }
  core::duration ms(std::uint64_t most) { return std::chrono::milliseconds{below(most + 1)}; }
  std::uint32_t random_capacity() { return static_cast<std::uint32_t>(one_in(5) ? 0 : below(12)); }

  core::engine_settings random_settings() {
    core::engine_settings s;
    s.links.max_connections = 1 + below(4);
    s.links.max_age = 20h;
    s.links.idle_timeout = 1h;
    s.attempt_timeout = one_in(2) ? 500ms : 2s;
    s.dials.expected_capacity = one_in(2) ? 0 : 10;
    s.retry.max_attempts = 1 + static_cast<int>(below(4));
    return s;
  }

  request_plan random_request() {
    using end = request_plan::end;
    request_plan plan{.takes = ms(one_in(8) ? 4'000 : 300), .ends_when_abandoned = false};
    if (!one_in(4)) return plan;
    const std::array ends{end::silent, end::reset, end::reset, end::lost, end::unsent};
    plan.how = ends[below(ends.size())];
    plan.unprocessed = refuses_ && one_in(2);
    plan.reply_begun = !plan.unprocessed;
    plan.ends_its_link = one_in(2);
    return plan;
  }

  void step() {
    const auto ids = run_.connection_ids();
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        for (auto n = 1 + below(8); n > 0; --n) run_.submit(std::to_string(below(6)), ms(8'000));
        break;
      case 4:
        if (!run_.calls().empty()) run_.cancel(static_cast<int>(below(run_.calls().size())));
        break;
      case 5:
      case 6:
        if (!ids.empty()) run_.set_capacity(ids[below(ids.size())], random_capacity());
        break;
      case 7:
        if (!ids.empty() && one_in(3)) run_.retire(ids[below(ids.size())]);
        break;
      default:
        run_.run_for(ms(600));
    }
  }

  core::splitmix random_;
  bool refuses_;
  engine_run run_;
};

void play_many(bool refuse) {
  const std::uint64_t seeds = seeds_to_play(1'500);
  std::size_t requests = 0, minted = 0, probes = 0, resets = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    tide t{seed, refuse};
    if (const std::string problem = t.play(); !problem.empty()) {
      ADD_FAILURE() << "seed " << seed << ": " << problem;
      return;
    }
    requests += t.run().sent().size();
    probes += t.run().probes();
    resets += t.run().resets();
    refused += t.run().count().refused;
    for (const auto& c : t.run().calls()) minted += c.minted() ? 1 : 0;
  }
  EXPECT_GT(requests, 100 * seeds) << "the tides are no tides";
  EXPECT_GT(minted, requests / 4);
  EXPECT_GT(probes, seeds);
  EXPECT_GT(resets, seeds);
  EXPECT_EQ(refused > seeds, refuse);
}

TEST(engine_room_property, room_is_never_exceeded_and_nobody_waits_beside_it) { play_many(false); }

TEST(engine_room_property, links_that_refuse_what_they_granted_leave_nobody_behind) { play_many(true); }

}  // namespace
}  // namespace ephemint::test
