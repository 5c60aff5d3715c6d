#include "quota_server.hpp"

#include <algorithm>
#include <cmath>

namespace ephemint::quota_world {
namespace {

using seconds = std::chrono::duration<double>;

}  // namespace

std::string_view name_of(algorithm a) {
  constexpr std::string_view names[] = {"FW", "FF", "SL", "SWC", "G200", "G50", "G10", "SUB"};
  return names[static_cast<std::size_t>(a)];
}

bool rejects_can_count(algorithm a) {
  return a != algorithm::fixed_window && a != algorithm::from_first && a != algorithm::sub_windows;
}

quota_server::quota_server(server_rules rules, double quota, duration window, double phase)
    : rules_{rules}, quota_{quota}, window_{window} {
  window_start_ = time_point{} - whole(phase * seconds{window_length()}.count());
  level_ = burst();
}

bool quota_server::is_bucket() const {
  return rules_.how == algorithm::bucket_whole || rules_.how == algorithm::bucket_quarter ||
         rules_.how == algorithm::bucket_twentieth;
}

duration quota_server::window_length() const {
  return rules_.how == algorithm::sub_windows ? window_ / 6 : window_;
}

double quota_server::window_quota() const {
  return rules_.how == algorithm::sub_windows ? std::max(1.0, std::floor(quota_ / 6)) : quota_;
}

double quota_server::burst() const {
  const double parts = rules_.how == algorithm::bucket_quarter     ? 4
                       : rules_.how == algorithm::bucket_twentieth ? 20
                                                                   : 1;
  return std::max(1.0, quota_ / parts);
}

double quota_server::sustained_rate() const { return window_quota() / seconds{window_length()}.count(); }

void quota_server::set_quota(time_point now, double quota) {
  roll(now);
  quota_ = quota;
  level_ = std::min(level_, burst());
}

void quota_server::roll(time_point now) {
  if (is_bucket()) {
    level_ = std::min(burst(), level_ + seconds{now - level_at_}.count() * quota_ / seconds{window_}.count());
    level_at_ = now;
  } else if (rules_.how == algorithm::sliding_log) {
    while (!log_.empty() && log_.front() <= now - window_) log_.pop_front();
  } else if (rules_.how == algorithm::from_first) {
    if (begun_ && now >= window_start_ + window_) begun_ = false, in_window_ = 0;
  } else {
    while (now >= window_start_ + window_length()) {
      window_start_ += window_length();
      in_last_ = in_window_;
      in_window_ = 0;
    }
  }
}

bool quota_server::room(time_point now, double requests) {
  roll(now);
  if (is_bucket()) return level_ >= requests - 1e-9;
  if (rules_.how == algorithm::sliding_log) return static_cast<double>(log_.size()) + requests <= quota_;
  if (rules_.how == algorithm::sliding_counter) {
    const double passed = seconds{now - window_start_} / seconds{window_};
    return in_last_ * (1.0 - passed) + in_window_ + requests - 1 < quota_;
  }
  return in_window_ + requests <= window_quota();
}

void quota_server::count(time_point now, bool admitted) {
  if (!admitted && !(rules_.rejects_count && rejects_can_count(rules_.how))) return;
  if (is_bucket()) {
    level_ = std::max(level_ - 1.0, -burst());
  } else if (rules_.how == algorithm::sliding_log) {
    log_.push_back(now);
  } else {
    if (rules_.how == algorithm::from_first && !begun_) begun_ = true, window_start_ = now;
    ++in_window_;
  }
}

verdict quota_server::on_request(time_point now) {
  const bool admitted = room(now);
  count(now, admitted);
  return {admitted, admitted ? std::nullopt : header(now)};
}

time_point quota_server::free_at(time_point now) {
  if (room(now)) return now;
  if (is_bucket())
    return now + whole((1.0 - level_) * seconds{window_}.count() / quota_) + std::chrono::microseconds{1};
  if (rules_.how == algorithm::sliding_log)
    return log_[log_.size() - static_cast<std::size_t>(quota_)] + window_;
  if (rules_.how != algorithm::sliding_counter) return window_start_ + window_length();
  // The last window's share shrinks. If this window's count alone is too much, the request must wait for the
  // next window.
  double start = seconds{window_start_.time_since_epoch()}.count();
  double last = in_last_;
  double current = in_window_;
  if (current >= quota_) {
    start += seconds{window_}.count();
    last = current;
    current = 0;
  }
  const double passed = std::clamp(1.0 - (quota_ - current) / std::max(last, 1.0), 0.0, 1.0);
  return time_point{whole(start + passed * seconds{window_}.count())} + std::chrono::milliseconds{1};
}

std::optional<duration> quota_server::header(time_point now) {
  if (rules_.header == retry_header::missing) return std::nullopt;
  if (rules_.header == retry_header::always_60) return std::chrono::seconds{60};
  const double wait = seconds{free_at(now) - now}.count();
  return std::chrono::seconds{std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(wait)))};
}

}  // namespace ephemint::quota_world
