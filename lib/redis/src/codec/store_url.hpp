#pragma once

#include "codec/store_address.hpp"

#include <ephemint/secret.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::redis {

/// The parts of a store's URL.
struct store_url {
  bool tls = false;
  /// The server; or Sentinels, which say which server it is now.
  std::vector<store_address> hosts;
  std::string master;  ///< the master's name at the Sentinels; empty: no Sentinels
  std::string user;
  secret password;
  std::uint32_t database = 0;

  bool by_sentinel() const noexcept { return !master.empty(); }
  /// The URL without user and password.
  std::string shown() const;
};

/// Fills `out`. Returns what is wrong and what is right, or an empty text. It repeats no part of the URL but
/// its scheme. Throws `std::bad_alloc`.
std::string parse_store_url(std::string_view text, store_url& out);

}  // namespace ephemint::inline v0::redis
