#pragma once

#include "exchange.hpp"

#include <ephemint/metrics.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

class hub;
struct gateway_counts;

// The three faces of a gateway; each lives no longer than its hub.

/// The sidecar. `address` is where it listens, as `server_addresses` has it: a `Host` must be of it.
std::unique_ptr<face> make_backend_face(hub&, std::string_view address);
/// Login links.
std::unique_ptr<face> make_login_face(hub&);
/// Health, readiness, metrics.
std::unique_ptr<face> make_admin_face(hub&);
/// What `/metrics` says. From any thread.
std::string metrics_text(const metrics& seen, const gateway_counts&);

}  // namespace ephemint::inline v0::gateway
