#pragma once

#include "http/exchange.hpp"

#include <ephemint/gateway/server_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// What people see at the login listener: pages that are whole in one answer, without a script, and with
/// nothing from elsewhere. Whatever is put into one is escaped.
class login_pages {
 public:
  explicit login_pages(const server_options&);

  /// 503: a place in line, behind so many others. It goes on by itself after the wait, to `again`; empty: to
  /// where it is.
  reply waiting(std::chrono::seconds wait, std::size_t ahead, std::string_view again) const;
  /// 409: another request is opening the ticket at this moment.
  reply busy(std::string_view again) const;
  /// The link is worth nothing, and the page doesn't say why.
  reply dead(unsigned status) const;
  /// Not by this link, or not before that time. It leads back, and doesn't go on by itself.
  reply unable(unsigned status, std::optional<std::chrono::seconds> wait = {}) const;
  /// 403: this wasn't a person's click.
  reply unopened() const;
  /// 200: the button that spends the ticket.
  reply confirm(std::string_view ticket) const;
  /// What HTTP refuses, and what isn't here.
  reply other(unsigned status) const;

 private:
  std::string back_;         // HTML
  std::string form_action_;  // of a page with a form
};

/// For HTML text, and attribute values in double quotes.
std::string html_escaped(std::string_view text);

}  // namespace ephemint::inline v0::gateway
