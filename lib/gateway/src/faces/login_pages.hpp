#pragma once

#include "http/exchange.hpp"

#include <ephemint/gateway/server_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// The pages of the login listener. Each is complete in one answer, without scripts or external content. All
/// inserted text is escaped.
class login_pages {
 public:
  explicit login_pages(const server_options&);

  /// 503: a place in line, after `ahead` others. It reloads by itself after the wait, from `again`; empty:
  /// from its own address.
  reply waiting(std::chrono::seconds wait, std::size_t ahead, std::string_view again) const;
  /// 409: another request is opening the ticket at this moment.
  reply busy(std::string_view again) const;
  /// The link is useless, and the page doesn't say why.
  reply dead(unsigned status) const;
  /// No login by this link, or not before that time. It links back, and doesn't reload by itself.
  reply unable(unsigned status, std::optional<std::chrono::seconds> wait = {}) const;
  /// 403: the request wasn't a person's click.
  reply unopened() const;
  /// 200: the button that spends the ticket.
  reply confirm(std::string_view ticket) const;
  /// Requests that HTTP refuses, and unknown addresses.
  reply other(unsigned status) const;

 private:
  std::string back_;         // HTML
  std::string form_action_;  // the policy's `form-action` for a page with a form
};

/// Escapes for HTML text, and for attribute values in double quotes.
std::string html_escaped(std::string_view text);

}  // namespace ephemint::inline v0::gateway
