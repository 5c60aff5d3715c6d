#include "quota_store.hpp"

#include <algorithm>
#include <cmath>

namespace ephemint::quota_world {
namespace {

using kind = store_outage::kind;

bool ends_connections(kind k) { return k != kind::frozen && k != kind::flushed; }

}  // namespace

store_model::store_model(const store_rules& rules, time_point start, std::uint64_t seed)
    : rules_{rules},
      start_{start},
      random_{seed},
      copies_(rules.outages.size()),
      running_since_{start - rules.age},
      busy_until_{start} {}

duration store_model::way() {
  const double mean = std::chrono::duration<double>(rules_.round_trip).count();
  const double tail = random_.unit() < rules_.tails / 2 ? 0.020 : 0;
  return whole(0.35 * mean - 0.15 * mean * std::log(1.0 - random_.unit()) + tail);
}

const store_outage* store_model::outage(time_point now) const {
  const auto met = std::find_if(rules_.outages.begin(), rules_.outages.end(), [&](const store_outage& o) {
    return now >= start_ + o.at && now < end_of(o);
  });
  return met == rules_.outages.end() ? nullptr : &*met;
}

bool store_model::is_cut(std::uint32_t process, time_point now) const {
  return std::any_of(rules_.cuts.begin(), rules_.cuts.end(), [&](const store_cut& c) {
    return c.process == process && now >= start_ + c.at && now < start_ + c.at + c.length;
  });
}

bool store_model::was_ended(std::uint32_t process, time_point from, time_point until) const {
  if (is_cut(process, until)) return true;
  return std::any_of(rules_.outages.begin(), rules_.outages.end(), [&](const store_outage& o) {
    return ends_connections(o.what) && from < end_of(o) && until >= start_ + o.at;
  });
}

time_point store_model::run(time_point now, const store_command& command) {
  ++commands_;
  busy_until_ = std::max(now, busy_until_);
  command(kept_, shown(busy_until_));
  busy_until_ += rules_.service;
  return busy_until_;
}

std::chrono::milliseconds store_model::shown(time_point now) const {
  // A day in 2023: a date as real servers have it, so that no code can rely on small numbers.
  duration since_1970 = std::chrono::seconds{1'700'000'000} + now.time_since_epoch();
  for (const clock_step& s : rules_.steps)
    if (now >= start_ + s.at) since_1970 += s.by;
  return std::chrono::floor<std::chrono::milliseconds>(since_1970);
}

std::vector<std::pair<time_point, std::uint32_t>> store_model::agenda() const {
  std::vector<std::pair<time_point, std::uint32_t>> all;
  for (std::uint32_t i = 0; i < rules_.outages.size(); ++i) {
    const store_outage& o = rules_.outages[i];
    if (o.what == kind::failover) all.emplace_back(start_ + o.at - o.behind, 2 * i);
    all.emplace_back(end_of(o), 2 * i + 1);
  }
  return all;
}

void store_model::act(time_point now, std::uint32_t what) {
  std::unique_ptr<store_data>& copy = copies_[what / 2];
  if (what % 2 == 0) {
    copy = kept_ ? kept_->copy() : nullptr;
    return;
  }
  const kind k = rules_.outages[what / 2].what;
  if (k == kind::failover) kept_ = std::move(copy);
  if (k == kind::emptied || k == kind::flushed) kept_ = nullptr;
  if (k == kind::emptied) running_since_ = now;
}

}  // namespace ephemint::quota_world
