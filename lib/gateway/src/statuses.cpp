#include "statuses.hpp"

namespace ephemint::inline v0::gateway {

unsigned status_of(mint_errc code) noexcept {
  switch (code) {
    case mint_errc::invalid_request:
      return 400;
    case mint_errc::rejected:
      return 422;
    case mint_errc::unauthorized:  // the key is ours, not the caller's: a 401 would have them look at theirs
    case mint_errc::server_error:
    case mint_errc::bad_response:
    case mint_errc::connect_failed:
    case mint_errc::tls_failed:
      return 502;
    case mint_errc::timed_out:
      return 504;
    case mint_errc::rate_limited:
    case mint_errc::overloaded:
    case mint_errc::closed:
    case mint_errc::cancelled:  // its peer is gone, and nobody reads this
      return 503;
  }
  return 500;
}

}  // namespace ephemint::inline v0::gateway
