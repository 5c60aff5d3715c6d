#include "core/random.hpp"
#include "quota_strategies.hpp"

#include <algorithm>
#include <deque>

namespace ephemint::quota_world {
namespace {

/// Knows how the server counts, what it has counted, and when its quota falls, but not when it grows. To find
/// that out, it must ask for more than the quota that it assumes; the answer then tells it the true quota, at
/// once and exactly. No client without a declared quota can do better if it asks as rarely.
class looking_strategy final : public strategy {
 public:
  looking_strategy(actions& world, duration every, double phase)
      : world_{world},
        every_{every},
        believed_{world.server()},
        first_wait_{std::chrono::duration_cast<duration>(phase * every)} {}

  void on_submit(time_point now, job_id id) override {
    queue_.push_back(id);
    pump(now);
  }

  void on_reply(time_point now, job_id id, const reply& r) override {
    --out_;
    if (!r.admitted) {
      queue_.push_front(id);
      silent_until_ = std::max(silent_until_, now + r.retry_after.value_or(std::chrono::seconds{2}));
    }
    if (!r.admitted || id == look_) {
      believed_ = world_.server();
      look_at_ = now + every_;
      look_.reset();
    }
    pump(now);
  }

  void on_wake(time_point now) override { pump(now); }

 private:
  void pump(time_point now) {
    const time_point there = now + std::chrono::milliseconds{30};
    if (look_at_ == time_point{}) look_at_ = now + first_wait_;
    while (!queue_.empty() && now >= silent_until_) {
      const auto needed = static_cast<double>(out_ + 1);
      const bool believes = believed_.room(there, needed);
      if (believes && !world_.server().room(there, needed)) {
        if (out_ == 0) believed_ = world_.server();
        break;
      }
      if (!believes) {
        if (look_ || now < look_at_) break;
        look_ = queue_.front();
      }
      ++out_;
      believed_.on_request(there);
      world_.send(queue_.front());
      queue_.pop_front();
    }
    const time_point room = believed_.free_at(there) - std::chrono::milliseconds{30};
    world_.wake_at(std::max({now + std::chrono::milliseconds{10}, room, silent_until_}));
  }

  actions& world_;
  duration every_;
  quota_server believed_;
  duration first_wait_;
  std::deque<job_id> queue_;
  std::optional<job_id> look_;
  time_point look_at_{};
  time_point silent_until_{};
  std::size_t out_ = 0;
};

}  // namespace

strategy_maker looking(duration every) {
  return [every](actions& world, std::uint64_t seed) {
    return std::make_unique<looking_strategy>(world, every, core::splitmix{seed}.unit());
  };
}

}  // namespace ephemint::quota_world
