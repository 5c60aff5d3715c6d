#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace ephemint::inline v0 {

/// The right to send one request. Must come back, once: by `on_reply` or `give_back`.
struct permit {
  std::uint64_t id = 0;
};

/// Who asks for a permit, and for what.
struct permit_request {
  priority urgency = priority::interactive;
  std::string_view account;  ///< counts only under `quota_scope::per_account`
  std::uint32_t client = 0;  ///< from `join()`
};

/// A governor's answer.
struct admission {
  enum class verdict : std::uint8_t {
    granted,  ///< send now, with `granted_permit`
    later,    ///< ask again at `not_before`, or after any `on_reply` or `give_back`; others may have been
              ///< quicker then
    refused,  ///< the API key itself was found refused: fail, don't wait; a new try is worth it at
              ///< `not_before`
  };
  verdict what = verdict::later;
  permit granted_permit{};
  clock::time_point not_before{};
};

/// How a permit was used.
enum class permit_use : std::uint8_t {
  admitted,      ///< the server counted the request and let it through, whatever it then answered
  rate_limited,  ///< the server refused it for its rate
  key_refused,   ///< 401 or 403 of the API itself
  unknown,       ///< sent, but no reply came
};

struct permit_reply {
  permit_use use = permit_use::unknown;
  std::string_view account;
  clock::time_point sent_at{};
  std::optional<clock::duration> retry_after{};  ///< only beside `rate_limited`; not negative
};

/// Decides when a request may leave, so that the API's quota is used up and never broken.
///
/// One governor can serve several clients (one client a thread, one quota): every member may be called from
/// any thread at any time, blocks for no longer than a short critical section, and throws nothing but
/// `std::bad_alloc`. It reads no clock: `now` comes from the caller and should not run backwards by more than
/// the threads' skew. The functions are virtual so that a governor can share its quota with other machines
/// (by leasing permits in the background); the ones here come from `make_rate_governor`.
class EPHEMINT_EXPORT rate_governor {
 public:
  virtual ~rate_governor() = default;

  /// Registers one more user of this governor; its number goes into `permit_request::client`. No user starves
  /// another.
  virtual std::uint32_t join() = 0;
  virtual void leave(std::uint32_t client) = 0;

  /// What it counts.
  virtual quota_scope scope() const noexcept { return quota_scope::per_api_key; }

  /// One permit, or when to ask again.
  virtual admission try_acquire(clock::time_point now, const permit_request&) = 0;
  /// The request of this permit left; this came back.
  virtual void on_reply(clock::time_point now, permit, const permit_reply&) = 0;
  /// The request of this permit never left: the permit is as if it had not been taken.
  virtual void give_back(clock::time_point now, permit) = 0;

  /// Whether `try_acquire` would answer `refused` now: nobody need dial to hear that.
  virtual bool key_refused(clock::time_point) const { return false; }

  /// When the permit after the next `ahead` would be granted if only those asked: `now` if at once. An
  /// estimate: takes nothing, promises nothing, is never far too late.
  virtual clock::time_point estimate(clock::time_point now, const permit_request&,
                                     std::size_t ahead) const = 0;
};

/// A governor for one API key, in this process. `seed` feeds its jitter.
/// Throws `std::invalid_argument`, naming `rate`, if the quota is out of range.
EPHEMINT_EXPORT std::shared_ptr<rate_governor> make_rate_governor(quota, quota_scope = quota_scope::per_api_key,
                                                  std::uint64_t seed = 0);

}  // namespace ephemint::inline v0
