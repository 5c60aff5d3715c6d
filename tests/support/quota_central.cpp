#include "quota_central.hpp"

#include "core/random.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

namespace ephemint::quota_world {
namespace {

using milliseconds = std::chrono::milliseconds;
using seconds = std::chrono::duration<double>;

/// The store's data for all processes. It counts a permit when it gives it.
class central_count final : public store_data {
 public:
  std::unique_ptr<store_data> copy() const override { return std::make_unique<central_count>(*this); }

  /// Nothing if a permit was given, else when to ask again.
  std::optional<duration> ask(milliseconds now, const central_rules& rules, ephemint::quota q) {
    const auto n = static_cast<double>(q.requests());
    const double t = seconds{now}.count();
    const double window = seconds{q.window()}.count();
    if (rules.how == central_rules::count::sliding_log) {
      while (!given_.empty() && given_.front() <= t - window) given_.pop_front();
      if (static_cast<double>(given_.size()) >= n) return whole(given_.front() + window - t);
      given_.push_back(t);
      return std::nullopt;
    }
    const double every = window / n;
    const double next = std::max(arrival_, t) + every;
    if (next - rules.burst * every > t) return whole(next - rules.burst * every - t);
    arrival_ = next;
    return std::nullopt;
  }

 private:
  double arrival_ = 0;
  std::deque<double> given_;
};

class central_strategy final : public strategy {
 public:
  central_strategy(actions& world, central_rules rules, ephemint::quota q, std::uint64_t seed)
      : world_{world}, rules_{rules}, quota_{q}, random_{seed} {}

  void on_submit(time_point now, job_id id) override {
    push(id);
    pump(now);
  }
  void on_reply(time_point now, job_id id, const reply& r) override {
    if (!r.admitted) {
      const duration wait = r.retry_after.value_or(std::chrono::seconds{1});
      not_before_ = std::max(not_before_, now + wait + whole(0.25 * random_.unit()));
      push(id, true);
    }
    pump(now);
  }
  void on_wake(time_point now) override { pump(now); }
  void on_store_answer(time_point now, std::uint64_t) override { answered(now, *wait_); }
  void on_store_failure(time_point now, std::uint64_t) override {
    answered(now, rules_.open_when_lost ? std::nullopt : std::optional<duration>{milliseconds{500}});
  }

 private:
  void push(job_id id, bool first = false) {
    const time_point deadline = world_.about(id).deadline;
    if (deadline != time_point::max())
      logins_.emplace(deadline, id);
    else if (first)
      batch_.push_front(id);
    else
      batch_.push_back(id);
  }

  void pump(time_point now) {
    while (!logins_.empty() && logins_.begin()->first <= now) {
      const job_id late = logins_.begin()->second;
      logins_.erase(logins_.begin());
      world_.give_up(late);
    }
    if (asking_ || (logins_.empty() && batch_.empty())) return wake(now);
    if (now < not_before_) return wake(now);
    asking_ = true;
    // This process asks nothing else until the answer has come.
    wait_ = std::make_shared<std::optional<duration>>();
    world_.ask_store(++asked_, milliseconds{500},
                     [wait = wait_, rules = rules_, q = quota_](auto& kept, milliseconds at) {
                       if (!kept) kept = std::make_unique<central_count>();
                       *wait = static_cast<central_count&>(*kept).ask(at, rules, q);
                     });
    wake(now);
  }

  void answered(time_point now, std::optional<duration> wait) {
    asking_ = false;
    if (wait)
      not_before_ = now + *wait + whole(0.005 * random_.unit());
    else
      send();
    pump(now);
  }

  void send() {
    if (!logins_.empty()) {
      const job_id id = logins_.begin()->second;
      logins_.erase(logins_.begin());
      world_.send(id);
    } else if (!batch_.empty()) {
      const job_id id = batch_.front();
      batch_.pop_front();
      world_.send(id);
    }
  }

  void wake(time_point now) {
    const bool waits = !asking_ && not_before_ > now && (!logins_.empty() || !batch_.empty());
    time_point at = waits ? not_before_ : time_point::max();
    if (!logins_.empty()) at = std::min(at, logins_.begin()->first);
    world_.wake_at(at);
  }

  actions& world_;
  central_rules rules_;
  ephemint::quota quota_;
  core::splitmix random_;
  std::multimap<time_point, job_id> logins_;
  std::deque<job_id> batch_;
  std::shared_ptr<std::optional<duration>> wait_;
  std::uint64_t asked_ = 0;
  bool asking_ = false;
  time_point not_before_{};
};

}  // namespace

strategy_maker call_a_mint(central_rules rules, ephemint::quota q) {
  return [=](actions& world, std::uint64_t seed) {
    return std::make_unique<central_strategy>(world, rules, q, seed);
  };
}

}  // namespace ephemint::quota_world
