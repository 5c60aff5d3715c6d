#include "tickets/ticket_book.hpp"

#include <algorithm>
#include <new>

namespace ephemint::inline v0::gateway {

void taken_places::add(std::uint64_t place) { blocks_[place / block_size].set(place % block_size); }

void taken_places::remove(std::uint64_t place) {
  const auto block = blocks_.find(place / block_size);
  if (block == blocks_.end()) return;
  block->second.reset(place % block_size);
  if (block->second.none()) blocks_.erase(block);
}

std::size_t taken_places::before(std::uint64_t place) const {
  const auto own = blocks_.lower_bound(place / block_size);
  std::size_t count = 0;
  for (auto block = blocks_.begin(); block != own; ++block) count += block->second.count();
  if (own == blocks_.end() || own->first != place / block_size) return count;
  return count + (own->second << (block_size - place % block_size)).count();
}

clock::time_point ticket_book::alive_until(const entry& ticket) {
  if (!ticket.place) return ticket.expires;
  return std::max(ticket.expires, std::min(ticket.told + kept_alive, ticket.dead));
}

ticket_book::admission ticket_book::open(std::string_view id, const instant& now, wall_clock::time_point exp,
                                         wall_clock::time_point dead) {
  pass(now);
  const auto known = tickets_.find(id);
  if (known == tickets_.end()) {
    if (now.wall >= exp) return admission::over;
    if (exp <= forgotten_) return admission::doubtful;
    if (tickets_.size() >= most_) return admission::full;
    const auto made =
        tickets_.emplace(id, entry{.expires = now.when(exp), .dead = now.when(dead), .exp = exp}).first;
    try {
      changes_.emplace(made->second.changes, made->first);
      spent_tickets own{{std::max(exp, dead) + remembered, made->first}};
      made->second.when_spent = own.extract(own.begin());
    } catch (const std::bad_alloc&) {
      forget(made);
      throw;
    }
    return admission::opened;
  }
  entry& ticket = known->second;
  if (ticket.is == state::spent) return admission::spent;
  if (ticket.is == state::opening) return admission::busy;
  if (now.steady >= alive_until(ticket)) return admission::over;
  set(known, state::opening, never);
  return admission::opened;
}

std::size_t ticket_book::ahead(std::string_view id, const instant& now) {
  pass(now);
  const auto known = tickets_.find(id);
  const bool has_place = known != tickets_.end() && known->second.place;
  return line_.before(has_place ? *known->second.place : next_place_);
}

bool ticket_book::waits(std::string_view id, clock::time_point now) const {
  const auto known = tickets_.find(id);
  if (known == tickets_.end() || known->second.is == state::spent) return false;
  return known->second.place && now < alive_until(known->second);
}

bool ticket_book::is_spent(std::string_view id) const {
  const auto known = tickets_.find(id);
  return known != tickets_.end() && known->second.is == state::spent;
}

std::size_t ticket_book::waiting(const instant& now) {
  pass(now);
  return line_.before(next_place_);
}

void ticket_book::spend(std::string_view id) noexcept {
  const auto ticket = find_opening(id);
  if (ticket == tickets_.end()) return;
  set(ticket, state::spent, never);
  spent_.insert(std::move(ticket->second.when_spent));
}

void ticket_book::give_back(std::string_view id) noexcept {
  const auto ticket = find_opening(id);
  if (ticket == tickets_.end()) return;
  if (!ticket->second.place) return forget(ticket);
  try {
    wait(ticket);
  } catch (const std::bad_alloc&) {  // it keeps its place, but isn't counted for tickets behind it
  }
}

void ticket_book::wait_until(std::string_view id, clock::time_point then) {
  const auto ticket = find_opening(id);
  if (ticket == tickets_.end()) return;
  ticket->second.told = then;
  if (!ticket->second.place) ticket->second.place = next_place_++;
  wait(ticket);
}

ticket_book::tickets::iterator ticket_book::find_opening(std::string_view id) {
  const auto known = tickets_.find(id);
  return known != tickets_.end() && known->second.is == state::opening ? known : tickets_.end();
}

void ticket_book::wait(tickets::iterator ticket) {
  const entry& facts = ticket->second;
  set(ticket, state::waiting, std::min(facts.told + patience, alive_until(facts)));
}

/// Allocates only for a place in the line, as its last step.
void ticket_book::set(tickets::iterator ticket, state next, clock::time_point changes) {
  auto& [id, facts] = *ticket;
  auto change = changes_.extract({facts.changes, id});
  change.value().first = changes;
  changes_.insert(std::move(change));
  if (facts.is == state::waiting) line_.remove(*facts.place);
  facts.is = next;
  facts.changes = changes;
  if (next == state::waiting) line_.add(*facts.place);
}

void ticket_book::forget(tickets::iterator ticket) noexcept {
  const auto& [id, facts] = *ticket;
  changes_.erase({facts.changes, id});
  if (facts.is == state::waiting) line_.remove(*facts.place);
  tickets_.erase(ticket);
}

void ticket_book::pass(const instant& now) {
  while (!changes_.empty() && changes_.begin()->first < now.steady) {
    const auto ticket = tickets_.find(changes_.begin()->second);
    const entry& facts = ticket->second;
    if (facts.is == state::waiting && now.steady <= alive_until(facts)) {
      set(ticket, state::late, alive_until(facts));
    } else {
      forget(ticket);
    }
  }
  forget_spent(now.wall);
}

void ticket_book::forget_spent(wall_clock::time_point now) {
  while (!spent_.empty() && spent_.begin()->first < now) {
    const auto ticket = tickets_.find(spent_.begin()->second);
    forgotten_ = std::max(forgotten_, ticket->second.exp);
    spent_.erase(spent_.begin());
    forget(ticket);
  }
}

}  // namespace ephemint::inline v0::gateway
