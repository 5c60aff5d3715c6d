#pragma once

#include <string>
#include <string_view>

// systemd's two protocols, as its manual documents them for programs without its library: sd_notify(3) and
// sd_listen_fds(3).

namespace ephemint::cli {

/// Whoever started us as a service, and wants to hear how we are.
class service_manager {
 public:
  /// Takes its address out of the environment.
  service_manager();

  /// Tells it one or more lines such as `READY=1`. Waits a second at most; what it doesn't take is lost.
  void notify(std::string_view state) const noexcept;

 private:
  std::string socket_;  // empty: nobody
};

/// Sockets that it made for us, and that listen. -1: none.
struct activated_sockets {
  int backend = -1;
  int login = -1;
  int admin = -1;
};

/// Takes them out of the environment. Throws `usage_error` if one has a name that isn't ours, if two have the
/// same, or if one doesn't listen. One without a name is the backend's.
activated_sockets take_activated_sockets();

/// The clock that its RELOADING=1 goes by, in microseconds.
long long monotonic_microseconds() noexcept;

}  // namespace ephemint::cli
