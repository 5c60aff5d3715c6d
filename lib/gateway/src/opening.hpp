#pragma once

#include "hub.hpp"
#include "link_ticket.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace ephemint::inline v0::gateway {

/// A ticket that is being opened: open again when this goes, and its account's login given back, unless
/// something came of it. The hub outlives it.
class opening {
 public:
  opening(hub& of, link_ticket ticket);
  opening(const opening&) = delete;
  opening& operator=(const opening&) = delete;
  ~opening();

  const link_ticket& ticket() const noexcept { return ticket_; }
  /// When it can't be kept alive any longer.
  clock::time_point dies() const;
  /// How many wait before it.
  std::size_t ahead() const;

  /// First of all: asks the book.
  ticket_book::admission open();
  /// Takes a login of the account's, or says how long from now one will be free.
  std::optional<clock::duration> count();

  /// It is told to come back then.
  void wait_until(clock::time_point then);
  /// There is a login for it: for the answer's `told`, by which it is spent, or open again.
  std::function<void(bool handed_over)> on_told();

 private:
  static void give_back(hub&, const link_ticket&, bool counted);

  hub& hub_;
  link_ticket ticket_;
  bool open_ = false;
  bool counted_ = false;
};

}  // namespace ephemint::inline v0::gateway
