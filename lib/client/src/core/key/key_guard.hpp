#pragma once

#include "core/key/key_gate.hpp"
#include "core/time.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

namespace ephemint::inline v0::core {

/// Is told when a guard has news for other processes that share its key.
class key_watch {
 public:
  /// Called from any thread, without a lock of the guard.
  virtual void key_judged() noexcept = 0;

 protected:
  ~key_watch() = default;
};

/// What a guard has to tell other processes.
struct key_report {
  std::uint64_t version = 0;   ///< the key's
  bool refused = false;        ///< its gate has fallen, by refusals here or by the word of others
  std::uint64_t refusals = 0;  ///< refused probes so far, of a key that was known to be refused
  std::uint64_t judged = 0;    ///< how often replies to this process have changed the verdict
  bool asks = false;           ///< a probe waits for a grant
};

/// The gate of a key that several clients share, and the key's version. Each new key gets the next version
/// and an open gate. A reply counts only if its request left with the current key. All functions may be
/// called from any thread. While nothing is refused they cost one relaxed load for each request and one for
/// each reply.
class key_guard {
 public:
  using state = key_gate::state;
  enum class permission : std::uint8_t {
    go,
    go_as_probe,  ///< send it as a probe, and say so when the reply comes, or call `probe_undone`
    wait,         ///< until `not_before()`
    fail_logins,  ///< mints with a deadline fail, as with `fail`; others wait until `not_before()`
    fail,         ///< the key is refused; a new try is worth it at `not_before()`
  };

  state at(time_point now) const noexcept {
    return shut_.load(std::memory_order_relaxed) ? at_shut(now) : state::open;
  }
  /// Whether a mint must fail now. `patient`: it has no deadline.
  bool failing(time_point now, bool patient) const noexcept {
    const state s = at(now);
    return s == state::failing || (s == state::failing_logins && !patient);
  }
  /// Whether the key is known to be refused, not merely in doubt. That lasts until a mint or a new key, even
  /// while a probe is due or under way.
  bool refused() const noexcept { return shut_.load(std::memory_order_relaxed) && report().refused; }
  /// `round_trip` is the expected time of a probe under way.
  time_point not_before(time_point now, duration round_trip) const noexcept {
    return shut_.load(std::memory_order_relaxed) ? not_before_shut(now, round_trip) : now;
  }
  /// Whether the key has minted.
  bool proven() const noexcept { return proven_.load(std::memory_order_relaxed); }
  /// Whether a request may leave now. Takes the probe if one is due.
  permission may_send(time_point now) noexcept {
    return shut_.load(std::memory_order_relaxed) ? may_send_shut(now) : permission::go;
  }

  /// The version of the current key, from 1.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  // Results of a request that left with the key of that version.
  /// A probe never left, or its reply says nothing about the key.
  void probe_undone(std::uint64_t version) noexcept;
  /// `account`: a hash of the account.
  void on_refused(time_point now, bool probe, std::uint64_t account, std::uint64_t version) noexcept;
  void on_minted(std::uint64_t version) noexcept {
    if (!at_ease_.load(std::memory_order_relaxed)) on_minted_in_doubt(version);
  }

  /// There is a new key, about which nothing is known.
  void renewed() noexcept;
  /// Tells the watch that there is a new key. Call it without a lock, as the watch may ask for the key.
  void tell_renewed() noexcept { tell_watch(std::unique_lock{mutex_}); }

  // --- for sharing with other processes ---
  /// Sets the watch, in place of an earlier one.
  void tell(std::weak_ptr<key_watch>) noexcept;
  /// Whether a probe of a refused key needs a grant. Without it the guard decides as if it were alone.
  void set_by_grant(bool) noexcept;
  key_report report() const noexcept;
  /// Another process's verdict on the key of that version. Parameters as of `key_gate::on_told_refused`.
  void adopt_refused(time_point now, time_point since, time_point until, bool again,
                     std::uint64_t version) noexcept;
  void adopt_accepted(std::uint64_t version) noexcept;
  /// One probe may go before `until`.
  void grant_probe(time_point until, std::uint64_t version) noexcept;

 private:
  // If no grant came for this long, and no news of another process's probe, a probe goes without one.
  static constexpr std::chrono::seconds grant_patience{20};

  state at_shut(time_point now) const noexcept;
  time_point not_before_shut(time_point now, duration round_trip) const noexcept;
  permission may_send_shut(time_point now) noexcept;
  void on_minted_in_doubt(std::uint64_t version) noexcept;
  bool in_force(std::uint64_t version) const noexcept;
  bool lacks_grant(time_point now) const noexcept {
    if (!by_grant_ || now < granted_until_ || !gate_.fallen()) return false;
    return !asked_ || between(now, asked_since_) < grant_patience;
  }
  /// Releases the lock.
  void tell_watch(std::unique_lock<std::mutex>) noexcept;
  void end_asking() noexcept {
    asks_ = asked_ = false;
    granted_until_ = {};
  }
  void publish() noexcept {
    shut_.store(!gate_.open(), std::memory_order_relaxed);
    at_ease_.store(gate_.at_ease(), std::memory_order_relaxed);
    proven_.store(gate_.proven(), std::memory_order_relaxed);
  }

  mutable std::mutex mutex_;
  key_gate gate_;
  std::weak_ptr<key_watch> watch_;
  bool by_grant_ = false;
  bool asks_ = false;
  bool asked_ = false;  ///< asking since `asked_since_`, or since the last known probe
  time_point asked_since_{};
  time_point granted_until_{};
  std::uint64_t refusals_ = 0;
  std::uint64_t judged_ = 0;
  std::atomic<std::uint64_t> version_{1};
  // Copies of `gate_`'s state that can be read without the lock.
  std::atomic<bool> shut_{false};
  std::atomic<bool> at_ease_{false};
  std::atomic<bool> proven_{false};
};

}  // namespace ephemint::inline v0::core
