// Five hundred customers who click at once, in virtual time, with the ticket book and the real governor, used
// together as in the login face.
#include "faces/waits.hpp"
#include "tickets/ticket_book.hpp"

#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;
using moment = clock::time_point;

struct customer {
  std::string id;
  moment clicked{}, told{}, served{};  ///< `told` by its first page
  int waits = 0;                       ///< pages that said to wait
};

/// Each customer comes, is told to wait or gets a login, and comes back at the time that the page said.
class clicking_crowd {
 public:
  clicking_crowd(quota q, std::size_t size, std::chrono::milliseconds within, std::uint64_t seed)
      : governor_{make_rate_governor(q, quota_scope::per_api_key, seed)}, random_{seed} {
    for (std::size_t i = 0; i < size; ++i) {
      all.push_back({.id = "ticket-" + std::to_string(i)});
      all.back().clicked = now_ + within * static_cast<int>(random_() % 1000) / 1000;
      at(all.back().clicked, [this, i] { visit(all[i]); });
    }
  }

  void run() {
    while (!events_.empty()) {
      const event next = events_.top();
      events_.pop();
      now_ = std::max(now_, next.when);
      next.what();
    }
  }

  std::vector<customer> all;

 private:
  struct event {
    moment when;
    std::uint64_t number;
    std::function<void()> what;
    bool operator<(const event& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  void at(moment when, std::function<void()> what) {
    events_.push({when, ++events_so_far_, std::move(what)});
  }

  static wall_clock::time_point wall(moment when) { return wall_clock::time_point{when.time_since_epoch()}; }

  void visit(customer& one) {
    ASSERT_EQ(book_.open(one.id, {now_, wall(now_)}, wall(one.clicked) + 60s, wall(one.clicked) + 300s),
              ticket_book::admission::opened)
        << one.id;
    const permit_request login{priority::interactive, one.id, client_};
    const moment when =
        governor_->estimate(now_, login, queue_.size() + book_.ahead(one.id, {now_, wall(now_)}));
    const bool came_back = book_.waits(one.id, now_);
    if (when - now_ > (came_back ? patience_once_told : patience)) {
      const moment then = now_ + gateway::told(when - now_, static_cast<double>(random_() % 1000) / 1000);
      if (++one.waits == 1) one.told = then;
      book_.wait_until(one.id, then);
      at(then, [this, &one] { visit(one); });
    } else {
      queue_.push_back(&one);
      pump();
    }
  }

  void pump() {
    while (!queue_.empty()) {
      customer& one = *queue_.front();
      const admission a = governor_->try_acquire(now_, {priority::interactive, one.id, client_});
      if (a.what != admission::verdict::granted) {
        at(a.not_before, [this] { pump(); });
        return;
      }
      queue_.pop_front();
      const moment sent = now_;
      at(now_ + 80ms, [this, &one, sent, p = a.granted_permit] {
        governor_->on_reply(now_, p, {permit_use::admitted, one.id, sent, {}});
        book_.spend(one.id);
        one.served = now_;
        pump();
      });
    }
  }

  std::shared_ptr<rate_governor> governor_;
  std::uint32_t client_ = governor_->join();
  ticket_book book_;
  std::mt19937_64 random_;
  moment now_{100s};
  std::priority_queue<event> events_;
  std::uint64_t events_so_far_ = 0;
  std::deque<customer*> queue_;
};

// behaviours: G11
TEST(gateway_line, crowd_is_served_when_it_was_told) {
  for (const auto within : {100ms, 1000ms})
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      clicking_crowd crowd{quota::declared(200, 60s), 500, within, seed};
      crowd.run();
      std::vector<moment> served;
      for (const customer& one : crowd.all) {
        ASSERT_NE(one.served, moment{}) << one.id;
        served.push_back(one.served);
        // The API takes 80 ms, and a crowd that comes at once about a second.
        EXPECT_LE(one.served - std::max(one.clicked, one.told), 1300ms) << one.id << " of seed " << seed;
        EXPECT_LE(one.waits, 1) << one.id << " of seed " << seed;
      }
      std::sort(served.begin(), served.end());
      EXPECT_LE(served.back() - moment{100s}, 125s) << "seed " << seed;
      for (std::size_t i = 200; i < served.size(); ++i) EXPECT_GT(served[i] - served[i - 200], 59s);
    }
}

TEST(gateway_line, told_time_is_true_within_a_second) {
  for (const auto wait : {701ms, 1000ms, 2500ms, 30'300ms, 120'000ms})
    for (const double chance : {0.0, 0.5, 1.0}) {
      const auto off = told(wait, chance) - wait;
      EXPECT_GE(off, -500ms) << wait.count();
      EXPECT_LE(off, 1s) << wait.count();
    }
  EXPECT_EQ(told(0ms, 0), 1s);
  EXPECT_EQ(told(clock::duration::max(), 1), 24h);
}

}  // namespace
}  // namespace ephemint::gateway
