#include "core/quota/local_governor.hpp"

#include "core/quota/account_counts.hpp"
#include "core/quota/governed_count.hpp"
#include "core/quota/governor_users.hpp"
#include "core/quota/permit_table.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <mutex>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::core {
namespace {

class local_governor final : public rate_governor {
 public:
  local_governor(const quota& q, quota_scope scope, std::uint64_t seed)
      : scope_{scope}, whole_{q, seed}, accounts_{q, ~seed} {}

  std::uint32_t join(std::weak_ptr<quota_listener> listener) override {
    const std::lock_guard lock{mutex_};
    return users_.join(std::move(listener));
  }

  void leave(std::uint32_t client) noexcept override {
    const std::lock_guard lock{mutex_};
    users_.leave(client);
    whole_.leave(client);
    // Its places in the accounts' lines expire by themselves: visiting a million accounts here would hold up
    // all clients.
  }

  quota_scope scope() const noexcept override { return scope_; }

  admission try_acquire(time_point now, const permit_request& request) override {
    const std::lock_guard lock{mutex_};
    permits_.prepare();  // so that no permit is taken for which there is no memory
    governed_count& count = count_of(now, request.account);
    if (const auto when = count.ask(now, request.urgency, request.client))
      return {admission::verdict::later, {}, *when};
    outstanding_permit p{.urgency = request.urgency};
    count.take(now, request.client, p);
    return {admission::verdict::granted, permits_.put(p), now};
  }

  void on_reply(time_point now, permit id, const permit_reply& reply) noexcept override {
    std::unique_lock lock{mutex_};
    outstanding_permit p;
    if (!permits_.take(id, p)) return;
    const bool pause_ended = p.count->on_reply(now, p, reply.sent_at, reply.use, reply.retry_after);
    came_back(std::move(lock), now, p, pause_ended);
  }

  void give_back(time_point now, permit id) noexcept override {
    std::unique_lock lock{mutex_};
    outstanding_permit p;
    if (!permits_.take(id, p)) return;
    p.count->give_back(now, p);
    came_back(std::move(lock), now, p, false);
  }

  time_point estimate(time_point now, const permit_request& request,
                      std::size_t ahead) const noexcept override {
    const std::lock_guard lock{mutex_};
    if (scope_ == quota_scope::per_api_key) return whole_.estimate(now, request.urgency, ahead);
    return accounts_.estimate(now, request.account, request.urgency, ahead);
  }

  /// If each account has its own count the whole one is never charged, and shows the quota as it was given.
  quota_state state(time_point now) const noexcept override {
    const std::lock_guard lock{mutex_};
    return whole_.state(now);
  }

 private:
  governed_count& count_of(time_point now, std::string_view account) {
    return scope_ == quota_scope::per_api_key ? whole_ : accounts_.at(now, account);
  }

  /// Tells the clients that may send earlier because this permit came back.
  void came_back(std::unique_lock<std::mutex> lock, time_point now, const outstanding_permit& p,
                 bool pause_ended) noexcept {
    if (!p.count->others_wait(p.client)) {
      if (scope_ == quota_scope::per_account) accounts_.rest(*p.count);
      return;
    }
    while (const auto client = p.count->wake_one(now, p.client, pause_ended)) users_.wake(*client);
    users_.tell(std::move(lock));
  }

  mutable std::mutex mutex_;
  const quota_scope scope_;
  // Mutable because estimates update what time alone changes.
  mutable governed_count whole_;
  mutable account_counts accounts_;
  permit_table permits_;
  governor_users users_;
};

}  // namespace

std::shared_ptr<rate_governor> make_local_governor(const quota& q, quota_scope scope, std::uint64_t seed) {
  return std::make_shared<local_governor>(q, scope, seed);
}

}  // namespace ephemint::inline v0::core
