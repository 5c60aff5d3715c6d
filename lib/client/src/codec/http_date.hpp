#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ephemint::inline v0::detail {

/// A date in one of the three forms of RFC 9110, 5.6.7 (IMF-fixdate, RFC 850, asctime); nothing for any other
/// text. `now` decides the century of RFC 850's two-digit years. Independent of the locale. The weekday
/// needn't match the date.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text, std::chrono::sys_seconds now);

}  // namespace ephemint::inline v0::detail
