#include "shell/client_figures.hpp"

#include <cstddef>

namespace ephemint::inline v0::detail {

client_stats client_figures::stats() const noexcept {
  const numbers known = published_.load();
  const core::engine::counts& n = known.engine;
  return {
      .submitted = n.submitted,
      .minted = n.minted,
      .failed = n.failed,
      .requests = n.requests,
      .retries = n.retries,
      .stale_retries = n.stale_retries,
      .hedges = n.hedges,
      .hedges_won = n.hedges_won,
      .rate_limited = n.rate_limited,
      .expired = n.expired,
      .queued = static_cast<std::size_t>(n.queued),
      .queued_background = static_cast<std::size_t>(n.queued_background),
      .in_flight = static_cast<std::size_t>(n.in_flight),
      .dials = n.dials,
      .failed_dials = n.failed_dials,
      .full_handshakes = known.full_handshakes,
      .resumed_handshakes = known.resumed_handshakes,
      .connections = static_cast<std::size_t>(n.connections),
      .http2_connections = static_cast<std::size_t>(n.shared_connections),
      .refused_streams = n.refused,
      .quota = governor_->state(clock::now()),
      .key_refused = key_->guard().refused(),
  };
}

}  // namespace ephemint::inline v0::detail
