#pragma once

#include "hub.hpp"
#include "tickets/link_ticket.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

namespace ephemint::inline v0::gateway {

/// A ticket that is being opened. Unless there was a login, the destructor makes the ticket available again,
/// and gives its account's login back. The hub must outlive it.
class opening {
 public:
  opening(hub& of, link_ticket ticket) : hub_{of}, ticket_{std::move(ticket)} {}
  opening(const opening&) = delete;
  opening& operator=(const opening&) = delete;
  ~opening() {
    if (!open_) return;
    hub_.tickets().give_back(ticket_.id);
    if (counted_) hub_.limits().give_back(ticket_.account.str());
  }

  const link_ticket& ticket() const noexcept { return ticket_; }
  /// When the ticket can't be kept alive any longer.
  clock::time_point dies() const { return instant::now().when(last_); }
  /// How many tickets wait before this one.
  std::size_t ahead() const { return hub_.tickets().ahead(ticket_.id, instant::now()); }

  /// Asks the book. Call this first.
  ticket_book::admission open() {
    const auto admitted = hub_.tickets().open(ticket_.id, instant::now(), ticket_.expires_at, last_);
    open_ = admitted == ticket_book::admission::opened;
    return admitted;
  }
  /// Takes a login from the account's limit, or says how long from now one will be available.
  std::optional<clock::duration> count() {
    const auto later = hub_.limits().take(ticket_.account.str(), clock::now());
    counted_ = !later;
    return later;
  }
  /// Its owner is told to come back at that time.
  void wait_until(clock::time_point then) {
    hub_.tickets().wait_until(ticket_.id, then);
    open_ = false;
    if (counted_) hub_.limits().give_back(ticket_.account.str());
  }
  /// The login counts even if it fails, as it has cost the quota: the limit is there to stop reloads.
  void keep_count() noexcept { counted_ = false; }
  /// There is a login. Returns the function for the answer's `told`, which spends the ticket or makes it
  /// available again.
  std::function<void(bool)> on_told() {
    std::function<void(bool)> told = [&tickets = hub_.tickets(), id = ticket_.id](bool handed_over) {
      handed_over ? tickets.spend(id) : tickets.give_back(id);
    };
    open_ = false;
    return told;
  }

 private:
  hub& hub_;
  link_ticket ticket_;
  const wall_clock::time_point last_ = ticket_.issued_at + longest_link_age;
  bool open_ = false;
  bool counted_ = false;
};

}  // namespace ephemint::inline v0::gateway
