#pragma once

#include "tickets/instant.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// A ticket that was signed with one of our keys, and has the right form. It may have expired.
struct link_ticket {
  account_id account;
  std::optional<portal_page> redirect_to;
  std::string theme_id;  ///< empty: none
  std::string id;        ///< `jti`
  wall_clock::time_point issued_at, expires_at;
};

/// What is wrong with a ticket. `ill_formed` ones were signed with our key; `refused` ones may come from
/// anybody.
struct ticket_fault {
  enum class kind { refused, ill_formed } what;
  std::string why;  ///< for the log: our own words, without the ticket's text
};

/// What a ticket must comply with, apart from its signature.
struct ticket_rules {
  std::string_view audience;  ///< the gateway's origin
  std::chrono::seconds max_age;
};

/// Either the ticket, or what is wrong. Doesn't check whether the ticket has expired: a customer who was told
/// to wait may come back after that. See `is_over`.
struct ticket_reading {
  std::optional<link_ticket> ticket;
  std::optional<ticket_fault> fault;
};
ticket_reading read_ticket(std::string_view text, std::span<const link_key>, const ticket_rules&,
                           wall_clock::time_point now);

/// Whether its `exp` has come.
inline bool is_over(const link_ticket& ticket, wall_clock::time_point now) {
  return now >= ticket.expires_at;
}

}  // namespace ephemint::inline v0::gateway
