#pragma once

#include "core/key/key_gate.hpp"
#include "core/time.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

namespace ephemint::inline v0::core {

/// Hears that a guard has something to tell those who share its key.
class key_watch {
 public:
  /// From any thread, under no lock of the guard's.
  virtual void key_judged() noexcept = 0;

 protected:
  ~key_watch() = default;
};

/// What a guard has to tell them.
struct key_report {
  std::uint64_t version = 0;   ///< of the key
  bool refused = false;        ///< its gate has fallen, here or by the word of others
  std::uint64_t refusals = 0;  ///< of probes of a key that was known to be refused, so far
  std::uint64_t judged = 0;    ///< how often requests of this process have changed its mind
  bool asks = false;           ///< a probe waits for its grant
};

/// The gate of a key that several clients share, and which key it is: each new one gets the next version, and
/// a gate that is open. What became of a request counts only if it left with the key that is in force. All of
/// it may be called from any thread. While nothing is refused it costs one relaxed load a request, and one a
/// reply.
class key_guard {
 public:
  using state = key_gate::state;
  enum class permission : std::uint8_t {
    go,
    go_as_probe,  ///< and say so when the reply is here, or tell `probe_undone`
    wait,         ///< until `not_before()`
    fail_logins,  ///< mints with a deadline fail, as with `fail`; others wait until `not_before()`
    fail,         ///< the key is refused; a new try is worth it at `not_before()`
  };

  state at(time_point now) const noexcept {
    return shut_.load(std::memory_order_relaxed) ? at_shut(now) : state::open;
  }
  /// Whether an asker is told to fail. `patient`: one without a deadline.
  bool failing(time_point now, bool patient) const noexcept {
    const state s = at(now);
    return s == state::failing || (s == state::failing_logins && !patient);
  }
  /// Whether the key is known to be refused, and not merely in doubt: until a mint or another key, also while
  /// a probe is due or on its way.
  bool refused() const noexcept { return shut_.load(std::memory_order_relaxed) && report().refused; }
  /// `round_trip` stands in for the unknown end of a probe that is on its way.
  time_point not_before(time_point now, duration round_trip) const noexcept {
    return shut_.load(std::memory_order_relaxed) ? not_before_shut(now, round_trip) : now;
  }
  /// Whether the key has minted.
  bool proven() const noexcept { return proven_.load(std::memory_order_relaxed); }
  /// Whether a request may leave now. Takes the probe if one is due.
  permission may_send(time_point now) noexcept {
    return shut_.load(std::memory_order_relaxed) ? may_send_shut(now) : permission::go;
  }

  /// Of the key that is in force, from 1.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  // What became of a request that left with the key of that version.
  /// A probe never left, or its reply says nothing about the key.
  void probe_undone(std::uint64_t version) noexcept;
  /// `account`: a hash of whose request it was.
  void on_refused(time_point now, bool probe, std::uint64_t account, std::uint64_t version) noexcept;
  void on_minted(std::uint64_t version) noexcept {
    if (!at_ease_.load(std::memory_order_relaxed)) on_minted_in_doubt(version);
  }

  /// There is a new key: nothing is known against it.
  void renewed() noexcept;
  /// Has the watch look. Under no lock, as it may come back for the key.
  void tell_renewed() noexcept { tell_watch(std::unique_lock{mutex_}); }

  // --- for one who shares what is known with other processes ---
  /// It hears from now on, instead of the one before.
  void tell(std::weak_ptr<key_watch>) noexcept;
  /// Whether a probe of a refused key goes only when it was granted; else as if alone.
  void set_by_grant(bool) noexcept;
  key_report report() const noexcept;
  /// What others say of the key of that version. As of `key_gate::on_told_refused`.
  void adopt_refused(time_point now, time_point since, time_point until, bool again,
                     std::uint64_t version) noexcept;
  void adopt_accepted(std::uint64_t version) noexcept;
  /// A probe may go, until then.
  void grant_probe(time_point until, std::uint64_t version) noexcept;

 private:
  // After asking in vain for so long, with no probe of others heard of, a probe goes as if alone.
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
  /// Ends the lock.
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
  bool asked_ = false;  ///< since `asked_since_`, or the last probe that is known of
  time_point asked_since_{};
  time_point granted_until_{};
  std::uint64_t refusals_ = 0;
  std::uint64_t judged_ = 0;
  std::atomic<std::uint64_t> version_{1};
  // What `gate_` says, for those who needn't know more.
  std::atomic<bool> shut_{false};
  std::atomic<bool> at_ease_{false};
  std::atomic<bool> proven_{false};
};

}  // namespace ephemint::inline v0::core
