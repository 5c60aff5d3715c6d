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

/// An element of a script's array reply.
using store_value = std::variant<std::int64_t, std::string>;

/// The call's uses, in order, in no more entries than the script takes. If there are too many they are
/// merged, each with the youngest age of its entry.
std::vector<dated_uses> uses_to_report(const store_call&);
/// The script's ARGV.
std::vector<std::string> arguments_of(const store_call&);
/// The script's answer. Throws `std::runtime_error`, saying what is wrong, if this isn't a valid reply of the
/// script.
store_answer answer_of(const std::vector<store_value>&);

}  // namespace ephemint::inline v0::redis
