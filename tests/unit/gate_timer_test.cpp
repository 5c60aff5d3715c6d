#include "net/gate_timer.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <sys/timerfd.h>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;

/// Counts how often it was told.
struct listener final : gate_timer::owner, std::enable_shared_from_this<listener> {
  explicit listener(boost::asio::io_context& io) : timer{io.get_executor(), gate, *this} {}

  void on_time(gate_timer&) noexcept override {
    ++told;
    at = clock::now();
    if (again) timer.set(*std::exchange(again, std::nullopt));
  }
  void on_no_timer(gate_timer&) noexcept override { ADD_FAILURE() << "no memory"; }
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }

  serial_gate gate{false};
  gate_timer timer;
  int told = 0;
  clock::time_point at{};
  std::optional<clock::time_point> again;
};

/// Disarms all timers of the kernel's that this process has as descriptors: those of its reactors.
void disarm_timers() {
  for (const auto& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    if (std::filesystem::read_symlink(each, gone) != "anon_inode:[timerfd]") continue;
    const itimerspec never{};
    ASSERT_EQ(::timerfd_settime(std::stoi(each.path().filename()), 0, &never, nullptr), 0);
  }
}

class GateTimer : public testing::Test {
 protected:
  void run() {
    io.restart();
    io.run_for(5s);
    EXPECT_TRUE(io.stopped()) << "work is left";
  }

  boost::asio::io_context io{1};
  const std::shared_ptr<listener> who = std::make_shared<listener>(io);
  const clock::time_point now = clock::now();
};

TEST_F(GateTimer, one_that_is_set_tells_once_and_not_early) {
  who->timer.set(now + 5ms);
  run();
  EXPECT_EQ(who->told, 1);
  EXPECT_GE(who->at, now + 5ms);
}

TEST_F(GateTimer, a_time_that_has_passed_is_told_too) {
  who->timer.set(now - 1h);
  run();
  EXPECT_EQ(who->told, 1);
}

TEST_F(GateTimer, the_last_time_that_was_set_counts) {
  who->timer.set(now + 1h);
  who->timer.set(now + 2ms);
  who->timer.set(now + 1ms);
  who->timer.set(now + 10ms);
  run();
  EXPECT_EQ(who->told, 1);
  EXPECT_GE(who->at, now + 10ms);
  EXPECT_LT(who->at, now + 5s);
}

TEST_F(GateTimer, one_that_was_cancelled_leaves_nothing) {
  who->timer.set(now + 1h);
  who->timer.cancel();
  run();
  EXPECT_EQ(who->told, 0);
}

TEST_F(GateTimer, one_that_was_cancelled_may_be_set_before_its_wait_has_ended) {
  who->timer.set(now + 1h);
  who->timer.cancel();
  who->timer.set(now + 1ms);
  run();
  EXPECT_EQ(who->told, 1);
}

TEST_F(GateTimer, it_may_be_set_when_it_tells) {
  who->again = now + 6ms;
  who->timer.set(now + 3ms);
  run();
  EXPECT_EQ(who->told, 2);
  EXPECT_GE(who->at, now + 6ms);
}

// A child of a `fork` that runs the parent's context without `notify_fork` takes the parent's timer: Asio
// then has no event for a wait that is over. behaviours: I9
TEST_F(GateTimer, wait_that_the_reactor_lost_ends_when_the_timer_is_set_again) {
  who->timer.set(now + 1ms);
  disarm_timers();
  io.run_for(20ms);
  ASSERT_EQ(who->told, 0);
  who->timer.set(now + 1ms);
  run();
  EXPECT_EQ(who->told, 1);

  who->timer.set(now + 30ms);
  disarm_timers();
  io.restart();
  io.run_for(60ms);
  const auto later = clock::now() + 5ms;
  who->timer.set(later);
  run();
  EXPECT_EQ(who->told, 2);
  EXPECT_GE(who->at, later);
}

// behaviours: C7
TEST(GateTimerContext, one_whose_context_goes_lets_its_owner_go) {
  std::weak_ptr<listener> gone;
  {
    boost::asio::io_context io{1};
    auto who = std::make_shared<listener>(io);
    gone = who;
    who->timer.set(clock::now() + 1h);
    who.reset();
    EXPECT_FALSE(gone.expired());
  }
  EXPECT_TRUE(gone.expired());
}

}  // namespace
}  // namespace ephemint::net
