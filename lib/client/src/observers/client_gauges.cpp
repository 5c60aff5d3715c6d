#include "observers/client_gauges.hpp"

#include <algorithm>

namespace ephemint::inline v0::detail {
namespace {

/// Not below zero: the two figures of a busy client may be one event apart.
std::uint64_t difference(std::uint64_t whole, std::uint64_t part) noexcept {
  return whole - std::min(whole, part);
}

void add(client_totals& sum, const client_stats& one) noexcept {
  sum.queued_background += one.queued_background;
  sum.queued_interactive += difference(one.queued, one.queued_background);
  sum.in_flight += one.in_flight;
  sum.connections += one.connections;
  sum.dialling += difference(one.dials, one.failed_dials + one.full_handshakes + one.resumed_handshakes);
  sum.http2_connections += one.http2_connections;
  sum.refused_streams += one.refused_streams;
  sum.key_refused |= one.key_refused;
}

void add(client_totals& sum, const quota_state& one) noexcept {
  sum.pause = std::max(sum.pause, one.pause);
  if (!one.in_force || one.in_force->requests() == 0) return;
  sum.quota_requests += one.in_force->requests();
  sum.quota_used += one.used;
  sum.quota_window = std::max(sum.quota_window, one.in_force->window());
}

}  // namespace

void client_gauges::add(const client_view& client) {
  const std::lock_guard lock{mutex_};
  look();  // drops clients that are gone, for programs that make clients all the time
  clients_.push_back({client});
}

client_totals client_gauges::totals() {
  const std::lock_guard lock{mutex_};
  look();
  client_totals sum;
  sum.refused_streams = refused_streams_of_gone_;
  for (const looked_at& one : clients_) {
    detail::add(sum, one.last);
    if (is_first_of_its_quota(one)) detail::add(sum, one.last.quota);
  }
  return sum;
}

void client_gauges::look() {
  std::erase_if(clients_, [this](looked_at& one) {
    if (const auto now = one.client.stats()) {
      one.last = *now;
      return false;
    }
    refused_streams_of_gone_ += one.last.refused_streams;
    return true;
  });
}

bool client_gauges::is_first_of_its_quota(const looked_at& one) const noexcept {
  const auto shares = [&](const looked_at& other) { return other.client.same_quota(one.client); };
  const auto first = std::find_if(clients_.begin(), clients_.end(), shares);
  // A client that has gone since it was looked at shares its quota with nobody.
  return first == clients_.end() || &*first == &one;
}

}  // namespace ephemint::inline v0::detail
