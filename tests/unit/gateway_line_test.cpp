// Five hundred customers who click at once, in virtual time: the book of tickets and the real governor, as
// the login listener's face has them work together.
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
  moment clicked{}, told{}, served{};
  int waits = 0;  ///< pages that told a wait
};

/// Each comes, is told to wait or asks for a login, and comes back when it was told.
class clicking_crowd {
 public:
  clicking_crowd(quota q, std::size_t size, std::uint64_t seed)
      : governor_{make_rate_governor(q, quota_scope::per_api_key, seed)}, random_{seed} {
    for (std::size_t i = 0; i < size; ++i) {
      all.push_back({.id = "ticket-" + std::to_string(i)});
      all.back().clicked = now_ + std::chrono::milliseconds{random_() % 1000};
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

  void visit(customer& one) {
    ASSERT_EQ(book_.open(one.id, now_, one.clicked + 60s, one.clicked + 300s), ticket_book::admission::opened)
        << one.id;
    const permit_request login{priority::interactive, one.id, client_};
    const moment when = governor_->estimate(now_, login, queue_.size() + book_.ahead(one.id, now_));
    if (when - now_ > 700ms) {
      ++one.waits;
      const auto more = (when - now_) * static_cast<int>(random_() % 100) / 1000;
      one.told =
          now_ + std::chrono::ceil<std::chrono::seconds>(when - now_ + std::min<clock::duration>(more, 1s));
      book_.wait_until(one.id, one.told);
      at(one.told, [this, &one] { visit(one); });
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
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    clicking_crowd crowd{quota::declared(200, 60s), 500, seed};
    crowd.run();
    std::vector<moment> served;
    for (const customer& one : crowd.all) {
      ASSERT_NE(one.served, moment{}) << one.id;
      served.push_back(one.served);
      EXPECT_LE(one.served - std::max(one.clicked, one.told), 1s) << one.id << " of seed " << seed;
      EXPECT_LE(one.waits, 2) << one.id << " of seed " << seed;
    }
    std::sort(served.begin(), served.end());
    EXPECT_LE(served.back() - moment{100s}, 130s) << "seed " << seed;
    for (std::size_t i = 200; i < served.size(); ++i) EXPECT_GT(served[i] - served[i - 200], 59s);
  }
}

}  // namespace
}  // namespace ephemint::gateway
