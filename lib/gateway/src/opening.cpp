#include "opening.hpp"

#include <chrono>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

/// When a time of the wall clock's comes.
clock::time_point on_our_clock(wall_clock::time_point when) {
  return clock::now() + std::chrono::duration_cast<clock::duration>(when - wall_clock::now());
}

}  // namespace

opening::opening(hub& of, link_ticket ticket) : hub_{of}, ticket_{std::move(ticket)} {}

opening::~opening() {
  if (open_) give_back(hub_, ticket_, counted_);
}

void opening::give_back(hub& of, const link_ticket& ticket, bool counted) {
  of.tickets().give_back(ticket.id);
  if (counted) of.limits().give_back(ticket.account.str());
}

clock::time_point opening::dies() const { return on_our_clock(ticket_.issued_at + longest_link_age); }

std::size_t opening::ahead() const { return hub_.tickets().ahead(ticket_.id, clock::now()); }

ticket_book::admission opening::open() {
  const auto admitted =
      hub_.tickets().open(ticket_.id, clock::now(), on_our_clock(ticket_.expires_at), dies());
  open_ = admitted == ticket_book::admission::opened;
  return admitted;
}

std::optional<clock::duration> opening::count() {
  const auto later = hub_.limits().take(ticket_.account.str(), clock::now());
  counted_ = !later;
  return later;
}

void opening::wait_until(clock::time_point then) {
  hub_.tickets().wait_until(ticket_.id, then);
  open_ = false;
  if (counted_) hub_.limits().give_back(ticket_.account.str());
}

std::function<void(bool)> opening::on_told() {
  std::function<void(bool)> told = [&of = hub_, ticket = ticket_](bool handed_over) {
    if (handed_over)
      of.tickets().spend(ticket.id);
    else
      give_back(of, ticket, true);
  };
  open_ = false;
  return told;
}

}  // namespace ephemint::inline v0::gateway
