#pragma once

#include "http/exchange.hpp"

#include <ephemint/gateway/server_options.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// One JSON object, with those of these members that are known: `time listener route status ms who code why
/// account request_id remaining_ms`.
std::string log_line(const log_entry&, std::string_view listener, std::chrono::system_clock::time_point,
                     std::chrono::milliseconds took, account_logging);

}  // namespace ephemint::inline v0::gateway
