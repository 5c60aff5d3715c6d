#pragma once

#include <ephemint/rate_governor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace ephemint::test {

/// A governor that does what the test says. By default it grants everything.
class scripted_governor final : public rate_governor {
 public:
  clock::time_point not_before = clock::time_point::min();  ///< no request is served before
  clock::duration pace{};                                   ///< the least time between two permits
  std::map<std::string, clock::time_point, std::less<>> account_not_before;
  std::map<priority, clock::time_point> urgency_not_before;
  quota_state known{};  ///< the state that it reports

  /// Grants everything again.
  void open() {
    not_before = paced_until_ = clock::time_point::min();
    pace = {};
    account_not_before.clear();
    urgency_not_before.clear();
  }

  std::uint32_t join(std::weak_ptr<quota_listener>) override { return ++clients_; }
  void leave(std::uint32_t) override {}

  admission try_acquire(clock::time_point now, const permit_request& asked) override {
    const auto when = estimate(now, asked, 0);
    if (when > now) return {admission::verdict::later, {}, when};
    paced_until_ = now + pace;
    return {admission::verdict::granted, {++permits_}, now};
  }
  void on_reply(clock::time_point, permit, const permit_reply&) override {}
  quota_state state(clock::time_point) const noexcept override { return known; }
  void give_back(clock::time_point now, permit) override { paced_until_ = now; }

  clock::time_point estimate(clock::time_point now, const permit_request& asked,
                             std::size_t ahead) const override {
    auto when = std::max(now, not_before);
    if (pace > clock::duration{}) when = std::max(when, paced_until_) + pace * static_cast<clock::rep>(ahead);
    if (const auto found = account_not_before.find(asked.account); found != account_not_before.end())
      when = std::max(when, found->second);
    if (const auto found = urgency_not_before.find(asked.urgency); found != urgency_not_before.end())
      when = std::max(when, found->second);
    return when;
  }

 private:
  std::uint32_t clients_ = 0;
  std::uint64_t permits_ = 0;
  clock::time_point paced_until_ = clock::time_point::min();
};

/// Watches another governor: each of its permits must come back once.
class watched_governor final : public rate_governor {
 public:
  explicit watched_governor(std::shared_ptr<rate_governor> inner) : inner_{std::move(inner)} {}

  std::size_t outstanding() const noexcept { return outstanding_.size(); }
  std::size_t granted = 0;
  std::size_t given_back = 0;
  std::size_t asked = 0;
  bool returned_twice = false;
  bool strangers_reply = false;   ///< a reply came with another account than its permit
  std::string last_replied_to{};  ///< the account of the last reply
  bool misplaced_wait = false;    ///< a `retry_after` that isn't the key's
  std::map<permit_use, std::size_t> used;

  std::uint32_t join(std::weak_ptr<quota_listener> listener) override {
    return inner_->join(std::move(listener));
  }
  void leave(std::uint32_t client) override { inner_->leave(client); }
  admission try_acquire(clock::time_point now, const permit_request& request) override {
    ++asked;
    const admission answer = inner_->try_acquire(now, request);
    if (answer.what == admission::verdict::granted) {
      ++granted;
      outstanding_.emplace(answer.granted_permit.id, request.account);
    }
    return answer;
  }
  void on_reply(clock::time_point now, permit p, const permit_reply& reply) override {
    const auto asked_by = outstanding_.find(p.id);
    strangers_reply |= asked_by != outstanding_.end() && asked_by->second != reply.account;
    last_replied_to = reply.account;
    returned_twice |= outstanding_.erase(p.id) == 0;
    ++used[reply.use];
    misplaced_wait |= reply.retry_after && reply.use != permit_use::rate_limited;
    inner_->on_reply(now, p, reply);
  }
  void give_back(clock::time_point now, permit p) override {
    returned_twice |= outstanding_.erase(p.id) == 0;
    ++given_back;
    inner_->give_back(now, p);
  }
  clock::time_point estimate(clock::time_point now, const permit_request& request,
                             std::size_t ahead) const override {
    return inner_->estimate(now, request, ahead);
  }
  quota_state state(clock::time_point now) const noexcept override { return inner_->state(now); }

 private:
  std::shared_ptr<rate_governor> inner_;
  std::unordered_map<std::uint64_t, std::string> outstanding_;  ///< the account of each permit
};

}  // namespace ephemint::test
