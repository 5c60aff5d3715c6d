#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0 {

namespace core {
class outage_guard;
}

/// The right to send one request. Must come back, once: by `on_reply` or `give_back`.
struct permit {
  std::uint64_t id = 0;  ///< of the governor's choice; the client only hands it back
};

/// Who asks for a permit, and for what.
struct permit_request {
  priority urgency = priority::interactive;  ///< interactive ones go first
  std::string_view account;                  ///< counts only under `quota_scope::per_account`
  std::uint32_t client = 0;                  ///< from `join()`
  /// How many such requests could leave now if there were permits, this one included. A hint, for governors
  /// that have permits brought from elsewhere.
  std::size_t could_leave = 1;
};

/// A governor's answer.
struct admission {
  /// Whether one may send.
  enum class verdict : std::uint8_t {
    granted,  ///< send now, with `granted_permit`
    later,    ///< ask again at `not_before`, or when the listener hears of a change; others may have been
              ///< quicker then
  };
  verdict what = verdict::later;  ///< what was decided
  permit granted_permit{};        ///< of `granted`
  /// Of `later`. The clock's end: none can be had as things stand, and mints that wait for one fail, with
  /// what `trouble()` says.
  clock::time_point not_before{};
};

/// How a permit was used.
enum class permit_use : std::uint8_t {
  admitted,  ///< the server counted the request and didn't refuse it for its rate, whatever it then answered
  rate_limited,  ///< the server refused it for its rate
  unknown,       ///< sent, but no reply came
};

/// What came back for a request that left.
struct permit_reply {
  permit_use use = permit_use::unknown;  ///< how its permit was used
  std::string_view
      account;  ///< whose request it was: always set, also when nobody waits for the reply any more
  clock::time_point sent_at{};                   ///< just before it was written
  std::optional<clock::duration> retry_after{};  ///< only beside `rate_limited`; not negative
};

/// Hears that a permit may be had earlier than was said.
///
/// \par Lifetime
/// The governor has it weakly: whoever made it may drop it at any time, a call under way holds it.
class EPHEMINT_EXPORT quota_listener {
 public:
  quota_listener(const quota_listener&) = delete;
  quota_listener& operator=(const quota_listener&) = delete;

  /// Called from any thread, from within another client's `on_reply` or `give_back`, and never under a lock
  /// of the governor's: the governor may be asked at once, but so much work is better posted. An ask may
  /// still be told `later`.
  virtual void quota_changed() noexcept = 0;

 protected:
  quota_listener() = default;
  ~quota_listener() = default;
};

/// Decides when a request may leave, so that the API's quota is used up and never broken.
///
/// One governor can serve several clients (one client a thread, one quota). The functions are virtual so that
/// a governor can share its quota with other machines (by leasing permits in the background); the ones here
/// come from `make_rate_governor`.
///
///     auto governor = ephemint::make_rate_governor(ephemint::documented_quota(key));
///     for (auto& worker : workers)
///       worker.start({.api_key = credential, .governor = governor});
///
/// What follows is what clients count on: a governor of your own must keep it.
///
/// \par Threads
/// Every member may be called from any thread at any time, and blocks for no longer than a short critical
/// section.
///
/// \par Time
/// It reads no clock. `now` comes from the caller and should not run backwards by more than the threads'
/// skew.
///
/// \par Exceptions
/// `join` and `try_acquire` throw nothing but `std::bad_alloc`, and have then changed nothing: no permit is
/// lost. All others must not throw: they are called where nothing can be done about it.
///
/// \par Outages
/// Clients that share a governor share what they know of the API's being away: one of them probes for all
/// (see `mint_request::outage_patience`). A governor of your own needs nothing for that.
///
/// \par Lifetime
/// Clients share it, and keep it while a reply to one of their requests may still come.
///
/// \par Fork
/// One that came through `fork` goes on with what it knew, and counts for its own process alone. One of
/// `make_rate_governor` then has the jitter of its twin in the parent: make one in each process. No other
/// thread may use it at that moment, as a mutex that it held would stay locked in the child.
class EPHEMINT_EXPORT rate_governor {
 public:
  virtual ~rate_governor() = default;
  rate_governor(const rate_governor&) = delete;
  rate_governor& operator=(const rate_governor&) = delete;

  /// Registers one more user of this governor; its number goes into `permit_request::client`. No user starves
  /// another. The listener is told when others' permits come back while this user waits, having been told
  /// `later`; without one, or if it is gone, the user comes again at the time that it was told.
  virtual std::uint32_t join(std::weak_ptr<quota_listener> listener = {}) = 0;
  /// The user of that number is gone. Permits that it still has must come back all the same.
  virtual void leave(std::uint32_t client) = 0;

  /// What it counts.
  virtual quota_scope scope() const noexcept { return quota_scope::per_api_key; }

  /// One permit, or when to ask again.
  virtual admission try_acquire(clock::time_point now, const permit_request&) = 0;
  /// The request of this permit left; this came back.
  virtual void on_reply(clock::time_point now, permit, const permit_reply&) = 0;
  /// The request of this permit never left: the permit is as if it had not been taken.
  virtual void give_back(clock::time_point now, permit) = 0;

  /// When the permit after the next `ahead` would be granted if only those asked: `now` if at once. An
  /// estimate: takes nothing, promises nothing, is never far too late.
  virtual clock::time_point estimate(clock::time_point now, const permit_request&,
                                     std::size_t ahead) const = 0;

  /// How the quota stands, for those who show it: not looked at on a mint's way. What is said by default:
  /// nothing is known.
  virtual quota_state state(clock::time_point now) const noexcept;

  /// What keeps it from giving permits other than the quota: one line without secrets, that the error of a
  /// mint gets which failed for want of a permit. Empty: nothing. Throws `std::bad_alloc`.
  virtual std::string trouble() const { return {}; }

 protected:
  /// Throws `std::bad_alloc`.
  rate_governor();

 private:
  friend class core::outage_guard;

  std::shared_ptr<core::outage_guard> outage_;
};

/// A governor for one API key, in this process. `seed` feeds its jitter; without one it is drawn by chance,
/// so that processes that share a key don't come back in step after a pause. Throws `std::invalid_argument`,
/// naming `rate`, if the quota is out of range; `std::bad_alloc`; and what `std::random_device` does.
EPHEMINT_EXPORT std::shared_ptr<rate_governor> make_rate_governor(quota,
                                                                  quota_scope = quota_scope::per_api_key,
                                                                  std::optional<std::uint64_t> seed = {});

}  // namespace ephemint::inline v0
