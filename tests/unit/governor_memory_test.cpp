// The governor when memory runs out. A program of its own, as it replaces the global operator new.
#include "core/random.hpp"
#include "support/seeds.hpp"

#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {

// The allocation that fails, counted down while the governor works; 0: none.
thread_local long fails_at = 0;
thread_local bool counting = false;
thread_local bool failed = false;

}  // namespace

void* operator new(std::size_t size) {
  if (counting && fails_at > 0 && --fails_at == 0) {
    failed = true;
    throw std::bad_alloc{};
  }
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace ephemint {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

/// Allocations of the governor's, in this scope.
struct counted {
  counted() { counting = true; }
  ~counted() { counting = false; }
};

/// One governor and a few clients of it, random by a seed: bursts, 429s with pauses, permits that are lost or
/// given back, accounts that come and go. The governor's answers are the transcript.
class scenario {
 public:
  scenario(quota q, quota_scope scope) : governor_{make_rate_governor(q, scope, 1)} {}

  std::vector<std::string> run() {
    for (int i = 0; i < 3; ++i) join();
    for (int i = 0; i < 1500; ++i) {
      now_ += std::chrono::microseconds{random_.next() % 8'000};
      step(random_.next() % 16);
    }
    // All permits come back; then the whole quota is available again.
    while (!out_.empty()) come_back();
    now_ += 1h;
    for (int i = 0; i < 8; ++i) ask();
    return std::move(transcript_);
  }

  std::vector<at> sends;

 private:
  struct sent {
    permit id;
    std::string account;
    at at_time;
  };
  struct ear final : quota_listener {
    void quota_changed() noexcept override { ++heard; }
    int heard = 0;
  };

  /// The same again, if memory ran out the first time.
  template <class Call>
  auto insist(Call call) {
    const counted here;
    try {
      return call();
    } catch (const std::bad_alloc&) {
      return call();
    }
  }

  void step(std::uint64_t what) {
    if (what < 8) return ask();
    if (what < 14) return come_back();
    if (what == 14) return estimate();
    if (random_.next() % 20) return;
    leave();
    join();
  }

  std::uint32_t client() { return clients_[random_.next() % clients_.size()]; }
  std::string account() {
    return "an account too long for a short string " + std::to_string(random_.next() % 40);
  }

  void join() {
    ears_.push_back(std::make_shared<ear>());
    clients_.push_back(insist([&] { return governor_->join(ears_.back()); }));
    tell("joins", clients_.back());
  }
  void leave() {
    const std::size_t who = random_.next() % clients_.size();
    const counted here;
    governor_->leave(clients_[who]);
    clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(who));
  }

  void ask() {
    const std::string name = account();
    const permit_request request{random_.next() % 3 ? priority::interactive : priority::background, name,
                                 client()};
    const admission a = insist([&] { return governor_->try_acquire(now_, request); });
    if (a.what == admission::verdict::granted) {
      out_.push_back({a.granted_permit, name, now_});
      sends.push_back(now_);
    }
    tell(a.what == admission::verdict::granted ? "granted" : "later", a.granted_permit.id,
         a.not_before.time_since_epoch().count());
  }

  void come_back() {
    if (out_.empty()) return;
    const std::size_t which = random_.next() % out_.size();
    const sent back = out_[which];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(which));
    const std::uint64_t how = random_.next() % 40;
    permit_reply reply{permit_use::admitted, back.account, back.at_time, {}};
    if (how < 2) reply.use = permit_use::rate_limited;
    if (how == 0) reply.retry_after = 1s;
    if (how > 36) reply.use = permit_use::unknown;
    {
      const counted here;
      if (how == 36)
        governor_->give_back(now_, back.id);
      else
        governor_->on_reply(now_, back.id, reply);
    }
    for (std::size_t i = 0; i < ears_.size(); ++i) tell("heard", i, ears_[i]->heard);
  }

  void estimate() {
    const std::string name = account();
    const auto when = [&] {
      const counted here;
      return governor_->estimate(now_, {priority::interactive, name, clients_[0]}, 3);
    }();
    tell("estimate", 0, when.time_since_epoch().count());
  }

  void tell(const char* what, std::uint64_t whom, std::int64_t figure = 0) {
    transcript_.push_back(what + (' ' + std::to_string(whom)) + ' ' + std::to_string(figure));
  }

  core::splitmix random_{2};
  std::shared_ptr<rate_governor> governor_;
  std::vector<std::shared_ptr<ear>> ears_;
  std::vector<std::uint32_t> clients_;
  std::vector<sent> out_;
  std::vector<std::string> transcript_;
  at now_{1000s};
};

std::size_t most_in_a_window(const std::vector<at>& sends, clock::duration window) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < sends.size(); ++last) {
    while (sends[last] - sends[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

// behaviours: H1, R9
TEST(governor_memory, failed_allocation_is_as_if_not_asked) {
  const auto stride = static_cast<long>(test::one_seed_in());
  long total = 0;
  for (const quota q : {quota::declared(30, 500ms), quota::automatic(20, 500ms), quota::unlimited()})
    for (const quota_scope scope : {quota_scope::per_api_key, quota_scope::per_account}) {
      scenario undisturbed{q, scope};
      const auto expected = undisturbed.run();
      const bool bounded = q.how() == quota::mode::declared && scope == quota_scope::per_api_key;
      if (bounded) {
        EXPECT_LE(most_in_a_window(undisturbed.sends, q.window()), q.requests());
      }
      EXPECT_GT(std::count_if(expected.begin(), expected.end(),
                              [](const auto& s) { return s.starts_with("later"); }),
                50)
          << "it must be waited for";
      long place = 1;
      for (failed = true; failed; place += stride) {
        failed = false;
        scenario one{q, scope};
        fails_at = place;
        const auto met = one.run();
        fails_at = 0;
        ASSERT_EQ(met.size(), expected.size());
        const auto differs = std::mismatch(met.begin(), met.end(), expected.begin());
        ASSERT_EQ(differs.first, met.end())
            << "allocation " << place << ": " << *differs.first << " instead of " << *differs.second;
      }
      EXPECT_GT(place, 10) << "allocations failed, one a run";
      total += place - 1 - stride;
    }
  RecordProperty("failed_allocations", static_cast<int>(total));
}

}  // namespace
}  // namespace ephemint
