#pragma once

#include <string>
#include <string_view>

// systemd's two protocols, as its manual documents them for programs that don't use its library: sd_notify(3)
// and sd_listen_fds(3).

namespace ephemint::cli {

/// The service manager that started us, if it wants to be notified.
class service_manager {
 public:
  /// Removes its address from the environment.
  service_manager();

  /// Sends it one or more lines such as `READY=1`. Waits a second at most; what it doesn't take by then is
  /// lost.
  void notify(std::string_view state) const noexcept;

 private:
  std::string socket_;  // empty: no manager
};

/// Listening sockets that it made for us. -1: none.
struct activated_sockets {
  int backend = -1;
  int login = -1;
  int admin = -1;
};

/// Takes them from the environment. Throws `usage_error` if one has an unknown name, if two have the same
/// name, or if one doesn't listen. A socket without a name is the backend's.
activated_sockets take_activated_sockets();

/// The clock for its RELOADING=1, in microseconds.
long long monotonic_microseconds() noexcept;

}  // namespace ephemint::cli
