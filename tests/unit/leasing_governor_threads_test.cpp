#include "core/leasing_governor.hpp"
#include "support/quota_script_port.hpp"

#include <ephemint/secret.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using core::time_point;
using verdict = admission::verdict;

struct counting_ear final : quota_listener {
  void quota_changed() noexcept override { ++heard; }
  std::atomic<int> heard{0};
};
struct counting_bell final : redis::lease_driver {
  void calls_due() noexcept override { ++rung; }
  std::atomic<int> rung{0};
};

/// Clients and drivers on threads of their own, all at once: no permit is lost, none is given twice.
TEST(leasing_governor_threads, clients_and_drivers_share_it) {
  redis::leasing_governor::settings s;
  s.rate = quota::declared(1000, 1h);
  s.key = "k";
  redis::leasing_governor governor{s};
  const auto driver = std::make_shared<counting_bell>();
  governor.set_driver(driver);
  governor.on_store_age(time_point{100s}, true);
  std::mutex store_mutex;
  quota_script_port store;
  std::atomic<std::int64_t> ticks{0};
  std::atomic<int> sent{0};
  std::atomic<int> clients{3};
  const auto now = [&] { return time_point{100s + std::chrono::microseconds{ticks.fetch_add(10)}}; };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      const auto ear = std::make_shared<counting_ear>();
      const std::uint32_t client = governor.join(ear);
      for (int i = 0; i < 4000; ++i) {
        governor.estimate(now(), {priority::interactive, "a", client}, 3);
        const admission a = governor.try_acquire(
            now(), {t == 0 ? priority::background : priority::interactive, "a", client, 4});
        if (a.what != verdict::granted) {
          std::this_thread::yield();
          continue;
        }
        if (i % 7 == 0) {
          governor.give_back(now(), a.granted_permit);
        } else {
          ++sent;
          governor.on_reply(now(), a.granted_permit, {permit_use::admitted, "a", now(), {}});
        }
      }
      governor.leave(client);
      --clients;
    });
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      for (int i = 0; clients > 0; ++i) {
        const auto call = governor.next_call(now());
        if (!call) {
          governor.wake_at();
          governor.figures(now());
          std::this_thread::yield();
          continue;
        }
        if (i % 50 == 49) {
          governor.on_failure(now(), call->number, "lost");
          continue;
        }
        redis::store_answer answer;
        {
          const std::lock_guard lock{store_mutex};
          answer = store.evaluate(1'700'000'000'000 + ticks / 1000, call->key, call->call);
        }
        governor.on_answer(now(), call->number, answer);
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_GT(sent, 10);
  EXPECT_LE(sent, 1000);
  EXPECT_GT(driver->rung, 0);
}

/// Clients find a key refused and good again, rotate it and ask for probes, while drivers carry this to and
/// from the store.
TEST(leasing_governor_threads, key_is_judged_by_all_at_once) {
  redis::leasing_governor::settings s;
  s.rate = quota::declared(1000, 1s);
  s.key = "k";
  s.credential = std::make_shared<core::key_state>(secret{"key"});
  s.tag_of_key = [](std::string_view key) { return std::string{key}; };
  core::key_state& key = *s.credential;
  auto governor = std::make_unique<redis::leasing_governor>(s);
  governor->on_store_age(time_point{100s}, true);
  governor->join();
  std::mutex store_mutex;
  quota_script_port store;
  std::atomic<std::int64_t> ticks{0};
  std::atomic<int> clients{3}, probes{0};
  const auto now = [&] { return time_point{100s + std::chrono::milliseconds{ticks.fetch_add(1)}}; };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      using permission = core::key_guard::permission;
      for (std::uint64_t i = 0; i < 6000; ++i) {
        core::key_guard& guard = key.guard();
        const std::uint64_t version = guard.version();
        const permission said = guard.may_send(now());
        const bool probe = said == permission::go_as_probe;
        probes += probe;
        if (probe && i % 3 == 0)
          guard.probe_undone(version);
        else if (i % 1500 == 0)
          guard.on_minted(version);
        else if (probe || said == permission::go)
          guard.on_refused(now(), probe, i * 3 + t, version);
        guard.not_before(now(), 100ms);
        if (t == 0 && i % 2500 == 2499) key.rotate(secret{"key" + std::to_string(i)});
      }
      --clients;
    });
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      for (int i = 0; clients > 0; ++i) {
        const auto call = governor->next_call(now());
        if (!call) {
          std::this_thread::yield();
        } else if (i % 50 == 49) {
          governor->on_failure(now(), call->number, "lost");
        } else {
          redis::store_answer answer;
          {
            const std::lock_guard lock{store_mutex};
            answer = store.evaluate(1'700'000'000'000 + ticks, call->key, call->call);
          }
          governor->on_answer(now(), call->number, answer);
        }
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_GT(probes, 0);
  governor.reset();
  key.guard().on_refused(now(), false, 1, key.version());  // nobody listens any more
  key.guard().on_minted(key.version());
  EXPECT_EQ(key.guard().at(now()), core::key_gate::state::open);
}

}  // namespace
}  // namespace ephemint::test
