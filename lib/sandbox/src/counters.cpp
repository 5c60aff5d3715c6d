#include "counters.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::sandbox {

void sliding_peak::add(time_point now) {
  while (!recent_.empty() && (now - recent_.front() >= window_ || recent_.size() >= ceiling))
    recent_.pop_front();
  recent_.push_back(now);
  peak_ = std::max(peak_, recent_.size());
}

counters::counters(std::size_t tracked_accounts, std::chrono::milliseconds peak_window)
    : tracked_accounts_{tracked_accounts},
      peak_window_{peak_window},
      second_{std::chrono::seconds{1}},
      window_{peak_window} {}

void counters::on_request(sliding_peak::time_point now, std::string_view account, std::string_view key) {
  ++plain.requests;
  second_.add(now);
  window_.add(now);
  const auto its_key = by_key_.find(key);
  ++(its_key != by_key_.end() ? its_key->second : plain.requests_by_other_keys);
  if (account.empty()) return;
  if (const auto known = by_account_.find(account); known != by_account_.end())
    ++known->second;
  else if (by_account_.size() < tracked_accounts_)
    by_account_.emplace(account, 1);
  else
    ++plain.requests_by_other_accounts;
}

server_stats counters::snapshot() const {
  server_stats stats = plain;
  stats.peak_per_second = second_.peak();
  stats.peak_per_window = window_.peak();
  stats.requests_by_account = {by_account_.begin(), by_account_.end()};
  stats.requests_by_key = by_key_;
  stats.replies_by_status = by_status_;
  return stats;
}

void counters::reset() {
  const std::uint64_t open = plain.connections_open;
  auto keys = std::move(by_key_);
  for (auto& [key, requests] : keys) requests = 0;
  *this = counters{tracked_accounts_, peak_window_};
  plain.connections_open = open;
  by_key_ = std::move(keys);
}

}  // namespace ephemint::inline v0::sandbox
