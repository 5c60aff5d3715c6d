#include "shell/reporter.hpp"

#include "codec/account_check.hpp"

#include <new>
#include <utility>

namespace ephemint::inline v0::detail {

reporter::reporter(std::shared_ptr<report_queue> queue, const net::serial_gate& gate, core::engine& engine,
                   const rate_governor& governor, const core::key_guard& key, std::size_t link_slots)
    : queue_{std::move(queue)},
      gate_{gate},
      engine_{engine},
      governor_{governor},
      key_{key},
      watch_{clock::now(), governor.state(clock::now()).in_force},
      connections_(link_slots) {
  engine_.observe(this);
}

// --- mints ---

void reporter::on_attempt(const attempt_report& a) noexcept {
  if (a.outcome == attempt_outcome::minted) {
    minted_ = a.mint;
    minted_request_id_ = a.request_id;
  }
  if (a.outcome == attempt_outcome::rate_limited) watch_.expect();
  queue_->tell(a, place());
}

void reporter::on_mint(const core::mint& m) noexcept {
  mint_report told;
  told.mint = m.number;
  told.tag = m.tag;
  told.account = m.account.str();
  told.urgency = m.urgency;
  told.attempts = m.end.attempts;
  told.took = m.spent.all();
  told.on_the_wire = m.spent.on_the_wire();
  for (std::size_t why = 0; why < wait_reasons; ++why)
    told.waited[why] = m.spent.waited(static_cast<wait_reason>(why));
  told.at = m.submitted + told.took;
  if (m.end.why == core::outcome::cause::token) {
    told.remaining = m.token.remaining(told.at);
    if (m.number == minted_) told.request_id = minted_request_id_;
    minted_ = 0;
  } else {
    told.error = m.end.code;
    told.request_id = m.said.request_id();
  }
  queue_->tell(told, place());
}

void reporter::on_unbegun(const core::mint& m, mint_errc why) noexcept {
  mint_report told;
  told.tag = m.tag;
  told.account = m.account.str();
  told.urgency = m.urgency;
  told.error = why;
  told.at = clock::now();
  queue_->tell(told, place());
}

void reporter::on_invalid(std::uint64_t tag, const account_id& account, priority urgency) noexcept {
  mint_report told;
  told.tag = tag;
  try {
    if (check(account).empty()) told.account = account.str();
  } catch (const std::bad_alloc&) {
  }
  told.urgency = urgency;
  told.error = mint_errc::invalid_request;
  told.at = clock::now();
  queue_->tell(told, report_queue::place::elsewhere);
}

// --- connections ---

void reporter::on_dial(core::link_id id) noexcept {
  connections_[core::slot_of(id)] = connection::dialled;
  connection_report told;
  told.what = connection_report::event::dialled;
  told.connection = core::slot_of(id);
  told.open = engine_.count().connections;
  told.at = engine_.last_event();
  queue_->tell(told, place());
}

void reporter::on_open(core::link_id id, net::link_room room, const net::dial_facts& how) noexcept {
  connections_[core::slot_of(id)] = connection::open;
  connection_report told;
  told.what = connection_report::event::established;
  told.connection = core::slot_of(id);
  told.http2 = room.shared;
  told.resumed = how.resumed;
  told.connect = how.connect;
  told.handshake = how.handshake;
  told.open = engine_.count().connections;
  told.at = engine_.last_event();
  queue_->tell(told, place());
}

void reporter::on_end(core::link_id id, std::string_view cause, mint_errc error) noexcept {
  const connection was = std::exchange(connections_[core::slot_of(id)], connection::none);
  if (was == connection::none) return;
  connection_report told;
  told.what = was == connection::open ? connection_report::event::closed : connection_report::event::failed;
  told.connection = core::slot_of(id);
  told.cause = cause;
  told.error = error;
  told.open = engine_.count().connections;
  told.at = engine_.last_event();
  queue_->tell(told, place());
}

// --- quota and key ---

void reporter::look() noexcept {
  const core::time_point now = engine_.last_event();
  const bool key_refused = key_.refused();
  if (!watch_.due(now, key_refused)) return;
  quota_report told;
  told.now = governor_.state(now);
  told.pause = told.now.pause;
  told.at = now;
  for (const quota_report::event what : watch_.look(now, told.now, key_refused)) {
    told.what = what;
    queue_->tell(told, place());
  }
}

void reporter::shut() noexcept {
  engine_.observe(nullptr);
  queue_->shut();
}

}  // namespace ephemint::inline v0::detail
