#pragma once

#include "core/expected_logins.hpp"
#include "core/own_share.hpp"
#include "core/quota/governed_count.hpp"
#include "core/quota/permit_lease.hpp"
#include "core/quota/permit_table.hpp"
#include "core/random.hpp"
#include "core/store_call.hpp"
#include "core/time.hpp"
#include "core/use_report.hpp"

#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ephemint::inline v0::redis {

/// The terms on which a quota is shared.
struct lease_terms {
  quota rate = production_quota;  ///< declared
  double share_if_lost = 20;      ///< permits a window as long as the store was never reached
  bool stop_if_lost = false;
  milliseconds lease = std::chrono::seconds{5};
  milliseconds flight = std::chrono::seconds{2};  ///< how long a request may take
  /// Keeps permits for expected logins, and stays a member at the store. For one account among many neither
  /// is worth a command.
  bool standing = true;
};

/// One shared quota as one member sees it: the permits that it holds, its uses that the store hasn't counted
/// yet, when to send the next command and what it says, and what to do while the store is away.
///
/// A slot of the quota is always in one of four places: free, held by a member (unsent or in flight), charged
/// until a window after its date, or kept back. It goes from held to charged with the date of its reply.
/// Messages about it may only be late, so the slot's next use comes after the API's own window has moved on.
/// Not thread-safe.
class lease_book : public core::permit_lease {
 public:
  /// The terms must be in range. Throws `std::bad_alloc`.
  lease_book(const lease_terms&, std::uint64_t seed);
  virtual ~lease_book() = default;

  // --- for clients ---
  /// Used like any other count.
  core::governed_count& count() noexcept { return count_; }
  const core::governed_count& count() const noexcept { return count_; }
  /// Returns whether this ended a pause.
  bool on_reply(core::time_point now, const core::outstanding_permit&, core::time_point sent_at, permit_use,
                std::optional<core::duration> retry_after) noexcept;
  void give_back(core::time_point now, const core::outstanding_permit&) noexcept;
  /// Whether it holds no information that a new book wouldn't have, and the store doesn't know of it either.
  bool forgettable(core::time_point now) const noexcept;

  // --- for the driver: one command at a time ---
  /// A client exists that may ask soon.
  void expect_askers() noexcept {
    if (seq_ == 0) speak_by({});
  }
  /// When a command is due; `never` while one is under way, or if there is nothing to say.
  core::time_point due(core::time_point now) const noexcept;
  bool out() const noexcept { return out_.has_value(); }
  /// The command that is due; it is `out()` from then on. Throws `std::bad_alloc`; then nothing has changed,
  /// apart from what time alone changes.
  store_call make_call(core::time_point now, bool calm);
  /// Returns whether a waiting client may go earlier than it was told.
  bool on_answer(core::time_point now, const store_answer&) noexcept;
  void on_failure(core::time_point now) noexcept;
  /// A connection to the store is there again.
  void on_store_back(core::time_point now) noexcept;
  /// The next command is due at `when` or earlier.
  void speak_by(core::time_point when) noexcept { speak_by_ = std::min(speak_by_, when); }
  /// All held permits go back, and nothing is granted any more.
  void leave_store(core::time_point now) noexcept;

  // --- figures ---
  /// The quota of all members; while the store is away, our own share alone.
  quota_state state(core::time_point now) const noexcept;
  /// Whether we go on with our own share.
  bool away() const noexcept { return away_; }
  /// Whether that is because the store fails, not because its state isn't complete yet.
  bool lost() const noexcept { return lost_; }
  bool ever_answered() const noexcept { return ever_; }
  std::size_t members() const noexcept { return members_; }
  double limit() const noexcept { return limit_; }
  std::size_t held() const noexcept { return for_logins_ + for_background_; }
  double share(core::time_point now) const noexcept { return away_ ? own_permits(now) : 0; }
  std::uint64_t fallbacks() const noexcept { return fallbacks_; }
  core::duration round_trip() const noexcept { return round_trip_; }
  /// Permits from the store that are unsent, in flight, or sent but not reported. Never more than the store
  /// believes that we hold.
  std::uint64_t unreturned() const noexcept;
  std::uint64_t believed_held() const noexcept { return believed_held_; }

 private:
  // If commands have failed for this long the store is away. If it was never reached, it is after two
  // failures in a row.
  static constexpr std::chrono::seconds lost_after{1};
  // Permits that were free when the store fell silent are surely still free for this long.
  static constexpr std::chrono::milliseconds free_for{1500};
  // How often a member that holds nothing sends a command, so that it still counts as a member.
  static constexpr std::chrono::seconds idle_word{10};
  static constexpr std::chrono::milliseconds first_backoff{50};
  static constexpr std::chrono::milliseconds longest_backoff{300};
  // After this time the store has forgotten a silent member that held nothing.
  static constexpr std::chrono::seconds forgotten_after{32};
  // How often to ask a store whose answers can't be used: it may be repaired.
  static constexpr std::chrono::seconds foreign_backoff{5};
  // If nothing is sent without the store, mints wait for it this long, as they do for the API in an outage.
  static constexpr std::chrono::minutes stop_patience{5};
  // The longest time between two reports while the store recovers, with a margin.
  static constexpr std::chrono::milliseconds recovery_step{600};

  // What must be known about the command under way when its answer comes.
  struct command {
    core::time_point sent_at;
    std::uint64_t held;
    std::uint64_t uses;
    std::uint64_t logins;
    std::size_t want_logins;
    std::size_t want_background;
    std::uint32_t news;
    bool proposed;
    bool bye;
  };

  // The lease, as the count sees it.
  void make_room() override;
  core::time_point room(core::time_point now, priority, std::size_t ahead) const noexcept override;
  void advance(core::time_point now) noexcept override;
  void on_taken(core::time_point now, priority) noexcept override;
  void on_given_back(core::time_point now, priority) noexcept override;
  void on_charged(core::time_point now, core::time_point charged_at) noexcept override;
  double flow() const noexcept override;
  bool paces() const noexcept override { return !away_; }
  double counted() const noexcept override;
  bool may_grow() const noexcept override { return grows_ && !away_; }

  core::time_point given_up_at(core::time_point now) const noexcept;
  core::time_point own_room(core::time_point now, std::size_t ahead) const noexcept;
  core::time_point answer_due(core::time_point now, priority) const noexcept;
  double own_permits(core::time_point now) const noexcept;
  double equal_part() const noexcept;
  std::uint64_t used_by_all(core::time_point now) const noexcept;
  std::uint64_t claimed(core::time_point now) const noexcept;
  std::size_t most_spares() const noexcept;
  std::size_t spare_target(core::time_point now) const noexcept;
  bool has_news() const noexcept { return heard_ || probe_succeeded_ || probe_undone_; }

  void news(core::time_point now) noexcept;
  void drop_held() noexcept { for_logins_ = for_background_ = 0; }
  bool go_away(core::time_point now) noexcept;
  void lose(core::time_point now) noexcept;
  void come_back(core::time_point now) noexcept;
  void rename() noexcept;
  void say(core::time_point now, store_call&) const;
  void on_ok(core::time_point now, const command&, const store_answer&) noexcept;
  void on_unknown(core::time_point now, const store_answer&) noexcept;
  void on_foreign(core::time_point now, core::duration again) noexcept;
  void obey_pause(core::time_point now, const store_answer&, core::duration ask) noexcept;
  void learn(const command&, const store_answer&) noexcept;

  struct heard_refusal {
    core::time_point pause_until;
    core::time_point granted_at;
  };

  lease_terms terms_;
  core::splitmix random_;
  core::governed_count count_;

  // Our identity at the store.
  std::uint64_t member_;
  std::uint64_t seq_ = 0;
  std::string epoch_;
  std::uint64_t revision_ = 0;
  use_report uses_;
  std::optional<command> out_;
  std::uint64_t believed_held_ = 0;  // what the store believes that we hold, as of its last answer
  core::time_point said_at_{};       // when the last command was made
  core::time_point speak_by_ = core::never;
  core::time_point not_before_{};    // no command before this
  core::duration backoff_{};         // after failed commands; 0: the last one didn't fail
  core::time_point silent_since_{};  // when the first of the failed commands was sent
  core::duration round_trip_ = std::chrono::milliseconds{2};
  bool ever_ = false;  // whether the store was ever reached
  bool leaving_ = false;
  bool left_ = false;
  core::time_point leave_by_{};

  // From the store's last answer.
  core::time_point answered_at_{};
  std::size_t members_ = 1;
  double limit_;
  double counted_ = 0;
  double free_ = 0;
  std::uint64_t learned_revision_ = 0;
  bool grows_ = false;

  // What we hold.
  std::size_t for_logins_ = 0;
  std::size_t for_background_ = 0;
  core::time_point lease_end_{};
  core::time_point ask_for_logins_{};
  core::time_point ask_for_background_{};
  std::uint64_t logins_ = 0;  // since the last report
  expected_logins expected_;

  // News for the store. Answers to commands that were sent before the last news don't change the pause.
  std::optional<heard_refusal> heard_;
  bool probe_succeeded_ = false;
  bool probe_undone_ = false;
  bool proposes_ = false;
  std::uint32_t news_ = 0;

  // While the store is away, or its state isn't complete.
  bool away_ = false;
  bool lost_ = false;
  bool recovering_ = false;
  bool used_own_share_ = false;
  own_share share_;
  double flow_;
  std::uint64_t fallbacks_ = 0;
};

}  // namespace ephemint::inline v0::redis
