#pragma once

#include <ephemint/error.hpp>

#include <boost/intrusive/list_hook.hpp>

#include <cstddef>

namespace ephemint::inline v0::core {

/// A wait for room for `wanted` mints at once. The submitter owns it, and keeps it until the engine has
/// commanded `warmed`.
struct warm_up {
  std::size_t wanted = 1;
  bool over = false;
  bool failed = false;
  mint_errc code{};  ///< if it failed
  mint_error said;   ///< the dial's error, unless `code` says it all

  boost::intrusive::list_member_hook<> among;
};

}  // namespace ephemint::inline v0::core
