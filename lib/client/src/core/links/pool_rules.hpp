#pragma once

#include "core/free_list.hpp"
#include "core/mints/job.hpp"
#include "core/random.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace ephemint::inline v0::core {

/// What the pool knows of one connection. A connection of HTTP/1.1 is one lane: room for one request in
/// flight.
struct lane {
  enum class state : std::uint8_t { dialling, idle, busy, draining };

  std::uint32_t id = 0;
  state now = state::dialling;
  std::uint64_t served = 0;           ///< requests that were sent on it
  std::uint32_t failures_before = 0;  ///< failures in a row when its dial began
  job* carries = nullptr;             ///< busy only
  permit spent{};                     ///< busy and draining
  std::uint64_t key_version = 0;      ///< busy and draining: of the key that was sent
  bool probes_key = false;            ///< the same
  time_point connected_at{};
  time_point sent_at{};    ///< busy and draining
  time_point retire_at{};  ///< its age is reached
  duration idle_limit{};   ///< the option's, or the server's
  /// When its state ends if nothing happens: idle too long, the attempt's time is up, drained for long
  /// enough.
  time_point due = never;

  boost::intrusive::list_member_hook<> in_idle;
  boost::intrusive::set_member_hook<> in_due;
};

/// Which connections there are, which is used next, and when one more is dialled. Decides; dials nothing
/// itself.
class pool_rules {
 public:
  struct settings {
    std::size_t max_connections = 8;
    duration idle_timeout = std::chrono::seconds{30};
    duration max_age = std::chrono::minutes{10};
    duration first_backoff = std::chrono::milliseconds{50};
    duration max_backoff = std::chrono::seconds{20};
  };
  /// Dials at once: enough to warm up quickly, few enough not to be a storm of handshakes (design.md §5).
  static constexpr std::size_t max_dials = 4;
  /// A dial is tried again after at most this, whatever `max_backoff` says: a login waits no longer than 8 s,
  /// and a pool that waits longer than a fraction of that would miss a recovered server.
  static constexpr std::chrono::seconds max_dial_backoff{2};

  pool_rules(settings, splitmix random);
  ~pool_rules();

  // --- choosing ---
  /// The idle lane used last, or null. `fresh`: one that has served nobody yet. Lanes that are too old are
  /// skipped; they are due and `expired` gives them.
  lane* idle(time_point now, bool fresh) noexcept;
  lane* find(std::uint32_t id) noexcept;

  // --- changes of state ---
  void to_busy(lane&, job&, permit, time_point now, time_point due) noexcept;
  void to_draining(lane&, time_point due) noexcept;
  /// Back from busy, draining or dialling. False: it has reached its age, close it.
  bool to_idle(lane&, time_point now) noexcept;
  void forget(lane&) noexcept;

  // --- dialling ---
  /// Whether one more connection may stand.
  bool room_to_dial() const noexcept {
    return total_ < settings_.max_connections && dialling_ < (failures_in_a_row_ > 0 ? 1 : max_dials);
  }
  /// Whether one more dial may be started now.
  bool may_dial(time_point now) const noexcept;
  /// When a back-off ends that keeps `may_dial` false, or `never` if it is something else that does.
  time_point next_dial(time_point now) const noexcept;
  lane& start_dial(time_point now);
  void dial_succeeded() noexcept { failures_in_a_row_ = 0; }
  /// The next dial waits: doubling from `first_backoff`, half of it jitter, so that many clients don't return
  /// together; and until one succeeds they go singly. False: another of those dialled beside it has failed
  /// already; together they are one failure.
  bool dial_failed(const lane&, time_point now) noexcept;
  std::uint32_t failures_in_a_row() const noexcept { return failures_in_a_row_; }

  // --- time ---
  /// A lane whose `due` has come, or null.
  lane* expired(time_point now) noexcept;
  time_point next_due() const noexcept;

  std::size_t dialling() const noexcept { return dialling_; }
  std::size_t idle_count() const noexcept { return idle_.size(); }
  /// All but the dialling ones.
  std::size_t live() const noexcept { return total_ - dialling_; }
  std::size_t total() const noexcept { return total_; }
  /// Calls `f(lane&)` for each; `f` may forget that lane.
  template <class F>
  void for_each(F f) {
    for (auto& slot : slots_)
      if (slot.held) f(*slot.held);
  }

 private:
  struct slot {
    std::unique_ptr<lane> held;
    std::uint32_t generation = 0;
  };
  static constexpr std::uint32_t slot_bits = 12;  // max_connections is at most 4096

  void set_due(lane&, time_point due) noexcept;
  void leave_state(lane&) noexcept;

  struct by_due {
    bool operator()(const lane& a, const lane& b) const noexcept { return a.due < b.due; }
  };
  using idle_list = boost::intrusive::list<
      lane, boost::intrusive::member_hook<lane, boost::intrusive::list_member_hook<>, &lane::in_idle>>;
  using due_set = boost::intrusive::multiset<
      lane, boost::intrusive::member_hook<lane, boost::intrusive::set_member_hook<>, &lane::in_due>,
      boost::intrusive::compare<by_due>>;

  settings settings_;
  splitmix random_;
  std::vector<slot> slots_;
  free_list free_slots_;
  idle_list idle_;  // newest first
  due_set due_;
  std::size_t total_ = 0;
  std::size_t dialling_ = 0;
  std::uint32_t failures_in_a_row_ = 0;
  time_point dial_not_before_ = time_point::min();
};

}  // namespace ephemint::inline v0::core
