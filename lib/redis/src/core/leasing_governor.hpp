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

/// Carries the commands to the store.
class lease_driver {
 public:
  /// `next_call` may have a command, or `wake_at` may be earlier. Called from any thread, from within the
  /// governor's members, but never under its lock.
  virtual void calls_due() noexcept = 0;

 protected:
  ~lease_driver() = default;
};

/// What is known about the shared quota.
struct lease_figures {
  bool answered = false;    ///< the last command was answered, and the answer could be used
  std::size_t members = 0;  ///< as of the store's last answer, this one included; 0: it never answered
  double limit = 0;         ///< permits a window of all members
  std::size_t held = 0;     ///< permits that are neither used nor expired
  core::duration round_trip{};
  std::uint64_t commands = 0;
  std::uint64_t lost = 0;       ///< of these, without a usable answer
  std::uint64_t fallbacks = 0;  ///< how often this process began to go on without the store
  bool away = false;            ///< it does so now
  double share = 0;             ///< permits a window while it does; else 0
  std::string last_error;       ///< why the last failed command failed
};

/// The governor that clients use: it leases permits from the store instead of counting alone. It has no I/O,
/// clock or randomness. A driver carries its commands to the store, by the members below those of
/// `rate_governor`. All functions may be called from any thread.
///
/// A driver's loop, at each `calls_due()` and at `wake_at()`: send each command that `next_call(now)` gives;
/// for each of them call `on_answer` or `on_failure`, once, in any order.
class leasing_governor final : public rate_governor {
 public:
  struct settings {
    quota rate = production_quota;  ///< of all members together; declared
    quota_scope scope = quota_scope::per_api_key;
    std::optional<quota> share_if_lost{};  ///< as long as the store was never reached; none: a tenth
    bool stop_if_lost = false;
    milliseconds lease = std::chrono::seconds{5};
    milliseconds flight = std::chrono::seconds{2};  ///< how long a request may take
    std::string key;                                ///< the store's key; not used under `per_account`
    /// The store's key of an account's count. Used only under `per_account`; may throw `std::bad_alloc`.
    std::function<std::string(std::string_view account)> key_of_account{};
    std::uint64_t seed = 0;
    /// The credential whose refusals all members share; null: none. Not used under `per_account`.
    std::shared_ptr<core::key_state> credential{};
    /// The store's name for an API key: 16 hex digits that don't reveal the key. Used only with `credential`;
    /// may throw `std::bad_alloc`.
    std::function<std::string(std::string_view key)> tag_of_key{};
  };

  /// One command. It has failed if there is no answer within `patience`.
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

  // --- for the driver ---
  /// A command to send now; none: not now. At most one per store key is under way, and at most 64 in all.
  /// Throws `std::bad_alloc`; then nothing has changed, and it may be called again later.
  std::optional<outgoing> next_call(time_point now);
  void on_answer(time_point now, std::uint64_t number, const store_answer&) noexcept;
  /// No usable answer came. `why`: one line without secrets, kept for `figures`.
  void on_failure(time_point now, std::uint64_t number, std::string_view why) noexcept;
  /// Says whether the server is known to have run for longer than a window. Until then that isn't assumed.
  void on_store_age(time_point now, bool calm) noexcept;
  /// There is a connection to the store again: news is sent at once.
  void on_store_back(time_point now) noexcept;
  /// When to call `next_call` again if there is no `calls_due` before; `core::never`: only after a
  /// `calls_due`.
  time_point wake_at() const noexcept;
  /// All held permits go back: a `bye` for each store key follows. Nothing is granted afterwards.
  void leave_store(time_point now) noexcept;
  void set_driver(std::weak_ptr<lease_driver>) noexcept;
  /// Whether this process goes on without the store because the store fails. Not while the store's state is
  /// incomplete, as after the server's start.
  bool lost() const noexcept;
  lease_figures figures(time_point now) const;

 private:
  struct guarded;
  std::shared_ptr<guarded> state_;
};

}  // namespace ephemint::inline v0::redis
