#pragma once

#include "codec/store_address.hpp"

#include <ephemint/secret.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::redis {

/// A store's URL, taken apart.
struct store_url {
  bool tls = false;
  /// The server; or Sentinels, that say which server it is now.
  std::vector<store_address> hosts;
  std::string master;  ///< the name by which the Sentinels know it; empty: there are none
  std::string user;
  secret password;
  std::uint32_t database = 0;

  bool by_sentinel() const noexcept { return !master.empty(); }
  /// The URL without user and password.
  std::string shown() const;
};

/// Fills `out`. Empty if that worked, otherwise what is wrong and what is right; no part of the URL is
/// repeated but its scheme. Throws `std::bad_alloc`.
std::string parse_store_url(std::string_view text, store_url& out);

}  // namespace ephemint::inline v0::redis
