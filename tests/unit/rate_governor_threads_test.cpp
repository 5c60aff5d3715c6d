#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;
using verdict = admission::verdict;

TEST(rate_governor_threads, threads_share_one_quota) {
  const auto governor = make_rate_governor(quota::declared(1000, 1h));
  std::atomic<int> granted{0};
  std::atomic<std::int64_t> ticks{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const std::uint32_t client = governor->join();
      for (int i = 0; i < 5000; ++i) {
        const at now{100s + std::chrono::microseconds{ticks.fetch_add(1)}};
        governor->estimate(now, {priority::interactive, "a", client}, 3);
        const admission a = governor->try_acquire(now, {priority::interactive, "a", client});
        if (a.what != verdict::granted) continue;
        if (i % 7 == 0) {
          governor->give_back(now, a.granted_permit);
        } else {
          ++granted;
          governor->on_reply(now, a.granted_permit, {permit_use::admitted, "a", now, {}});
        }
      }
      governor->leave(client);
    });
  for (std::thread& t : threads) t.join();
  EXPECT_LE(granted, 1000);
  EXPECT_GE(granted, 850);
}

struct quota_ear final : quota_listener {
  void quota_changed() noexcept override { ++heard; }
  std::atomic<int> heard{0};
};

TEST(rate_governor_threads, clients_come_go_and_are_woken_while_others_send) {
  const auto governor = make_rate_governor(quota::declared(1'000'000, 1s));
  std::atomic<std::int64_t> ticks{0};
  std::atomic<int> heard{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const auto e = std::make_shared<quota_ear>();
        const std::uint32_t client = governor->join(e);
        std::vector<permit> out;
        for (int i = 0; i < 200; ++i) {
          const at now{100s + std::chrono::nanoseconds{ticks.fetch_add(1)}};
          const admission a = governor->try_acquire(now, {priority::interactive, "a", client});
          if (a.what == verdict::granted) out.push_back(a.granted_permit);
          if (i % 50 < 40) continue;
          for (const permit p : out)
            governor->on_reply(now, p,
                               {i % 100 < 50 ? permit_use::admitted : permit_use::unknown, "a", now, {}});
          out.clear();
        }
        for (const permit p : out) governor->give_back(at{101s}, p);
        governor->leave(client);
        heard += e->heard;
      }
    });
  for (std::thread& t : threads) t.join();
  const std::uint32_t last = governor->join();
  EXPECT_EQ(governor->try_acquire(at{200s}, {priority::interactive, "a", last}).what, verdict::granted)
      << "no permit was lost";
}

TEST(rate_governor_threads, nobody_starves) {
  const auto governor = make_rate_governor(quota::declared(2000, 100ms));
  std::vector<int> had(4);
  std::vector<std::thread> threads;
  const at end = clock::now() + 1s;
  for (int& count : had)
    threads.emplace_back([&, end] {
      const std::uint32_t client = governor->join();
      for (at now = clock::now(); now < end; now = clock::now()) {
        const admission a = governor->try_acquire(now, {priority::interactive, "a", client});
        if (a.what == verdict::granted) {
          governor->on_reply(clock::now(), a.granted_permit, {permit_use::admitted, "a", now, {}});
          ++count;
        } else {
          std::this_thread::sleep_until(std::min(a.not_before, end));
        }
      }
      governor->leave(client);
    });
  for (std::thread& t : threads) t.join();
  const auto [least, most] = std::minmax_element(had.begin(), had.end());
  EXPECT_GT(*least, 0);
  EXPECT_GT(*least * 4, *most) << "a machine under load is unfair by itself, but not by that much";
}

}  // namespace
}  // namespace ephemint
