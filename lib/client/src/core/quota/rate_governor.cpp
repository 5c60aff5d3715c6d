#include "core/key/key_gate.hpp"
#include "core/quota/governed_count.hpp"
#include "core/quota/permit_table.hpp"

#include <ephemint/rate_governor.hpp>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace ephemint::inline v0 {
namespace {

using core::governed_count;
using core::key_gate;
using core::outstanding_permit;

/// Accounts by name. A count that says no more than a new one is dropped while others come, a few a time, so
/// that a million accounts that each came once don't stay (behaviours: Q8).
class account_counts {
 public:
  account_counts(const quota& q, std::uint64_t seed) : quota_{q}, random_{seed} {}

  governed_count& at(clock::time_point now, std::string_view account) {
    if (auto found = counts_.find(account); found != counts_.end()) return *found->second;
    sweep(now);
    auto made = std::make_unique<governed_count>(quota_, random_.next());
    return *counts_.emplace(std::string{account}, std::move(made)).first->second;
  }
  governed_count* find(std::string_view account) {
    const auto found = counts_.find(account);
    return found == counts_.end() ? nullptr : found->second.get();
  }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  // Two buckets for each account that is new: the whole map is seen before it can double.
  void sweep(clock::time_point now) {
    for (int i = 0; i < 2 && counts_.bucket_count() > 0; ++i) {
      next_bucket_ = (next_bucket_ + 1) % counts_.bucket_count();
      const std::string* name = nullptr;
      for (auto entry = counts_.begin(next_bucket_); entry != counts_.end(next_bucket_); ++entry)
        if (entry->second->forgettable(now)) name = &entry->first;
      if (name) counts_.erase(counts_.find(*name));
    }
  }

  quota quota_;
  core::splitmix random_;
  std::unordered_map<std::string, std::unique_ptr<governed_count>, text_hash, std::equal_to<>> counts_;
  std::size_t next_bucket_ = 0;
};

class local_governor final : public rate_governor {
 public:
  local_governor(const quota& q, quota_scope scope, std::uint64_t seed)
      : quota_{q}, scope_{scope}, whole_{q, seed}, accounts_{q, ~seed} {}

  std::uint32_t join() override {
    const std::lock_guard lock{mutex_};
    return ++clients_;
  }

  void leave(std::uint32_t client) override {
    const std::lock_guard lock{mutex_};
    whole_.leave(client);
    // Its places in accounts' lines run out by themselves: a walk over a million accounts would hold up
    // everybody.
  }

  admission try_acquire(clock::time_point now, const permit_request& request) override {
    const std::lock_guard lock{mutex_};
    const key_gate::state key = key_.at(now);
    if (key == key_gate::state::failing || key == key_gate::state::waiting)
      return {key == key_gate::state::failing ? admission::verdict::refused : admission::verdict::later,
              {},
              key_.not_before(now, whole_.round_trip())};
    governed_count& count = count_of(now, request.account);
    const clock::time_point when = count.ask(now, request.urgency, request.client);
    if (when > now) return {admission::verdict::later, {}, when};
    outstanding_permit p{.urgency = request.urgency, .probes_key = key == key_gate::state::probe_due};
    permits_.prepare();  // a permit that is taken has its place: none is lost for want of memory
    count.take(now, request.client, p);
    if (p.probes_key) key_.probe_left();
    return {admission::verdict::granted, permits_.put(p), now};
  }

  void on_reply(clock::time_point now, permit id, const permit_reply& reply) override {
    const std::lock_guard lock{mutex_};
    outstanding_permit p;
    if (!permits_.take(id, p)) return;
    p.count->on_reply(now, p, reply.sent_at, reply.use, reply.retry_after);
    switch (reply.use) {
      case permit_use::admitted:
        return key_.on_admitted(p.probes_key);
      case permit_use::key_refused:
        return key_.on_refused(now, p.probes_key);
      // Neither says anything about the key: a rate may be counted before the key is looked at.
      case permit_use::rate_limited:
      case permit_use::unknown:
        if (p.probes_key) key_.probe_undone();
    }
  }

  void give_back(clock::time_point, permit id) override {
    const std::lock_guard lock{mutex_};
    outstanding_permit p;
    if (!permits_.take(id, p)) return;
    p.count->give_back(p);
    if (p.probes_key) key_.probe_undone();
  }

  quota_scope scope() const noexcept override { return scope_; }

  bool key_refused(clock::time_point now) const override {
    const std::lock_guard lock{mutex_};
    return key_.at(now) == key_gate::state::failing;
  }

  clock::time_point estimate(clock::time_point now, const permit_request& request,
                             std::size_t ahead) const override {
    const std::lock_guard lock{mutex_};
    governed_count* count = scope_ == quota_scope::per_api_key ? &whole_ : accounts_.find(request.account);
    const clock::time_point when = count ? count->estimate(now, request.urgency, ahead) : now;
    return key_.open() ? when : std::max(when, key_.not_before(now, whole_.round_trip()));
  }

 private:
  governed_count& count_of(clock::time_point now, std::string_view account) {
    return scope_ == quota_scope::per_api_key ? whole_ : accounts_.at(now, account);
  }

  mutable std::mutex mutex_;
  const quota quota_;
  const quota_scope scope_;
  // Mutable for estimates: what time alone changes is brought up to date.
  mutable governed_count whole_;
  mutable account_counts accounts_;
  key_gate key_;  // the key's, whatever the scope: one key serves all accounts
  core::permit_table permits_;
  std::uint32_t clients_ = 0;
};

void check(const quota& q) {
  if (q.how() == quota::mode::unlimited) return;
  if (q.requests() < 1 || q.requests() > 1'000'000)
    throw std::invalid_argument{"rate: requests must be 1 to 1,000,000 a window, got " +
                                std::to_string(q.requests())};
  if (q.window() < std::chrono::milliseconds{100} || q.window() > std::chrono::hours{24})
    throw std::invalid_argument{"rate: the window must be 100 ms to 24 h, got " +
                                std::to_string(q.window().count()) + " ms"};
}

}  // namespace

std::shared_ptr<rate_governor> make_rate_governor(quota q, quota_scope scope, std::uint64_t seed) {
  check(q);
  return std::make_shared<local_governor>(q, scope, seed);
}

}  // namespace ephemint::inline v0
