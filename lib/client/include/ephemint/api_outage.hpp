#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>
#include <ephemint/export.hpp>

namespace ephemint::inline v0 {

/// An outage of the API: it answered before, and now it gives no answer, or nothing but 5xx. A plain value,
/// from `client::outage`.
///
///     if (const auto gone = logins.outage()) log("waiting for the API: ", gone->cause);
struct api_outage {
  clock::duration lasted{};  ///< since the first failure
  mint_error cause;          ///< what the last attempt met
};

}  // namespace ephemint::inline v0
