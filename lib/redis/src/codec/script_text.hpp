#pragma once

#include "core/store_call.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ephemint::inline v0::redis {

/// The script, and the 40 hex digits by which EVALSHA knows it.
std::string_view quota_script() noexcept;
const std::string& quota_script_digest();

/// What a store's reply holds where a script's array is expected: its elements are all one or the other.
using store_value = std::variant<std::int64_t, std::string>;

/// The call's uses in no more entries than the script takes: many are taken together, each under the youngest
/// age of its entry, in their order.
std::vector<dated_uses> uses_to_report(const store_call&);
/// The script's ARGV.
std::vector<std::string> arguments_of(const store_call&);
/// What the script replied. Throws `std::runtime_error`, saying what is wrong, if it isn't one of its
/// replies.
store_answer answer_of(const std::vector<store_value>&);

}  // namespace ephemint::inline v0::redis
