#include "observers/metrics_state.hpp"

#include <ephemint/metrics.hpp>

#include <new>
#include <utility>

namespace ephemint::inline v0 {

using detail::index;

metrics::metrics() : state_{std::make_unique<state>()} {}

metrics::~metrics() = default;

void metrics::add(std::function<std::string()> more) {
  const std::lock_guard lock{state_->mutex};
  state_->more.push_back(std::move(more));
}

void metrics::on_client(const client_view& client) noexcept {
  try {
    state_->clients.add(client);
  } catch (const std::bad_alloc&) {
  }
}

void metrics::on_attempt(const attempt_report& a) noexcept {
  state_->requests[index(a.outcome)].add();
  if (a.why != attempt_reason::first) state_->requests_by_reason[index(a.why)].add();
  state_->request_durations.add(a.took);
}

void metrics::on_mint(const mint_report& m) noexcept {
  const std::size_t urgency = index(m.urgency);
  state_->mints[urgency][m.error ? index(*m.error) : 0].add();
  for (std::size_t i = 0; i < wait_reasons; ++i) state_->waits[urgency][i].add(m.waited[i]);
  if (m.error) return;
  state_->mint_durations[urgency].add(m.took);
  state_->remaining.add(m.remaining);
}

void metrics::on_connection(const connection_report& c) noexcept {
  using event = connection_report::event;
  if (c.what == event::failed) state_->failed_dials.add();
  if (c.what == event::established) (c.resumed ? state_->resumed_handshakes : state_->full_handshakes).add();
}

}  // namespace ephemint::inline v0
