#pragma once

#include <ephemint/sandbox/server_options.hpp>

#include <string_view>

namespace ephemint::inline v0::sandbox {

/// Each throws `std::invalid_argument`, naming the member that is out of its documented range.
void check(const rate_limit&);
void check(const fault&);
void check(const server_options&);
void check_api_key(std::string_view);
void check_max_streams(std::uint32_t);
/// The same for a fault of HTTP/2's own if `http2` is false.
void check_speakable(const fault&, bool http2);

/// Whether a server with these options can speak HTTP/2.
bool speaks_http2(const server_options&);

}  // namespace ephemint::inline v0::sandbox
