#pragma once

#include <boost/url/url_view.hpp>

#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// `text` in the form in which browsers write an origin: `https://host[:port]`, or `http` for a loopback host
/// (`localhost`, 127.0.0.0/8, `::1`), in lower case and without the default port. A final `/` is allowed, and
/// removed. Throws `std::invalid_argument` that begins with the option's name and says what is right.
std::string checked_origin(std::string_view text, std::string_view option_name);

/// Whether its host is a loopback host: `localhost` and names under it, 127.0.0.0/8, `::1`.
bool is_loopback(const boost::urls::url_view&);

}  // namespace ephemint::inline v0::gateway
