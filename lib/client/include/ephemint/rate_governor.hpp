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

/// The right to send one request. It must come back exactly once, by `on_reply` or `give_back`.
struct permit {
  std::uint64_t id = 0;  ///< chosen by the governor; the client only hands it back
};

/// Who asks for a permit, and for what.
struct permit_request {
  priority urgency = priority::interactive;  ///< interactive ones go first
  std::string_view account;                  ///< counts only under `quota_scope::per_account`
  std::uint32_t client = 0;                  ///< from `join()`
  /// How many such requests could leave now if there were permits, this one included. A hint for governors
  /// that fetch permits from elsewhere.
  std::size_t could_leave = 1;
};

/// A governor's answer.
struct admission {
  /// Whether the request may be sent.
  enum class verdict : std::uint8_t {
    granted,  ///< send now, with `granted_permit`
    later,    ///< ask again at `not_before`, or when the listener is told of a change; the answer may be
              ///< `later` again, if others were quicker
  };
  verdict what = verdict::later;  ///< what was decided
  permit granted_permit{};        ///< of `granted`
  /// Of `later`. `time_point::max()`: there will be no permit as things stand, and mints that wait for one
  /// fail with the text of `trouble()`.
  clock::time_point not_before{};
};

/// How a permit was used.
enum class permit_use : std::uint8_t {
  admitted,  ///< the server counted the request and didn't refuse it for its rate, whatever the answer was
  rate_limited,  ///< the server refused it for its rate
  unknown,       ///< sent, but no reply came
};

/// What came back for a request that left.
struct permit_reply {
  permit_use use = permit_use::unknown;  ///< how its permit was used
  std::string_view account;     ///< whose request it was; set even if nobody waits for the reply any more
  clock::time_point sent_at{};  ///< just before it was written
  std::optional<clock::duration> retry_after{};  ///< only with `rate_limited`; not negative
};

/// Is told when a permit may be available earlier than announced.
///
/// \par Lifetime
/// The governor holds a weak pointer: the owner may drop the listener at any time, and a call under way keeps
/// it alive.
class EPHEMINT_EXPORT quota_listener {
 public:
  quota_listener(const quota_listener&) = delete;
  quota_listener& operator=(const quota_listener&) = delete;

  /// Called from any thread, from within another client's `on_reply` or `give_back`, but never while the
  /// governor holds a lock: the governor may be called from here, but it is better to post that work.
  /// `try_acquire` may still answer `later`.
  virtual void quota_changed() noexcept = 0;

 protected:
  quota_listener() = default;
  ~quota_listener() = default;
};

/// Decides when a request may leave, so that the API's quota is fully used and never exceeded.
///
/// One governor can serve several clients (one client per thread, one quota). `make_rate_governor` makes one
/// for a single process. The functions are virtual so that another governor can share its quota with other
/// machines, by leasing permits in the background.
///
///     auto governor = ephemint::make_rate_governor(ephemint::documented_quota(key));
///     for (auto& worker : workers)
///       worker.start({.api_key = credential, .governor = governor});
///
/// Clients rely on what follows: a governor of your own must comply with it.
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
/// Clients that share a governor share what they know about an outage of the API: one of them probes for all
/// (see `mint_request::outage_patience`). A governor of your own needn't do anything for that.
///
/// \par Lifetime
/// Clients share it, and keep it while a reply to one of their requests may still come.
///
/// \par Fork
/// In the child of a `fork` a governor goes on with what it knew, and counts for the child alone. One from
/// `make_rate_governor` then has the same jitter as its copy in the parent, so make one in each process. No
/// other thread may use a governor at the moment of the fork, as a mutex held then would stay locked in the
/// child.
class EPHEMINT_EXPORT rate_governor {
 public:
  virtual ~rate_governor() = default;
  rate_governor(const rate_governor&) = delete;
  rate_governor& operator=(const rate_governor&) = delete;

  /// Registers one more client of this governor; the returned number goes into `permit_request::client`. No
  /// client starves another. The listener is called when others' permits come back while this client waits
  /// after a `later`; without a listener, or if it is gone, the client asks again at `not_before`.
  virtual std::uint32_t join(std::weak_ptr<quota_listener> listener = {}) = 0;
  /// The client of that number is gone. Permits that it still has must come back all the same.
  virtual void leave(std::uint32_t client) = 0;

  /// What it counts.
  virtual quota_scope scope() const noexcept { return quota_scope::per_api_key; }

  /// Gives one permit, or says when to ask again.
  virtual admission try_acquire(clock::time_point now, const permit_request&) = 0;
  /// The request of this permit was sent, and this is what came back.
  virtual void on_reply(clock::time_point now, permit, const permit_reply&) = 0;
  /// The request of this permit was never sent: the permit counts as never taken.
  virtual void give_back(clock::time_point now, permit) = 0;

  /// When this request would get its permit if `ahead` other requests went before it, and no more: `now` if
  /// at once. An estimate: it takes no permit and promises nothing, and is never far too late.
  virtual clock::time_point estimate(clock::time_point now, const permit_request&,
                                     std::size_t ahead) const = 0;

  /// The quota's state, for display only: a mint doesn't depend on it. By default nothing is known.
  virtual quota_state state(clock::time_point now) const noexcept;

  /// What prevents it from giving permits, apart from the quota: one line without secrets, which becomes part
  /// of a mint's error if the mint fails for want of a permit. Empty: nothing. Throws `std::bad_alloc`.
  virtual std::string trouble() const { return {}; }

 protected:
  /// Throws `std::bad_alloc`.
  rate_governor();

 private:
  friend class core::outage_guard;

  std::shared_ptr<core::outage_guard> outage_;
};

/// A governor for one API key, in this process. `seed` determines its jitter; without one it is random, so
/// that processes that share a key don't all resume at the same moment after a pause. Throws
/// `std::invalid_argument`, naming `rate`, if the quota is out of range; `std::bad_alloc`; and what
/// `std::random_device` does.
EPHEMINT_EXPORT std::shared_ptr<rate_governor> make_rate_governor(quota,
                                                                  quota_scope = quota_scope::per_api_key,
                                                                  std::optional<std::uint64_t> seed = {});

}  // namespace ephemint::inline v0
