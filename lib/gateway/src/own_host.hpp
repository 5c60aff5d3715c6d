#pragma once

#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// The names by which a listener may be called in `Host`. A page whose name was made to lead to this machine
/// (DNS rebinding) calls it by that name.
class own_host {
 public:
  /// `address` is as in `server_addresses`. On a Unix socket `localhost` is ours; on TCP so are the numeric
  /// address and `localhost`, with the port.
  explicit own_host(std::string_view address);

  bool is(std::string_view host) const noexcept;

 private:
  std::string name_;  ///< numeric; empty: a Unix socket
  std::string port_;
};

}  // namespace ephemint::inline v0::gateway
