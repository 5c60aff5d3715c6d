#pragma once

#include "core/key/key_state.hpp"

#include <ephemint/credential.hpp>

#include <memory>

namespace ephemint::inline v0::detail {

/// Gives the library's own parts access to a credential's state.
struct credential_access {
  static const std::shared_ptr<core::key_state>& state(const credential& c) noexcept { return c.state_; }
};

}  // namespace ephemint::inline v0::detail
