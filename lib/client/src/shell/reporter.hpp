#pragma once

#include "core/attempt_observer.hpp"
#include "core/engine.hpp"
#include "core/key/key_guard.hpp"
#include "net/link_observer.hpp"
#include "net/serial_gate.hpp"
#include "shell/quota_watch.hpp"
#include "shell/report_queue.hpp"

#include <ephemint/observer.hpp>
#include <ephemint/rate_governor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::detail {

/// Makes the reports for a client's observer. Used inside the gate, unless a comment says otherwise; what it
/// refers to must outlive it.
class reporter final : public core::attempt_observer {
 public:
  /// Registers itself with the engine. Throws `std::bad_alloc`.
  reporter(std::shared_ptr<report_queue>, const net::serial_gate&, core::engine&, const rate_governor&,
           const core::key_guard&, std::size_t link_slots);

  void on_attempt(const attempt_report&) noexcept override;
  /// The mint is over, as its `end` says; called before its caller is told.
  void on_mint(const core::mint&) noexcept;
  /// A mint that ends before the engine knew of it.
  void on_unbegun(const core::mint&, mint_errc) noexcept;
  /// A mint whose request is invalid; from any thread outside the gate. An invalid `account` isn't reported.
  void on_invalid(std::uint64_t tag, const account_id& account, priority) noexcept;

  void on_dial(core::link_id) noexcept;
  void on_open(core::link_id, net::link_room, const net::dial_facts&) noexcept;
  /// The connection has ended, or was never established. `cause`: why, unless we closed it. Does nothing if
  /// its end was reported already.
  void on_end(core::link_id, std::string_view cause = {}, mint_errc = mint_errc::connect_failed) noexcept;

  /// Reports what has changed in the quota and the key.
  void look() noexcept;
  /// The context is being destroyed: nothing is told from now on.
  void shut() noexcept;

 private:
  enum class connection : std::uint8_t { none, dialled, open };

  report_queue::place place() const noexcept { return gate_.entered_from(); }

  const std::shared_ptr<report_queue> queue_;
  const net::serial_gate& gate_;
  core::engine& engine_;
  const rate_governor& governor_;
  const core::key_guard& key_;
  quota_watch watch_;
  std::vector<connection> connections_;  ///< by slot
  // The mint of the last token. It ends in the same event, while the reply's texts are still valid.
  std::uint64_t minted_ = 0;
  std::string_view minted_request_id_;
};

}  // namespace ephemint::inline v0::detail
