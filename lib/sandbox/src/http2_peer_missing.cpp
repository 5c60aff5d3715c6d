#include "http2_peer.hpp"

// For builds without nghttp2: HTTP/2 is never agreed on, so these functions aren't needed.

namespace ephemint::inline v0::sandbox {

bool http2_is_built() noexcept { return false; }

std::unique_ptr<http2_peer> make_http2_peer(http2_events&, std::uint32_t, std::optional<std::uint32_t>) {
  return nullptr;
}

}  // namespace ephemint::inline v0::sandbox
