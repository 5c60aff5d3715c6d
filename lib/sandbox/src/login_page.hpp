#pragma once

#include "jwt.hpp"
#include "reply.hpp"

#include <string_view>

namespace ephemint::inline v0::sandbox {

/// The page that a `redirect_url` opens. It shows who is logged in and how long the token would still have
/// been valid, or why nobody is logged in. 200, 400 (wrong URL) or 403 (wrong token).
reply login_page(std::string_view query, const token_signer&, wall_clock::time_point now);

}  // namespace ephemint::inline v0::sandbox
