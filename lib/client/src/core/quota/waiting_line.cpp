#include "core/quota/waiting_line.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

waiting_line::count waiting_line::before(std::uint32_t client, priority urgency, time_point now,
                                         std::uint64_t slack) noexcept {
  count others;
  if (places_.empty()) return others;
  std::erase_if(places_, [now](const place& p) { return now > add(p.not_before, grace); });
  const std::uint64_t mine = std::max(had(client), floor_);
  bool in_front = true;
  for (const place& p : places_) {
    if (p.client == client && p.urgency == urgency) in_front = false;
    if (p.client == client || p.urgency > urgency) continue;
    const bool due = p.not_before <= now;
    others.all += in_front ? 1 : 0;
    others.due += in_front && due ? 1 : 0;
    others.outrun |= due && mine > p.had + slack;
  }
  return others;
}

void waiting_line::wait(std::uint32_t client, priority urgency, time_point not_before, std::size_t permits) {
  for (place& p : places_)
    if (p.client == client && p.urgency == urgency) {
      p.not_before = not_before;
      p.woken = false;
      p.permits = permits;
      return;
    }
  // Time away earns nothing: the client begins level with the waiting client that has had the fewest permits.
  const std::uint64_t level = std::max(had(client), floor_);
  places_.push_back({client, urgency, not_before, level, false, permits});
}

std::size_t waiting_line::wanted(priority urgency, time_point now) const noexcept {
  std::size_t all = 0;
  for (const place& p : places_)
    if (p.urgency == urgency && now <= add(p.not_before, grace)) all += p.permits;
  return all;
}

void waiting_line::served(std::uint32_t client, priority urgency) {
  if (places_.empty()) return;
  std::uint64_t& count = account(client);
  count = std::max(count, floor_) + 1;
  std::erase_if(places_, [=](const place& p) { return p.client == client && p.urgency == urgency; });
  for (place& p : places_)
    if (p.client == client) p.had = count;
  if (places_.empty()) return;
  const auto least = std::min_element(places_.begin(), places_.end(),
                                      [](const place& a, const place& b) { return a.had < b.had; });
  floor_ = std::max(floor_, least->had);
}

void waiting_line::know(std::uint32_t client) {
  if (!places_.empty()) account(client);
}

bool waiting_line::others_wait(std::uint32_t client) const noexcept {
  return std::any_of(places_.begin(), places_.end(), [=](const place& p) { return p.client != client; });
}

void waiting_line::leave(std::uint32_t client) noexcept {
  std::erase_if(places_, [=](const place& p) { return p.client == client; });
  const auto known =
      std::find_if(clients_.begin(), clients_.end(), [=](const share& s) { return s.client == client; });
  if (known != clients_.end()) clients_.erase(known);
}

std::uint64_t waiting_line::had(std::uint32_t client) const noexcept {
  for (const share& s : clients_)
    if (s.client == client) return s.had;
  return 0;
}

std::uint64_t& waiting_line::account(std::uint32_t client) {
  for (share& s : clients_)
    if (s.client == client) return s.had;
  clients_.push_back({client, 0});
  return clients_.back().had;
}

}  // namespace ephemint::inline v0::core
