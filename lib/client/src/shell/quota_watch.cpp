#include "shell/quota_watch.hpp"

#include <utility>

namespace ephemint::inline v0::detail {

namespace {

/// A pause that ends later than reported, by more than this, is a new pause.
constexpr std::chrono::milliseconds same_pause{10};

bool is_paused(const quota_state& q) noexcept { return q.pause > core::duration::zero(); }

}  // namespace

quota_watch::quota_watch(core::time_point now, const std::optional<quota>& in_force) noexcept
    : known_{.in_force = in_force}, looked_at_{now}, paused_until_{now} {}

bool quota_watch::due(core::time_point now, bool key_refused) const noexcept {
  return expecting_ || is_paused(known_) || known_.probing || key_refused != key_refused_ ||
         core::between(now, looked_at_) >= pace;
}

quota_watch::changes quota_watch::look(core::time_point now, const quota_state& q,
                                       bool key_refused) noexcept {
  using event = quota_report::event;
  changes found;
  const core::time_point until = core::add(now, q.pause);
  const bool longer = core::between(until, paused_until_) > same_pause;
  if (is_paused(q) && (!is_paused(known_) || longer)) found.add(event::paused);
  if (q.probing && !known_.probing) found.add(event::probing);
  if ((is_paused(known_) || known_.probing) && !is_paused(q) && !q.probing) found.add(event::resumed);
  if (q.in_force != known_.in_force) found.add(event::quota_changed);
  if (key_refused != key_refused_) found.add(key_refused ? event::key_refused : event::key_accepted);
  known_ = q;
  key_refused_ = key_refused;
  looked_at_ = now;
  expecting_ = false;
  paused_until_ = until;
  return found;
}

}  // namespace ephemint::inline v0::detail
