#pragma once

#include "core/attempts/retry_policy.hpp"
#include "core/free_list.hpp"
#include "core/key/key_guard.hpp"
#include "core/links/pool_rules.hpp"
#include "core/mints/admission_queue.hpp"
#include "core/mints/job.hpp"
#include "core/mints/token_window.hpp"

#include <ephemint/error.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace ephemint::inline v0::core {

/// What the engine wants done. Perform each, in order, and tell the engine what came of it.
struct command {
  enum class kind : std::uint8_t {
    send,     ///< write `owner`'s request on `connection`; if not a byte could leave, `on_send_failed`
    dial,     ///< make `connection`; `on_connected` or `on_dial_failed` follows
    abandon,  ///< nobody waits for `connection`'s reply; if that ended it, `on_abandoned`
    close,    ///< end `connection` at once; the engine has forgotten it
    finish,   ///< `owner`'s mint is over
    wake_at,  ///< call `on_tick` at `at`; replaces an earlier one
    drained,  ///< after `on_close`: the last mint is over and every connection is closed
  };
  /// For `finish`: where the particulars are.
  enum class cause : std::uint8_t {
    token,    ///< minted; the token is in the reply that is being told
    reply,    ///< `code`; the reply that is being told says why
    failure,  ///< `code`; the failure that is being told says why
    engine,   ///< `code` says it all; what the last attempt met may be added
  };

  kind what = kind::wake_at;
  cause why = cause::engine;
  mint_errc code{};
  int attempts = 0;
  std::uint32_t connection = 0;
  void* owner = nullptr;
  /// `wake_at`: when. `finish`: when a new try is worth it, or `never` if that isn't known.
  time_point at = never;
};

struct engine_settings {
  pool_rules::settings pool;
  retry_policy::settings retry;
  duration attempt_timeout = std::chrono::seconds{2};
  duration min_remaining = std::chrono::seconds{5};
  std::size_t max_queued = 10'000;
  bool retry_stale_connections = true;
  quota_scope scope = quota_scope::per_api_key;
};

struct job_spec {
  account_id account;
  priority urgency = priority::interactive;
  time_point deadline = never;
  void* owner = nullptr;
};

/// What a reply was, as far as deciding goes.
struct reply_facts {
  enum class answer : std::uint8_t {
    minted,
    rate_limited,
    throttled,  ///< a carrier's limit: the key isn't concerned
    key_refused,
    rejected,
    server_error,
    malformed,
  };
  answer what = answer::malformed;
  std::optional<duration> retry_after{};
  bool reusable = true;
  std::optional<duration> keep_alive{};
};

/// What a connection failure was, as far as deciding goes.
struct failure_facts {
  mint_errc code = mint_errc::connect_failed;
  bool retryable = true;
};

/// Every decision: which mint goes when, on which connection, whether it is tried again, and how it ends.
/// Events in, commands out; time comes in as `now` and jitter from a seed, so the same events always give the
/// same commands. Not thread-safe. The governor and the key's guard must outlive it.
class engine {
 public:
  engine(const engine_settings&, rate_governor&, key_guard&, std::uint64_t seed);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  // --- events ---
  job_id on_submit(time_point now, const job_spec&);
  /// Nothing if that job is over already.
  void on_cancel(time_point now, job_id);
  void on_connected(time_point now, std::uint32_t connection);
  void on_dial_failed(time_point now, std::uint32_t connection, const failure_facts&);
  void on_reply(time_point now, std::uint32_t connection, const reply_facts&);
  void on_lost(time_point now, std::uint32_t connection, const failure_facts&, bool reply_begun);
  void on_send_failed(time_point now, std::uint32_t connection);
  void on_abandoned(time_point now, std::uint32_t connection);
  void on_tick(time_point now);
  /// Have that many connections established, once.
  void on_warm_up(time_point now, std::size_t connections);
  /// Take no more mints; say `drained` when the last one is over.
  void on_close(time_point now);
  /// End everything now, each mint with `closed`.
  void on_shutdown(time_point now);

  /// The next command to perform, or none.
  std::optional<command> next();

  // --- questions ---
  /// Whether the connections last asked for by `on_warm_up` won't all come.
  bool warm_up_failed() const noexcept { return warm_up_failed_; }
  /// Its number at the governor.
  std::uint32_t client() const noexcept { return client_; }
  /// When a mint that is asked for now would be sent: now, if at once.
  time_point estimate(time_point now, const account_id&, priority) const;
  const account_id& account_of(std::uint32_t connection) const noexcept {
    return find(connection)->carries->account;
  }
  time_point sent_at(std::uint32_t connection) const noexcept { return find(connection)->sent_at; }
  bool carries_job(std::uint32_t connection) const noexcept;
  void* owner_of(std::uint32_t connection) const noexcept { return find(connection)->carries->owner; }

  struct counts {
    std::uint64_t submitted = 0, minted = 0, failed = 0, requests = 0, retries = 0, stale_retries = 0;
    std::uint64_t rate_limited = 0, expired = 0, dials = 0, failed_dials = 0;
    std::size_t queued = 0, in_flight = 0, connections = 0;
  };
  counts count() const noexcept;

 private:
  /// A dial is worth starting this long before the permit that it is for: a handshake over a slow line.
  static constexpr std::chrono::milliseconds dial_lead{500};
  /// An estimate may move on as time does, and stay just out of reach: it is looked at no more often.
  static constexpr std::chrono::milliseconds dial_check{10};
  /// A connection that is lost before this, unused, was no connection: a full server, or one that refuses us
  /// after the handshake. One that was unused for longer may have been closed for that.
  static constexpr std::chrono::seconds newcomer{1};
  /// How long an abandoned reply may take before its connection is given up (behaviours C3).
  static constexpr std::chrono::milliseconds drain_time{250};

  // the life of a job
  job& make_job(const job_spec&, time_point now);
  void finish(job&, command::cause, mint_errc, time_point retry_at = never);
  void finish_unborn(const job_spec&, mint_errc, time_point retry_at = never);
  bool in_time(time_point now, const job_spec&) const;
  void take_out(job&) noexcept;
  void try_again(job&, trouble, time_point now, command::cause, mint_errc);
  void to_fresh(job&) noexcept;
  void to_queue(job&);
  void put_off(job& head, time_point permit_at, time_point until);
  /// Whether a permit then would bring no token in time.
  bool hopeless(const job& j, time_point permit_at) const noexcept {
    return j.deadline != never && permit_at + usual_reply_ > j.deadline;
  }
  job* find(job_id) noexcept;

  // lanes
  lane* find(std::uint32_t connection) const noexcept;
  void settle(const lane&, permit_use, time_point now, std::optional<duration> retry_after = {});
  void settle_key(const lane&, permit_use, bool refused, time_point now) noexcept;
  time_point permit_at(time_point now, const permit_request&, std::size_t ahead) const;
  void close(lane&);
  void rest(lane&, time_point now, const reply_facts&);
  void flush_idle();
  void dial_went_wrong(time_point now, const failure_facts&);
  void conclude(job&, const lane&, const reply_facts&, time_point now);

  // what follows every event
  void advance(time_point now);
  void expire_lanes(time_point now);
  void expire_jobs(time_point now);
  void dispatch(time_point now);
  bool dispatch_to(lane&, job&, time_point now);
  void fail_hopeless(priority most_urgent, time_point permit_at);
  void fail_refused(time_point retry_at);
  void dial_as_needed(time_point now);
  void say_drained(time_point now);
  void set_wake(time_point now);

  job* front() noexcept;
  permit_request asks(const job& j) const noexcept { return {j.urgency, j.account.str(), client_}; }
  void say(command c) { commands_.push_back(c); }

  struct by_deadline {
    bool operator()(const job& a, const job& b) const noexcept { return a.deadline < b.deadline; }
  };
  using deadline_set =
      boost::intrusive::multiset<job, boost::intrusive::member_hook<job, job::set_hook, &job::in_time>,
                                 boost::intrusive::compare<by_deadline>,
                                 boost::intrusive::constant_time_size<false>>;
  /// Waits for a fresh connection: oldest first.
  struct by_order {
    bool operator()(const job& a, const job& b) const noexcept { return a.order < b.order; }
  };
  using fresh_set =
      boost::intrusive::multiset<job, boost::intrusive::member_hook<job, job::set_hook, &job::in_line>,
                                 boost::intrusive::compare<by_order>>;

  engine_settings settings_;
  rate_governor& governor_;
  key_guard& key_;
  const std::uint32_t client_;
  splitmix random_;
  token_window window_;
  retry_policy retry_;
  // Declared before the containers whose hooks live in it: they are emptied first.
  std::deque<job> jobs_;
  free_list free_jobs_;
  mutable pool_rules pool_;
  admission_queue queue_;
  fresh_set fresh_;
  deadline_set deadlines_;

  std::vector<command> commands_;
  std::size_t next_command_ = 0;

  counts counts_;
  std::size_t live_jobs_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t fresh_order_ = 0;
  std::uint32_t dial_failures_ = 0;
  std::size_t warm_target_ = 0;
  bool warm_up_failed_ = false;
  duration usual_reply_ = std::chrono::milliseconds{100};
  time_point armed_ = never;
  time_point permit_at_ = never;
  time_point dial_at_ = never;
  bool closing_ = false;
  bool drained_ = false;
};

}  // namespace ephemint::inline v0::core
