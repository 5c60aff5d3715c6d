#include "core/key/key_state.hpp"
#include "shell/credential_access.hpp"

#include <ephemint/credential.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ephemint {
namespace {

using core::key_guard;
using core::time_point;

struct ear final : core::key_listener {
  void key_changed() noexcept override { ++heard; }
  std::atomic<int> heard{0};
};

// behaviours: K1
TEST(credential_threads, key_is_rotated_under_those_who_use_it) {
  constexpr int rotations = 500;
  credential key{secret{"key-1"}};
  core::key_state& state = *detail::credential_access::state(key);
  const auto e = std::make_shared<ear>();
  state.listen(e);
  std::atomic<bool> over{false};
  std::atomic<int> mixed_up{0};
  std::vector<std::thread> users;
  for (int t = 0; t < 3; ++t)
    users.emplace_back([&, copy = key, last = std::uint64_t{0}]() mutable {
      for (time_point now{}; !over; now += std::chrono::milliseconds{1}) {
        const auto held = state.current();
        if (held.text->reveal() != "key-" + std::to_string(held.version)) ++mixed_up;
        if (held.version < last || copy.version() < held.version) ++mixed_up;
        last = held.version;
        const auto may = state.guard().may_send(now);
        state.guard().not_before(now, std::chrono::milliseconds{80});
        if (may == key_guard::permission::go || may == key_guard::permission::go_as_probe)
          state.guard().on_refused(now, may == key_guard::permission::go_as_probe,
                                   static_cast<std::uint64_t>(now.time_since_epoch().count()), held.version);
      }
    });
  for (int i = 2; i <= rotations + 1; ++i) key.rotate(secret{"key-" + std::to_string(i)});
  over = true;
  for (std::thread& user : users) user.join();
  EXPECT_EQ(mixed_up, 0);
  EXPECT_EQ(e->heard, rotations);
  EXPECT_EQ(key.version(), static_cast<std::uint64_t>(rotations) + 1);
}

}  // namespace
}  // namespace ephemint
