#pragma once

#include "jwt.hpp"
#include "reply.hpp"

#include <string_view>

namespace ephemint::inline v0::sandbox {

/// The page that a `redirect_url` opens: who is logged in and for how long the token would still have opened
/// it, or why nobody is. 200, 400 (the URL is wrong) or 403 (the token is).
reply login_page(std::string_view query, const token_signer&, wall_clock::time_point now);

}  // namespace ephemint::inline v0::sandbox
