#pragma once

#include "exchange.hpp"

#include <string_view>

namespace ephemint::inline v0::gateway {

// What browsers say of why they ask, in headers that no page can set. Those that say nothing are believed.

/// A guess of what may be clicked next, a browser's or a mail program's: a full request, but for this.
bool is_prefetch(const request& asked);
/// An image, a frame, a script's `fetch`.
bool is_no_navigation(const request& asked);
/// From where it was asked for: `cross-site`, `same-site`, `same-origin`, or `none` (typed, or a bookmark).
bool comes_from(const request& asked, std::string_view site);
/// Whether its body is what an HTML form sends.
bool is_form(const request& asked);

}  // namespace ephemint::inline v0::gateway
