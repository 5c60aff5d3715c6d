// The leasing governor when memory runs out. A program of its own, as it replaces the global operator new.
#include "core/leasing_governor.hpp"
#include "core/random.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <malloc.h>

namespace {

// The allocation that fails, counted down while the governor works; 0: none.
thread_local long fails_at = 0;
thread_local bool counting = false;
thread_local bool failed = false;
thread_local long held = 0;  // bytes, with malloc's rounding

long weight(void* memory) {
  return memory ? static_cast<long>(::malloc_usable_size(memory) + sizeof(std::size_t)) : 0;
}

}  // namespace

void* operator new(std::size_t size) {
  if (counting && fails_at > 0 && --fails_at == 0) {
    failed = true;
    throw std::bad_alloc{};
  }
  void* const memory = std::malloc(size);
  if (!memory) throw std::bad_alloc{};
  held += weight(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  held -= weight(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace ephemint::redis {
namespace {

using namespace std::chrono_literals;
using core::time_point;

struct counted {
  counted() { counting = true; }
  ~counted() { counting = false; }
};

/// Clients, a driver and a store with random answers. Grants and commands are the transcript.
class leasing_scenario {
 private:
  template <class Call>
  auto insist(Call call) {
    const counted here;
    try {
      return call();
    } catch (const std::bad_alloc&) {
      return call();
    }
  }

 public:
  explicit leasing_scenario(quota_scope scope) : governor_{settings(scope)} {}

  std::vector<std::string> run() {
    client_ = insist([&] { return governor_.join(); });
    for (int i = 0; i < 800; ++i) {
      now_ += std::chrono::microseconds{random_.next() % 20'000};
      const std::uint64_t what = random_.next() % 10;
      if (what < 5)
        ask();
      else if (what < 8)
        come_back();
      speak();
    }
    return std::move(transcript_);
  }

 private:
  struct sent {
    permit id;
    std::string account;
    time_point at;
  };

  static leasing_governor::settings settings(quota_scope scope) {
    leasing_governor::settings s;
    s.rate = quota::declared(60, 2s);
    s.scope = scope;
    s.key = "a key of the store that is too long for a short string";
    s.key_of_account = [](std::string_view account) { return "the count of " + std::string{account}; };
    s.seed = 1;
    return s;
  }

  void ask() {
    const std::string account =
        "an account too long for a short string " + std::to_string(random_.next() % 9);
    const priority urgency = random_.next() % 2 ? priority::interactive : priority::background;
    const admission a = insist([&] { return governor_.try_acquire(now_, {urgency, account, client_, 2}); });
    if (a.what == admission::verdict::granted) out_.push_back({a.granted_permit, account, now_});
    tell("asked", a.granted_permit.id, a.not_before.time_since_epoch().count());
  }

  void come_back() {
    if (out_.empty()) return;
    const std::size_t which = random_.next() % out_.size();
    const sent s = out_[which];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(which));
    const std::uint64_t how = random_.next() % 30;
    permit_reply reply{permit_use::admitted, s.account, s.at, {}};
    if (how == 0) reply.use = permit_use::rate_limited;
    if (how == 1) reply.use = permit_use::unknown;
    const counted here;
    if (how == 2)
      governor_.give_back(now_, s.id);
    else
      governor_.on_reply(now_, s.id, reply);
  }

  void speak() {
    while (const auto call = insist([&] { return governor_.next_call(now_); })) {
      const store_call& c = call->call;
      tell("said " + c.member + c.spare_epoch, c.held, static_cast<std::int64_t>(c.uses.size()));
      const std::uint64_t how = random_.next() % 12;
      store_answer a{.epoch = "epoch", .revision = 1, .limit = 60, .free = 30};
      a.logins = c.want_logins;
      a.background = c.want_background;
      if (how == 0) a.what = store_answer::status::gone;
      if (how == 1) a.what = store_answer::status::lost;
      now_ += 1ms;
      const counted here;
      if (how == 2)
        governor_.on_failure(now_, call->number, "a reason that is too long for a short string");
      else
        governor_.on_answer(now_, call->number, a);
    }
  }

  void tell(const std::string& what, std::uint64_t whom, std::int64_t figure) {
    transcript_.push_back(what + ' ' + std::to_string(whom) + ' ' + std::to_string(figure));
  }

  core::splitmix random_{2};
  leasing_governor governor_;
  std::uint32_t client_ = 0;
  std::vector<sent> out_;
  std::vector<std::string> transcript_;
  time_point now_{1000s};
};

TEST(leasing_governor_memory, failed_allocation_is_as_if_not_asked) {
  for (const quota_scope scope : {quota_scope::per_api_key, quota_scope::per_account}) {
    const auto expected = leasing_scenario{scope}.run();
    long place = 1;
    for (failed = true; failed; place += static_cast<long>(test::one_seed_in())) {
      failed = false;
      leasing_scenario one{scope};
      fails_at = place;
      const auto met = one.run();
      fails_at = 0;
      ASSERT_EQ(met.size(), expected.size()) << "allocation " << place;
      const auto differs = std::mismatch(met.begin(), met.end(), expected.begin());
      ASSERT_EQ(differs.first, met.end())
          << "allocation " << place << ": " << *differs.first << " instead of " << *differs.second;
    }
    EXPECT_GT(place, 100) << "allocations failed, one a run";
  }
}

TEST(leasing_governor_memory, account_that_minted_weighs_two_kilobytes_at_most) {
  leasing_governor::settings s;
  s.rate = quota::declared(200, 1h);
  s.scope = quota_scope::per_account;
  s.key_of_account = [](std::string_view account) {
    return "ephemint:{0123456789abcdef}:" + std::string{account};
  };
  s.seed = 1;
  leasing_governor governor{s};
  const std::uint32_t client = governor.join();
  time_point now{1000s};
  constexpr long accounts = 5'000;
  const auto speak = [&] {
    while (const auto call = governor.next_call(now)) {
      store_answer a{.epoch = "epoch", .revision = 1, .limit = 200, .free = 30};
      a.logins = call->call.want_logins;
      governor.on_answer(now, call->number, a);
    }
  };
  const long before = held;
  for (long i = 0; i < accounts; ++i) {
    const std::string account = "se-" + std::to_string(1'000'000 + i);
    const permit_request request{priority::interactive, account, client};
    governor.try_acquire(now, request);
    speak();
    const admission a = governor.try_acquire(now, request);
    ASSERT_EQ(a.what, admission::verdict::granted);
    governor.on_reply(now, a.granted_permit, {permit_use::admitted, account, now, {}});
    now += 10ms;
    speak();
  }
  const long bytes = (held - before) / accounts;
  RecordProperty("bytes", static_cast<int>(bytes));
  EXPECT_LE(bytes, 2'048);
}

}  // namespace
}  // namespace ephemint::redis
