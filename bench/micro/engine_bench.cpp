// The engine and the governor alone: no sockets, no clock, time walked forward by hand.
#include "common/allocations.hpp"
#include "core/engine.hpp"

#include <ephemint/rate_governor.hpp>

#include <benchmark/benchmark.h>

#include <deque>
#include <string>
#include <vector>

namespace {

using namespace ephemint;
using namespace ephemint::core;

constexpr time_point start{std::chrono::hours{1}};

engine_settings settings(std::size_t max_queued) {
  engine_settings s;
  s.max_queued = max_queued;
  return s;
}

/// Mints that are used again once they are over.
class mint_pool {
 public:
  mint& take() {
    if (free_.empty()) return mints_.emplace_back();
    mint& m = *free_.back();
    free_.pop_back();
    m.where = mint::place::nowhere;
    m.attempts = 0;
    return m;
  }
  void give(mint& m) { free_.push_back(&m); }

 private:
  std::deque<mint> mints_;
  std::vector<mint*> free_;
};

/// Performs the commands as if everything succeeded at once. Returns the last attempt sent, or 0.
attempt_id perform(engine& e, mint_pool& pool, time_point now) {
  attempt_id sent = 0;
  while (const auto c = e.next()) {
    if (c->what == command::kind::dial) e.on_link_open(now, c->link, {});
    if (c->what == command::kind::send) sent = c->attempt;
    if (c->what == command::kind::finish) pool.give(*c->of);
  }
  return sent;
}

/// One mint through submit, send, reply and finish, while others wait, each with a turn of its own.
void engine_round_trip(benchmark::State& state) {
  const auto waiting = static_cast<std::size_t>(state.range(0));
  const auto governor = make_rate_governor(quota::unlimited());
  mint_pool pool;  // outlives the engine
  key_guard key;
  engine e{settings(waiting + 16), *governor, key, 1};
  time_point now = start;
  std::uint64_t n = 0;
  const auto submit = [&] {
    mint& m = pool.take();
    m.account = account_id{"se-" + std::to_string(n++)};
    m.deadline = now + std::chrono::hours{24};
    e.on_submit(now, m);
  };
  for (std::size_t i = 0; i < waiting; ++i) submit();
  attempt_id out = perform(e, pool, now);
  const auto before = bench::allocations();
  for (auto _ : state) {
    submit();
    if (const auto sent = perform(e, pool, now)) out = sent;
    now += std::chrono::microseconds{50};
    e.on_reply(now, out, {.what = reply_facts::answer::minted});
    if (const auto sent = perform(e, pool, now)) out = sent;
  }
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(bench::allocations() - before),
                                                     benchmark::Counter::kAvgIterations);
  e.on_shutdown(now);
  perform(e, pool, now);
}
BENCHMARK(engine_round_trip)->Arg(0)->Arg(10)->Arg(10'000)->Arg(1'000'000);

void governor_permit(benchmark::State& state) {
  const auto governor = make_rate_governor(
      state.range(0) == 0 ? quota::unlimited() : quota::declared(200, std::chrono::seconds{60}));
  const auto client = governor->join();
  time_point now = start;
  for (auto _ : state) {
    const auto answer = governor->try_acquire(now, {priority::interactive, "se-1", client});
    if (answer.what == admission::verdict::granted)
      governor->on_reply(now + std::chrono::milliseconds{80}, answer.granted_permit,
                         {permit_use::admitted, "se-1", now, {}});
    now += std::chrono::milliseconds{300};
  }
}
BENCHMARK(governor_permit)->ArgName("declared")->Arg(0)->Arg(1);

/// Each account mints once, with a quota of its own; about 10,000 accounts are in a window.
void governor_permit_of_an_account(benchmark::State& state) {
  const auto governor =
      make_rate_governor(quota::declared(200, std::chrono::seconds{1}), quota_scope::per_account);
  const auto client = governor->join();
  time_point now = start;
  std::uint64_t n = 0;
  for (auto _ : state) {
    const std::string account = "se-" + std::to_string(n++);
    const auto answer = governor->try_acquire(now, {priority::interactive, account, client});
    governor->on_reply(now, answer.granted_permit, {permit_use::admitted, account, now, {}});
    now += std::chrono::microseconds{100};
  }
}
BENCHMARK(governor_permit_of_an_account);

}  // namespace
