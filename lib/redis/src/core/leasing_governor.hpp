#pragma once

#include "core/key/key_state.hpp"
#include "core/lease_book.hpp"
#include "core/quota/permit_table.hpp"
#include "core/store_call.hpp"
#include "core/time.hpp"

#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::redis {

using core::time_point;

/// Whoever carries the commands to the store.
class lease_driver {
 public:
  /// `next_call` may have something, or `wake_at` may be earlier. From any thread, from within the governor's
  /// members, never under its lock.
  virtual void calls_due() noexcept = 0;

 protected:
  ~lease_driver() = default;
};

/// What is known of the shared quota.
struct lease_figures {
  bool answered = false;    ///< the last command was, and the answer was of use
  std::size_t members = 0;  ///< as the store last said, this one included; 0: it never did
  double limit = 0;         ///< permits a window of all of them
  std::size_t held = 0;     ///< permits that are neither sent nor void
  core::duration round_trip{};
  std::uint64_t commands = 0;
  std::uint64_t lost = 0;       ///< of them
  std::uint64_t fallbacks = 0;  ///< how often we began to go on without the store
  bool away = false;            ///< we do so now
  double share = 0;             ///< permits a window while we do; else 0
  std::string last_error;       ///< why the last command that failed did
};

/// The governor that clients see: leases permits from the store instead of counting alone. Decides without
/// I/O, clock or chance: whoever carries its commands to the store drives it, by the members below
/// `rate_governor`'s. All of it may be called from any thread.
///
/// A driver's loop, at each `calls_due()` and at `wake_at()`: while `next_call(now)` has something, send it;
/// for each that was sent tell `on_answer` or `on_failure`, once, in any order.
class leasing_governor final : public rate_governor {
 public:
  struct settings {
    quota rate = production_quota;  ///< of all members together; declared
    quota_scope scope = quota_scope::per_api_key;
    std::optional<quota> share_if_lost{};  ///< before the store was ever reached; none: a tenth
    bool stop_if_lost = false;
    milliseconds lease = std::chrono::seconds{5};
    milliseconds flight = std::chrono::seconds{2};  ///< what a request may take
    std::string key;                                ///< of the store; under per_account not used
    /// The store's key of an account's count. Needed under `per_account` alone; may throw `std::bad_alloc`.
    std::function<std::string(std::string_view account)> key_of_account{};
    std::uint64_t seed = 0;
    /// Whose refusals all members share; null: nobody's. Under `per_account` not used.
    std::shared_ptr<core::key_state> credential{};
    /// What the store knows a key by: 16 hex digits that don't reveal it. Needed with `credential` alone; may
    /// throw `std::bad_alloc`.
    std::function<std::string(std::string_view key)> tag_of_key{};
  };

  /// One command: to be answered within `patience`, or it has failed.
  struct outgoing {
    std::uint64_t number = 0;
    std::string key;
    store_call call;
    milliseconds patience{500};
  };

  /// The settings must be in range.
  explicit leasing_governor(settings);
  ~leasing_governor() override;

  // --- as a governor ---
  std::uint32_t join(std::weak_ptr<quota_listener> listener = {}) override;
  void leave(std::uint32_t client) noexcept override;
  quota_scope scope() const noexcept override;
  admission try_acquire(time_point now, const permit_request&) override;
  void on_reply(time_point now, permit, const permit_reply&) noexcept override;
  void give_back(time_point now, permit) noexcept override;
  time_point estimate(time_point now, const permit_request&, std::size_t ahead) const noexcept override;
  quota_state state(time_point now) const noexcept override;
  std::string trouble() const override;

  // --- for whoever drives it ---
  /// A command to send now; none: not now. One is out a key, and no more than 64 in all. Throws
  /// `std::bad_alloc`; then nothing has changed, and a later try is as good.
  std::optional<outgoing> next_call(time_point now);
  void on_answer(time_point now, std::uint64_t number, const store_answer&) noexcept;
  /// No answer came, or none that could be used. `why`: one line without secrets, kept for `figures`.
  void on_failure(time_point now, std::uint64_t number, std::string_view why) noexcept;
  /// Whether the server is known to run for longer than a window. Until it is said, it isn't.
  void on_store_age(time_point now, bool calm) noexcept;
  /// A connection to the store is there again: what we know is told at once.
  void on_store_back(time_point now) noexcept;
  /// When to call `next_call` again if nobody says `calls_due` before; `core::never` if only then.
  time_point wake_at() const noexcept;
  /// What is held goes back: a `bye` for each key follows. Nothing is granted afterwards.
  void leave_store(time_point now) noexcept;
  void set_driver(std::weak_ptr<lease_driver>) noexcept;
  /// Whether we go on without the store because it fails: not while its state becomes whole, as it does when
  /// the server has just started.
  bool lost() const noexcept;
  lease_figures figures(time_point now) const;

 private:
  struct guarded;
  std::shared_ptr<guarded> state_;
};

}  // namespace ephemint::inline v0::redis
