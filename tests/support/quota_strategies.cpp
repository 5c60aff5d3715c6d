#include "quota_strategies.hpp"

#include "core/random.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

namespace ephemint::quota_world {
namespace {

using seconds = std::chrono::duration<double>;

/// Logins by deadline, then the batch in order.
class job_queue {
 public:
  explicit job_queue(const actions& world) : world_{world} {}

  void push(job_id id) {
    const job& j = world_.about(id);
    if (j.deadline == time_point::max())
      batch_.push_back(id);
    else
      logins_.insert({j.deadline, id});
  }
  void push_front(job_id id) {
    if (world_.about(id).deadline == time_point::max())
      batch_.push_front(id);
    else
      push(id);
  }
  bool empty() const { return logins_.empty() && batch_.empty(); }
  std::size_t logins() const { return logins_.size(); }
  std::optional<job_id> first_login() const {
    return logins_.empty() ? std::nullopt : std::optional{logins_.begin()->second};
  }
  std::optional<job_id> first_of_batch() const {
    return batch_.empty() ? std::nullopt : std::optional{batch_.front()};
  }
  job_id pop() {
    if (!logins_.empty()) return pop_login();
    return pop_of_batch();
  }
  job_id pop_login() {
    const job_id id = logins_.begin()->second;
    logins_.erase(logins_.begin());
    return id;
  }
  job_id pop_of_batch() {
    const job_id id = batch_.front();
    batch_.pop_front();
    return id;
  }
  /// Gives up logins that can't be served by `soonest`.
  void drop_hopeless(actions& world, time_point soonest) {
    while (!logins_.empty() && logins_.begin()->first < soonest) world.give_up(pop_login());
  }

 private:
  const actions& world_;
  std::set<std::pair<time_point, job_id>> logins_;
  std::deque<job_id> batch_;
};

/// Sends when the server would admit this request and all that are under way.
class oracle_strategy final : public strategy {
 public:
  explicit oracle_strategy(actions& world) : world_{world}, queue_{world} {}

  void on_submit(time_point now, job_id id) override {
    queue_.push(id);
    pump(now);
  }
  void on_reply(time_point now, job_id id, const reply& r) override {
    --out_;
    if (!r.admitted) queue_.push_front(id);
    pump(now);
  }
  void on_wake(time_point now) override { pump(now); }

 private:
  void pump(time_point now) {
    queue_.drop_hopeless(world_, now + std::chrono::milliseconds{80});
    const time_point there = now + std::chrono::milliseconds{30};
    while (!queue_.empty() && world_.server().room(there, static_cast<double>(out_ + 1))) {
      ++out_;
      world_.send(queue_.pop());
    }
    if (queue_.empty()) return world_.wake_at(time_point::max());
    const time_point free = world_.server().free_at(there) - std::chrono::milliseconds{30};
    world_.wake_at(std::max(free, now + std::chrono::milliseconds{10}));
  }

  actions& world_;
  job_queue queue_;
  std::size_t out_ = 0;
};

/// Each call retries on its own.
class lone_calls : public strategy {
 public:
  lone_calls(actions& world, std::uint64_t seed, int tries) : world_{world}, random_{seed}, tries_{tries} {}

  void on_submit(time_point now, job_id id) override { attempt(now, id); }

  void on_reply(time_point now, job_id id, const reply& r) override {
    learn(now, r);
    if (r.admitted) {
      failed_.erase(id);
      return;
    }
    const int failures = ++failed_[id];
    const std::optional<double> wait = failures < tries_ ? delay(failures, r) : std::nullopt;
    if (!wait || now + whole(*wait) > world_.about(id).deadline) {
      failed_.erase(id);
      return world_.give_up(id);
    }
    later(now + whole(*wait), id);
  }

  void on_wake(time_point now) override {
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
      const waiter w = waiting_.begin()->second;
      waiting_.erase(waiting_.begin());
      if (w.through_gate)
        world_.send(w.id);
      else
        attempt(now, w.id);
    }
    world_.wake_at(waiting_.empty() ? time_point::max() : waiting_.begin()->first);
  }

 protected:
  /// Seconds until the next try; nothing: no further try.
  virtual std::optional<double> delay(int failures, const reply& r) = 0;
  virtual void learn(time_point, const reply&) {}
  /// When a ready request may be sent; never, if that is after the deadline.
  virtual time_point gate(time_point now, time_point) { return now; }

  void attempt(time_point now, job_id id) {
    const time_point at = gate(now, world_.about(id).deadline);
    if (at > world_.about(id).deadline)
      world_.give_up(id);
    else if (at > now)
      later(at, id, true);
    else
      world_.send(id);
  }
  void later(time_point at, job_id id, bool through_gate = false) {
    waiting_.insert({at, {id, through_gate}});
    world_.wake_at(waiting_.begin()->first);
  }

  actions& world_;
  core::splitmix random_;

 private:
  struct waiter {
    job_id id;
    bool through_gate;
  };
  int tries_;
  std::unordered_map<job_id, int> failed_;
  std::multimap<time_point, waiter> waiting_;
};

class naive_calls final : public lone_calls {
 public:
  naive_calls(actions& world, std::uint64_t seed) : lone_calls{world, seed, 10} {}

 private:
  std::optional<double> delay(int failures, const reply&) override {
    return random_.unit() * std::min(20.0, 0.05 * std::exp2(failures - 1));
  }
};

class own_retry_after_calls final : public lone_calls {
 public:
  own_retry_after_calls(actions& world, std::uint64_t seed) : lone_calls{world, seed, 3} {}

 private:
  std::optional<double> delay(int, const reply& r) override {
    return r.retry_after ? seconds{*r.retry_after}.count() : 1.0;
  }
};

class aws_calls : public lone_calls {
 public:
  aws_calls(actions& world, std::uint64_t seed) : lone_calls{world, seed, 3} {}

 protected:
  std::optional<double> delay(int failures, const reply&) override {
    if (tokens_ < 5) return std::nullopt;
    tokens_ -= 5;
    return random_.unit() * std::min(20.0, std::exp2(failures - 1));
  }
  void learn(time_point, const reply& r) override {
    if (r.admitted) tokens_ = std::min(500.0, tokens_ + 1);
  }

 private:
  double tokens_ = 500;
};

/// Source: the AWS SDKs' "adaptive" retry mode as published (botocore/retries/adaptive.py, bucket.py,
/// throttling.py).
class aws_adaptive_calls final : public aws_calls {
 public:
  using aws_calls::aws_calls;

 private:
  static constexpr double beta = 0.7;
  static constexpr double scale = 0.4;

  void learn(time_point now, const reply& r) override {
    aws_calls::learn(now, r);
    const double t = seconds{now.time_since_epoch()}.count();
    measure(t);
    double rate = 0;
    if (!r.admitted) {
      last_max_ = enabled_ ? std::min(measured_, fill_rate_) : measured_;
      window_ = std::cbrt(last_max_ * (1.0 - beta) / scale);
      last_throttle_ = t;
      rate = last_max_ * beta;
      enabled_ = true;
    } else {
      window_ = std::cbrt(last_max_ * (1.0 - beta) / scale);
      rate = scale * std::pow(t - last_throttle_ - window_, 3) + last_max_;
    }
    set_rate(t, std::min(rate, 2.0 * measured_));
  }

  time_point gate(time_point now, time_point deadline) override {
    if (!enabled_) return now;
    refill(seconds{now.time_since_epoch()}.count());
    const time_point at = capacity_now_ >= 1.0 ? now : now + whole((1.0 - capacity_now_) / fill_rate_);
    if (at <= deadline) capacity_now_ -= 1.0;  // may be below 0: waiting calls have taken theirs already
    return at;
  }

  void measure(double t) {
    const double bucket = std::floor(t * 2) / 2;
    ++count_;
    if (bucket <= last_bucket_) return;
    if (last_bucket_ > 0) measured_ = 0.8 * (count_ / (bucket - last_bucket_)) + 0.2 * measured_;
    count_ = 0;
    last_bucket_ = bucket;
  }
  void refill(double t) {
    if (t <= filled_at_) return;
    if (filled_at_ > 0) capacity_now_ = std::min(capacity_, capacity_now_ + (t - filled_at_) * fill_rate_);
    filled_at_ = t;
  }
  void set_rate(double t, double rate) {
    refill(t);
    fill_rate_ = std::max(rate, 0.5);
    capacity_ = std::max(rate, 1.0);
    capacity_now_ = std::min(capacity_now_, capacity_);
  }

  bool enabled_ = false;
  double last_max_ = 0;
  double window_ = 0;
  double last_throttle_ = 0;
  double measured_ = 0;
  double count_ = 0;
  double last_bucket_ = 0;
  double fill_rate_ = 0.5;
  double capacity_ = 1;
  double capacity_now_ = 0;
  double filled_at_ = 0;
};

/// One queue and a rule for the next send. A refused call waits for its own `Retry-After` and is queued
/// again.
class queued : public strategy {
 public:
  explicit queued(actions& world) : world_{world}, queue_{world} {}

  void on_submit(time_point now, job_id id) override {
    queue_.push(id);
    pump(now);
  }
  void on_reply(time_point now, job_id id, const reply& r) override {
    if (!r.admitted) again_.insert({now + r.retry_after.value_or(std::chrono::seconds{1}), id});
    pump(now);
  }
  void on_wake(time_point now) override { pump(now); }

 protected:
  virtual time_point next(time_point now) = 0;
  virtual void sent(time_point now) = 0;

 private:
  void pump(time_point now) {
    while (!again_.empty() && again_.begin()->first <= now) {
      queue_.push_front(again_.begin()->second);
      again_.erase(again_.begin());
    }
    queue_.drop_hopeless(world_, now + std::chrono::milliseconds{80});
    time_point wake = again_.empty() ? time_point::max() : again_.begin()->first;
    while (!queue_.empty()) {
      const time_point at = next(now);
      if (at > now) {
        wake = std::min(wake, at);
        break;
      }
      sent(now);
      world_.send(queue_.pop());
    }
    world_.wake_at(wake);
  }

  actions& world_;
  job_queue queue_;
  std::multimap<time_point, job_id> again_;
};

class pacing final : public queued {
 public:
  pacing(actions& world, double n, duration window)
      : queued{world}, interval_{whole(seconds{window}.count() / n)} {}

 private:
  time_point next(time_point) override { return free_; }
  void sent(time_point now) override { free_ = std::max(free_, now - interval_) + interval_; }
  duration interval_;
  time_point free_{};
};

class logging final : public queued {
 public:
  logging(actions& world, double n, duration window) : queued{world}, quota_{n}, window_{window} {}

 private:
  time_point next(time_point now) override {
    while (!log_.empty() && log_.front() <= now - window_) log_.pop_front();
    return static_cast<double>(log_.size()) < quota_ ? now : log_.front() + window_;
  }
  void sent(time_point now) override { log_.push_back(now); }
  double quota_;
  duration window_;
  std::deque<time_point> log_;
};

template <class Strategy>
strategy_maker seeded() {
  return [](actions& world, std::uint64_t seed) { return std::make_unique<Strategy>(world, seed); };
}

}  // namespace

strategy_maker oracle() {
  return [](actions& world, std::uint64_t) { return std::make_unique<oracle_strategy>(world); };
}
strategy_maker naive() { return seeded<naive_calls>(); }
strategy_maker own_retry_after() { return seeded<own_retry_after_calls>(); }
strategy_maker aws_standard() { return seeded<aws_calls>(); }
strategy_maker aws_adaptive() { return seeded<aws_adaptive_calls>(); }
strategy_maker pacer(double quota, duration window) {
  return [=](actions& world, std::uint64_t) { return std::make_unique<pacing>(world, quota, window); };
}
strategy_maker sliding_log(double quota, duration window) {
  return [=](actions& world, std::uint64_t) { return std::make_unique<logging>(world, quota, window); };
}

std::vector<named_strategy> all_strategies(ephemint::quota told) {
  const auto n = static_cast<double>(told.requests());
  std::vector<named_strategy> all{{"oracle", oracle()},
                                  {"naive, 10 tries", naive()},
                                  {"own Retry-After", own_retry_after()},
                                  {"AWS standard", aws_standard()},
                                  {"AWS adaptive", aws_adaptive()},
                                  {"pacer at N", pacer(n, told.window())},
                                  {"sliding log of N", sliding_log(n, told.window())},
                                  {"Ephemint", engine_driven(told)}};
  if (told.how() == ephemint::quota::mode::automatic)
    all.insert(all.begin() + 1, {"oracle, not told", looking(std::chrono::seconds{130})});
  return all;
}

}  // namespace ephemint::quota_world
