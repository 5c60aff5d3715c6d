#pragma once

#include "shell/store_driver.hpp"

#include <ephemint/credential.hpp>
#include <ephemint/redis/shared_quota.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// Throws `std::invalid_argument`, naming the option, if one is invalid.
driver_settings check(const credential& key, std::string_view base_url, shared_quota_options,
                      std::uint64_t seed);

/// The middle part of the store's keys: the same for all processes that use that API with that key, and
/// without revealing the key.
std::string quota_name_of(std::string_view host, std::string_view api_key);
/// The store's key of the whole count, and of one account's.
std::string key_of_all(std::string_view quota_name);
std::string key_of_account(std::string_view quota_name, std::string_view account);
/// The members' name for an API key, which may change while the quota's name stays.
std::string tag_of_key(std::string_view quota_name, std::string_view api_key);

}  // namespace ephemint::inline v0::redis
