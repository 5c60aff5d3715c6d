// Compares accounts' counts, which are put to rest, with counts that never are; and measures their memory. A
// program of its own, as it replaces the global operator new.
#include "core/quota/account_counts.hpp"

#include "core/quota/by_account.hpp"
#include "core/quota/governed_count.hpp"
#include "core/quota/permit_table.hpp"
#include "core/random.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <malloc.h>

namespace {

// Counts down to the allocation that fails; 0: none fails.
thread_local long fails_at = 0;
thread_local long held = 0;  // bytes, with malloc's rounding

std::size_t weight(void* memory) { return memory ? ::malloc_usable_size(memory) + sizeof(std::size_t) : 0; }

}  // namespace

void* operator new(std::size_t size) {
  if (fails_at > 0 && --fails_at == 0) throw std::bad_alloc{};
  void* const memory = std::malloc(size);
  if (!memory) throw std::bad_alloc{};
  held += static_cast<long>(weight(memory));
  return memory;
}
void operator delete(void* memory) noexcept {
  held -= static_cast<long>(weight(memory));
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t seed = 7;

/// Like `account_counts`, but no count is ever put to rest.
class counts_that_never_rest {
 public:
  explicit counts_that_never_rest(const quota& q) : quota_{q} {}

  governed_count& at(time_point now, std::string_view account) {
    if (governed_count* const found = find(account)) return *found;
    const auto forgettable = [now](const governed_count& c) { return c.forgettable(now); };
    return counts_.add(account, forgettable, quota_, seed ^ std::hash<std::string_view>{}(account));
  }
  void rest(governed_count&) noexcept {}
  time_point estimate(time_point now, std::string_view account, priority urgency, std::size_t ahead) {
    governed_count* const found = find(account);
    return found ? found->estimate(now, urgency, ahead) : now;
  }

 private:
  governed_count* find(std::string_view account) noexcept { return counts_.find(account); }

  quota quota_;
  by_account<governed_count> counts_;
};

/// Calls by a few clients for a table of accounts, chosen at random from the seed, and a transcript of all
/// answers. The accounts are a few busy ones and many that come once; in long gaps all are forgotten.
template <class Counts>
class random_calls {
 public:
  random_calls(const quota& q, std::uint64_t calls_seed, bool memory_runs_out)
      : window_{q.window()}, random_{calls_seed}, runs_out_{memory_runs_out}, counts_{make(q)} {}

  std::vector<std::string> run(int calls) {
    for (int i = 0; i < calls; ++i) {
      pass_time();
      const std::uint64_t what = random_.next() % 16;
      if (what < 7)
        ask();
      else if (what < 14)
        come_back();
      else
        estimate();
    }
    return std::move(transcript_);
  }

 private:
  struct sent {
    outstanding_permit permit;
    time_point at;
  };

  static Counts make(const quota& q) {
    if constexpr (std::is_same_v<Counts, account_counts>)
      return account_counts{q, seed};
    else
      return counts_that_never_rest{q};
  }

  void pass_time() {
    const std::uint64_t kind = random_.next() % 200;
    duration passed = std::chrono::microseconds{random_.next() % 20'000};
    if (kind == 0) passed = window_ + std::chrono::milliseconds{random_.next() % 1'000};
    if (kind == 1 && random_.next() % 8 == 0) passed = 10min + window_ * 2;
    if (kind == 2) passed = window_ / 2;
    now_ += passed;
  }

  /// Calls it, sometimes with one of its first few allocations failing; then calls it once more.
  template <class Call>
  auto insist(Call call) {
    const auto which = static_cast<long>(random_.next() % 8);
    fails_at = runs_out_ ? which : 0;
    try {
      const auto answer = call();
      fails_at = 0;
      return answer;
    } catch (const std::bad_alloc&) {
      fails_at = 0;
      return call();
    }
  }

  std::string account() {
    return "se-" + std::to_string(random_.next() % 4 ? random_.next() % 8 : random_.next() % 2'000);
  }

  void ask() {
    const std::string name = account();
    const priority urgency = random_.next() % 2 ? priority::interactive : priority::background;
    const auto client = static_cast<std::uint32_t>(random_.next() % 3);
    const auto later = insist([&] { return counts_.at(now_, name).ask(now_, urgency, client); });
    governed_count& count = counts_.at(now_, name);
    if (!later) {
      outstanding_permit p{.urgency = urgency};
      count.take(now_, client, p);
      out_.push_back({p, now_});
    }
    tell(later ? "later" : "granted", later ? later->time_since_epoch().count() : 0);
    tell_of(count);
  }

  void come_back() {
    if (out_.empty()) return;
    const std::size_t which = random_.next() % out_.size();
    const sent back = out_[which];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(which));
    governed_count& count = *back.permit.count;
    const std::uint64_t how = random_.next() % 60;
    bool ended = false;
    if (how == 0) {
      count.give_back(now_, back.permit);
    } else {
      permit_use use = permit_use::admitted;
      if (how < 4) use = permit_use::rate_limited;
      if (how > 56) use = permit_use::unknown;
      std::optional<duration> again;
      if (how == 1) again = 300ms;
      ended = count.on_reply(now_, back.permit, back.at, use, again);
    }
    while (const auto woken = count.wake_one(now_, back.permit.client, ended)) tell("woken", *woken);
    tell_of(count);
    const auto which_fails = static_cast<long>(random_.next() % 2);
    fails_at = runs_out_ ? which_fails : 0;
    counts_.rest(count);
    fails_at = 0;
  }

  void estimate() {
    const std::string name = account();
    const std::size_t ahead = random_.next() % 40;
    const time_point when = counts_.estimate(now_, name, priority::background, ahead);
    tell("estimate", when.time_since_epoch().count());
  }

  void tell_of(const governed_count& count) {
    const quota_state s = count.state(now_);
    tell("in force", s.in_force ? static_cast<std::int64_t>(s.in_force->requests()) : -1);
    tell("used", static_cast<std::int64_t>(s.used));
    tell("pause", s.pause.count());
    tell("limit, in millionths", static_cast<std::int64_t>(count.limit() * 1e6));
  }
  void tell(const char* what, std::int64_t figure) {
    transcript_.push_back(what + (' ' + std::to_string(figure)));
  }

  duration window_;
  splitmix random_;
  bool runs_out_;
  Counts counts_;
  std::vector<sent> out_;
  std::vector<std::string> transcript_;
  time_point now_{1000s};
};

void expect_the_same(bool memory_runs_out) {
  for (const quota q : {quota::declared(30, 500ms), quota::declared(3, 2s), quota::declared(200, 5s),
                        quota::automatic(20, 500ms), quota::automatic(4, 1s), quota::unlimited()})
    for (std::uint64_t run = 0; run < test::seeds_to_play(12); ++run) {
      const auto expected = random_calls<counts_that_never_rest>{q, run, false}.run(4'000);
      const auto met = random_calls<account_counts>{q, run, memory_runs_out}.run(4'000);
      ASSERT_EQ(met.size(), expected.size());
      const auto differs = std::mismatch(met.begin(), met.end(), expected.begin());
      ASSERT_EQ(differs.first, met.end()) << "run " << run << ", " << differs.first - met.begin() << ": "
                                          << *differs.first << " instead of " << *differs.second;
    }
}

TEST(account_counts, rest_changes_no_answer) { expect_the_same(false); }

// behaviours: H1, R9
TEST(account_counts, rest_changes_no_answer_when_memory_runs_out) { expect_the_same(true); }

/// Bytes per account, after each has minted once in the same window.
double bytes_an_account(const quota& q, priority urgency, permit_use use, std::size_t accounts,
                        std::string_view prefix = "se-") {
  account_counts counts{q, seed};
  time_point now{1000s};
  const long before = held;
  for (std::size_t i = 0; i < accounts; ++i) {
    const std::string name{std::string{prefix} + std::to_string(1'000'000 + i)};
    governed_count& count = counts.at(now, name);
    EXPECT_FALSE(count.ask(now, urgency, 1));
    outstanding_permit p{.urgency = urgency};
    count.take(now, 1, p);
    now += 10us;
    count.on_reply(now, p, p.granted_at, use, {});
    counts.rest(count);
  }
  return static_cast<double>(held - before) / static_cast<double>(accounts);
}

// behaviours: Q8
TEST(account_counts, account_that_minted_weighs_little) {
  const quota q = quota::declared(200, 1h);
  double most = 0;
  // Two of these counts lie just before and just after the map adds buckets.
  for (const std::size_t accounts : {1'000u, 10'000u, 107'897u, 107'899u, 200'000u})
    for (const priority urgency : {priority::interactive, priority::background}) {
      const double bytes = bytes_an_account(q, urgency, permit_use::admitted, accounts);
      RecordProperty("bytes_" + std::to_string(accounts) + (urgency == priority::background ? "_b" : "_i"),
                     std::to_string(bytes));
      most = std::max(most, bytes);
    }
  EXPECT_LE(most, 160 + 10);
  const std::string_view long_prefix = "a-name-that-no-string-has-room-for-itself-";
  EXPECT_LE(bytes_an_account(q, priority::background, permit_use::admitted, 107'899, long_prefix),
            160.0 + static_cast<double>(long_prefix.size()) + 7);
}

TEST(account_counts, account_that_was_refused_weighs_more_but_not_all) {
  const double bytes =
      bytes_an_account(quota::declared(200, 1h), priority::background, permit_use::rate_limited, 10'000);
  RecordProperty("bytes", std::to_string(bytes));
  EXPECT_LE(bytes, 720);
}

}  // namespace
}  // namespace ephemint::core
