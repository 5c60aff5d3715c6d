#pragma once

#include "core/quota/burst_bucket.hpp"
#include "core/quota/charge_log.hpp"
#include "core/quota/pause_gate.hpp"
#include "core/quota/permit_lease.hpp"
#include "core/quota/permit_table.hpp"
#include "core/quota/quota_learner.hpp"
#include "core/quota/reserve.hpp"
#include "core/quota/waiting_line.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ephemint::inline v0::core {

/// One count of the quota: the key's, or one account's. It joins the rules, each of which is a class of its
/// own. Not thread-safe.
class governed_count {
 public:
  /// `lease`: where its permits come from; null: a window of its own. It must outlive the count.
  governed_count(const quota& q, std::uint64_t seed, permit_lease* lease = nullptr)
      : quota_{q}, lease_{lease}, learner_{q}, random_{seed} {}

  /// When to ask again; none if a permit may be taken at once. `permits`: how many the client waits for if
  /// there is none now. Throws `std::bad_alloc`; then nothing has changed, apart from what time alone
  /// changes.
  std::optional<time_point> ask(time_point now, priority urgency, std::uint32_t client,
                                std::size_t permits = 1);
  /// Takes a permit. Call it right after `ask` returned none.
  void take(time_point now, std::uint32_t client, outstanding_permit& p) noexcept;
  void leave(std::uint32_t client) noexcept { line_.leave(client); }

  /// Returns whether this ended a pause.
  bool on_reply(time_point now, const outstanding_permit& p, time_point sent_at, permit_use use,
                std::optional<duration> retry_after) noexcept;
  void give_back(time_point now, const outstanding_permit& p) noexcept;

  /// Whether another client than this was told `later`.
  bool others_wait(std::uint32_t client) const noexcept { return line_.others_wait(client); }
  /// A client that was told `later`, but may go at once, or earlier than it was told because a pause has
  /// ended. It is marked as woken, so that each is returned once. None: there are no more.
  std::optional<std::uint32_t> wake_one(time_point now, std::uint32_t client, bool pause_ended) noexcept;

  /// When a permit will be available after `ahead` others.
  time_point estimate(time_point now, priority urgency, std::size_t ahead) noexcept;

  /// The state of the count. Doesn't change it: takes into account what time alone has changed, but leaves
  /// the update to other calls.
  quota_state state(time_point now) const noexcept;

  /// Whether it holds no information that a new count wouldn't have.
  bool forgettable(time_point now) const noexcept;

  // --- at rest ---
  /// Writes all that it knows to `words`, unless that is null. Returns how many words that takes: 0 if it
  /// can't be put to rest, as a permit is out, a client waits, or it holds more than a few charges or shares.
  std::size_t put_to_rest(std::uint64_t* words) const noexcept;
  /// Restores what `put_to_rest` wrote. Precondition: this count is new, has the same quota, and no lease.
  void wake(const std::uint64_t* words) noexcept;
  /// Whether the count that wrote those words was used within the last window: then it isn't forgettable.
  static bool used_lately(time_point now, duration window, const std::uint64_t* words) noexcept;

  // --- for a lease ---
  permit_lease* lease() const noexcept { return lease_; }
  /// What this process charged in the last window, as of the last call with a `now`.
  const charge_log& charged() const noexcept { return charged_; }
  std::size_t in_flight() const noexcept { return in_flight_; }
  /// Permits that clients wait for and could use now.
  std::size_t wanted(priority urgency, time_point now) const noexcept;
  const pause_gate& pause() const noexcept { return pause_; }
  pause_gate& pause() noexcept { return pause_; }
  double limit() const noexcept { return learner_.limit(); }
  void adopt_limit(double limit) noexcept { learner_.adopt(limit); }
  /// Updates what time alone changes.
  void refresh(time_point now) noexcept;

 private:
  // After a pause sending is gentle for `gentle_start`, at `gentle_rate` a second (no more than 8 in any 100
  // ms), and free after `free_again`.
  static constexpr std::chrono::seconds gentle_start{5};
  static constexpr double gentle_rate = 66.0;
  static constexpr double least_rate = 9.0;  // one in any 100 ms
  static constexpr duration free_again = std::chrono::seconds{15};
  // More than 1, so that a timer that is late by half an interval wastes no permit.
  static constexpr double background_burst = 1.5;
  // So that a client that is told `later` doesn't spin.
  static constexpr duration shortest_wait = std::chrono::milliseconds{1};
  static constexpr std::chrono::minutes memory_of_absent{10};
  // The server is assumed to count a request without a reply at most this long after it left: twice the
  // default attempt timeout.
  static constexpr std::chrono::seconds longest_queue{4};
  static constexpr duration longest_round_trip = std::chrono::hours{1};

  bool limited() const noexcept { return quota_.how() != quota::mode::unlimited; }
  quota in_force() const noexcept;
  double rate() const noexcept;
  double flow(time_point now) const noexcept;
  std::size_t in_flight_cap() const noexcept;
  duration window() const noexcept { return quota_.window(); }
  void make_room(std::uint32_t client);
  time_point earliest(time_point now, priority urgency, std::size_t ahead) const noexcept;
  void note_what_holds(time_point now, priority urgency) noexcept;

  time_point room(time_point now, priority urgency, std::size_t ahead) const noexcept;
  time_point room_in_flight(time_point now, std::size_t ahead) const noexcept;
  time_point room_in_window(time_point now, priority urgency, std::size_t ahead) const noexcept;
  time_point spread_of_the_rest(time_point now, std::size_t left, std::size_t ahead) const noexcept;
  std::size_t kept_for_logins(const foreground_reserve&, time_point now) const noexcept;
  time_point paced(time_point now, priority urgency, std::size_t ahead) const noexcept;

  void learn_round_trip(duration taken) noexcept;
  void charge(time_point now, time_point sent_at, permit_use use) noexcept;
  void learn_refusal(time_point now, const outstanding_permit& p,
                     std::optional<duration> retry_after) noexcept;

  quota quota_;
  permit_lease* lease_;
  charge_log charged_;
  charge_log refused_;  // the part of `charged_` that the server refused
  burst_bucket burst_;
  burst_bucket release_;  // for what is sent after a pause
  pause_gate pause_;
  quota_learner learner_;
  foreground_reserve reserve_;
  waiting_line line_;
  splitmix random_;
  std::size_t in_flight_ = 0;
  time_point last_send_{};
  time_point last_used_{};
  time_point held_by_release_{};  // when the pace after a pause last made a request wait
  duration usual_round_trip_ = std::chrono::milliseconds{80};
};

}  // namespace ephemint::inline v0::core
