#pragma once

#include <ephemint/sandbox/server_options.hpp>

#include <string_view>

namespace ephemint::inline v0::sandbox {

/// Each throws `std::invalid_argument` that names the member which is out of its documented range.
void check(const rate_limit&);
void check(const fault&);
void check(const server_options&);
void check_api_key(std::string_view);
void check_max_streams(std::uint32_t);
/// A fault that HTTP/2 alone can show needs a server that speaks it.
void check_speakable(const fault&, bool http2);

/// Whether a server with these options can agree on HTTP/2.
bool speaks_http2(const server_options&);

}  // namespace ephemint::inline v0::sandbox
