// Clients on several threads that know of one outage.
#include "core/outage/outage_guard.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

// behaviours: A4, I7
TEST(outage_guard_threads, one_of_all_gets_the_probe) {
  outage_guard guard;
  std::atomic<int> probes{0};
  constexpr int rounds = 200;
  for (int round = 0; round < rounds; ++round) {
    const at now{std::chrono::hours{round + 1}};
    splitmix random{1};
    guard.on_answer(now);
    for (int i = 0; i < 3; ++i)
      guard.on_failure(now, now, outage_gate::a_dial, 0, mint_error{mint_errc::connect_failed}, random);
    std::vector<std::jthread> clients;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
      clients.emplace_back([&guard, &probes, now, seed] {
        splitmix own{seed};
        const auto probe = guard.take_probe(now + 1s);
        probes += probe != 0 ? 1 : 0;
        (void)guard.reported(now + 1s);
        (void)guard.borne(now + 1s, 1min);
        if (probe != 0)
          guard.on_failure(now + 1s, now + 1s, seed, probe, mint_error{mint_errc::timed_out}, own);
      });
  }
  EXPECT_EQ(probes, rounds);
}

}  // namespace
}  // namespace ephemint::core
