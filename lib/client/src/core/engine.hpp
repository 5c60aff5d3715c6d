#pragma once

#include "core/attempt_observer.hpp"
#include "core/attempts/attempt_store.hpp"
#include "core/attempts/hedge_rules.hpp"
#include "core/attempts/retry_policy.hpp"
#include "core/key/key_guard.hpp"
#include "core/links/address_book.hpp"
#include "core/links/dial_rules.hpp"
#include "core/links/link_table.hpp"
#include "core/mints/admission_queue.hpp"
#include "core/mints/mint.hpp"
#include "core/mints/token_window.hpp"
#include "core/mints/wait_clock.hpp"
#include "core/outage/outage_guard.hpp"
#include "core/warm_up.hpp"

#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace ephemint::inline v0::core {

/// What the engine wants done. The shell performs each command, in order, and tells the engine the result.
struct command {
  enum class kind : std::uint8_t {
    send,     ///< write `of`'s request on `link`; if not a byte could leave, `on_send_failed`
    dial,     ///< dial `link`; `on_link_open` or `on_dial_failed` follows
    drop,     ///< nobody waits for `attempt`'s reply; if that ends `link`, `on_link_gone`
    reset,    ///< `attempt`'s reply hasn't come in time: give it up; `link` goes on, and the engine has
              ///< forgotten the attempt
    probe,    ///< ask `link` for a sign of life; `on_link_heard` if one comes
    close,    ///< end `link` at once; the engine has forgotten it
    finish,   ///< `of` is over, as `of->end` says; it belongs to its caller again
    warmed,   ///< `warm` is over; it holds its outcome, and belongs to its caller again
    wake_at,  ///< call `on_tick` at `at`; replaces an earlier one
    drained,  ///< after `on_close`: the last mint is over and every link is closed
  };

  kind what = kind::wake_at;
  link_id link = 0;
  attempt_id attempt = 0;
  mint* of = nullptr;
  warm_up* warm = nullptr;
  time_point at = never;
};

struct engine_settings {
  link_table::settings links;
  dial_rules::settings dials;
  retry_policy::settings retry;
  duration attempt_timeout = std::chrono::seconds{2};
  duration min_remaining = std::chrono::seconds{5};
  std::size_t max_queued = 10'000;
  bool retry_stale_connections = true;
  bool hedge = false;
  quota_scope scope = quota_scope::per_api_key;
};

/// What the engine needs to know of a reply.
struct reply_facts {
  enum class answer : std::uint8_t {
    minted,
    rate_limited,
    throttled,  ///< a carrier's limit: it doesn't concern the key
    key_refused,
    rejected,
    elsewhere,  ///< about its link, not the request: another link may work
    server_error,
    malformed,
  };
  answer what = answer::malformed;
  std::optional<duration> retry_after{};  ///< from now; for the key if `rate_limited`, else for this mint
  bool reusable = true;                   ///< the link takes more requests
  std::optional<duration> keep_alive{};
  ephemeral_token token{};  ///< `minted`
  mint_error said{};        ///< all others: the mint's error, if this ends it
  bool foreign = false;     ///< `rejected`, but without an API error: a half-configured node may answer so
  int http_status = 0;
  std::string_view request_id{};  ///< checked; empty: none
};

/// Why a dial, a link or an attempt failed.
struct failure_facts {
  mint_errc code = mint_errc::connect_failed;
  bool retryable = true;
  mint_error said{};
  time_point not_before = time_point::min();  ///< no dial before then: the resolver remembers this failure
};

/// Makes every decision: which mint goes when, on which link, whether it is tried again, and how it ends.
/// Events go in, commands come out. Time is an argument, `now`, and jitter comes from a seed, so the same
/// events always give the same commands. Not thread-safe. The governor must outlive it.
///
/// Only the constructor throws. What has ended is reported even if memory runs out: mints and warm-ups bring
/// their own memory, a command is stored in the object that it is about, and a link for which there is no
/// memory counts as a failed dial.
class engine {
 public:
  engine(const engine_settings&, rate_governor&, key_guard&, std::uint64_t seed,
         std::weak_ptr<quota_listener> listener = {});
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Call before the first event. Null: no observer, and nothing is computed for one. The observer must
  /// outlive the engine, or be replaced.
  void observe(attempt_observer* by) noexcept { observer_ = by; }

  // --- events ---
  /// `finish` follows, maybe at once.
  void on_submit(time_point now, mint&) noexcept;
  /// Does nothing if that mint is over already.
  void on_cancel(time_point now, mint&) noexcept;
  void on_link_open(time_point now, link_id, link_room) noexcept;
  /// From now on the link takes `capacity` requests at once: perhaps none, perhaps fewer than are on it.
  void on_capacity(time_point now, link_id, std::uint32_t capacity) noexcept;
  /// After `probe`: the link gave a sign of life.
  void on_link_heard(time_point now, link_id) noexcept;
  /// For a link that opened `settling`: now the server has completed the handshake too.
  void on_link_settled(time_point now, link_id) noexcept;
  /// The link takes no more requests; those on it go on.
  void on_link_retiring(time_point now, link_id) noexcept;
  /// The link has ended. `of_its_attempts`: the fate of the attempts that have left on it.
  void on_link_gone(time_point now, link_id, const failure_facts&, fate of_its_attempts) noexcept;
  /// Not a byte of `attempt` could leave, and that has ended its link.
  void on_send_failed(time_point now, link_id, attempt_id) noexcept;
  void on_dial_failed(time_point now, link_id, const failure_facts&) noexcept;
  /// A dial failed at one address. Call it before `on_link_open` or `on_dial_failed`.
  void on_address_failed(time_point now, const address_id&, address_trouble) noexcept;
  /// Which address that link leads to. Call it before `on_link_open`; without it nothing is learnt about the
  /// address.
  void on_address_taken(link_id, const address_id&) noexcept;
  void on_reply(time_point now, attempt_id, reply_facts&&) noexcept;
  /// Only this attempt is lost; its link goes on.
  void on_attempt_lost(time_point now, attempt_id, fate, const failure_facts&) noexcept;
  void on_tick(time_point now) noexcept;
  /// Another client's event may have freed a permit.
  void on_quota_changed(time_point now) noexcept { advance(now); }
  /// There is a new key.
  void on_key_changed(time_point now) noexcept { advance(now); }
  /// Opens links with room for that many mints. `warmed` follows, when the servers have completed the
  /// handshakes too.
  void on_warm_up(time_point now, warm_up&) noexcept;
  void on_cancel(time_point now, warm_up&) noexcept;
  /// Takes no more mints; commands `drained` when the last one is over.
  void on_close(time_point now) noexcept;
  /// Ends everything now, each mint with `closed`.
  void on_shutdown(time_point now) noexcept;

  /// The next command to perform, or none.
  std::optional<command> next() noexcept;

  // --- questions ---
  bool closing() const noexcept { return closing_; }
  bool drained() const noexcept { return drained_; }
  /// The order in which a dial tries the addresses.
  const address_book& addresses() const noexcept { return addresses_; }
  /// An attempt under way, draining ones included, or null.
  const attempt* find(attempt_id id) const noexcept { return attempts_.find(id); }
  /// Whether a reply may still come to a request that left with a key older than `key_version`.
  bool any_out_before(std::uint64_t key_version) const noexcept {
    return attempts_.any([=](const attempt& a) { return a.key_version < key_version; });
  }
  /// When a mint that is submitted now would be sent; `now` if at once.
  time_point estimate(time_point now, const account_id&, priority) const noexcept;
  /// The time of the last event.
  time_point last_event() const noexcept { return last_event_; }
  /// This client's number at the governor.
  std::uint32_t client() const noexcept { return client_; }

  struct counts {
    std::uint64_t submitted = 0, minted = 0, failed = 0, requests = 0, retries = 0, stale_retries = 0;
    std::uint64_t hedges = 0, hedges_won = 0;
    std::uint64_t rate_limited = 0, expired = 0, dials = 0, failed_dials = 0, refused = 0;
    std::uint64_t queued = 0, queued_background = 0, in_flight = 0, connections = 0, shared_connections = 0;
    std::uint64_t ahead_of_interactive = 0;  ///< mints that go before a new interactive one
    std::uint64_t ahead_of_background = 0;   ///< mints that go before a new background one
  };
  counts count() const noexcept;

 private:
  struct leave_to_send {
    permit granted;
    std::uint64_t key_version;
    bool probes_key;
  };

  /// A dial starts this long before the permit that it is for: a handshake over a slow line takes as long.
  static constexpr std::chrono::milliseconds dial_lead{500};
  /// An estimate may move on with time and stay just out of reach, so it is checked no more often than this.
  static constexpr std::chrono::milliseconds dial_check{10};
  /// A connection that is lost unused before this age counts as a failed dial: the server is full, or refuses
  /// us after the handshake. An older one may have been closed because it was unused.
  static constexpr std::chrono::seconds newcomer{1};
  /// Not every server says when it has completed the handshake, which takes it a round trip and little work.
  /// A link counts as settled once it has been open for as long as its dial took, within these limits.
  static constexpr std::chrono::milliseconds least_settling{20};
  static constexpr std::chrono::milliseconds most_settling{250};
  /// How long a dropped attempt's reply may take before its link is given up (behaviours C3).
  static constexpr std::chrono::milliseconds drain_time{250};
  /// What failed for want of memory is tried again after this.
  static constexpr std::chrono::milliseconds memory_pause{50};
  /// A governor is asked again after this time, whatever it answered.
  static constexpr std::chrono::hours longest_wait{1};
  /// How often a mint may be turned away, by links that have answered others, without losing an attempt.
  static constexpr std::uint8_t most_turned_away = 8;
  /// How often to check whether another client has found the API back.
  static constexpr std::chrono::milliseconds outage_check{500};
  /// With the three probes after them, these requests are all that a wrong key costs. It is also the number
  /// of requests on a shared link before the server has said how many it allows.
  static constexpr std::size_t most_with_a_new_key = 10;

  /// A hedge may take a permit that a batch would get within this time: a few logins at once run ahead of the
  /// quota's pace, but that doesn't mean that the quota is used up.
  static constexpr std::chrono::seconds hedge_pace{1};

  // the life of a mint
  void begin(mint&, time_point now) noexcept;
  /// Whether it waits through an outage.
  static bool patient(const mint& m) noexcept {
    return m.deadline == never && m.outage_patience > duration::zero();
  }
  static bool is_background(const mint& m) noexcept { return m.urgency == priority::background; }
  void finish(mint&, outcome::cause, mint_errc, time_point retry_at = never) noexcept;
  std::optional<outcome> refusal(time_point now, const mint&) const noexcept;
  bool in_time(time_point now, const mint&) const noexcept;
  void take_out(mint&, time_point now) noexcept;
  void try_again(mint&, trouble, time_point now, outcome::cause, mint_errc,
                 std::optional<duration> asked_to_wait = {}) noexcept;
  enum class again : std::uint8_t { over_any, over_a_fresh_one };
  void lose(mint&, fate, const failure_facts&, again, time_point now) noexcept;
  void go_again(mint&) noexcept;
  static bool turns_away(const link&) noexcept;
  void take_elsewhere(mint&, const failure_facts&, time_point now) noexcept;
  void to_fresh(mint&, time_point since) noexcept;
  void to_queue(mint&, time_point now) noexcept;
  void line_up(mint&) noexcept;
  void delay(mint&, time_point until) noexcept;
  void put_off(mint& head, time_point permit_at, time_point until) noexcept;
  /// Whether a permit at that time would bring no token before the deadline.
  bool hopeless(const mint& m, time_point permit_at) const noexcept {
    return m.deadline != never && add(permit_at, usual_reply_) > m.deadline;
  }
  static void met(mint&, const mint_error& said) noexcept;

  // attempts and links
  void settle(const attempt&, permit_use, time_point now, std::optional<duration> retry_after = {}) noexcept;
  void settle_key(const attempt&, const reply_facts&, time_point now) noexcept;
  mint* detach(attempt&) noexcept;
  void end(attempt&, time_point now) noexcept;
  void give_up(attempt&, time_point now) noexcept;
  void drop(attempt&, time_point now) noexcept;
  void unsend(attempt&, time_point now) noexcept;
  void close(link&) noexcept;
  void shut(link&, time_point now) noexcept;
  void forget(link&) noexcept;
  bool untell(link&) noexcept;
  struct mints_of_a_link;
  mints_of_a_link strip(link&, fate, const mint_error& said, time_point now) noexcept;
  void gone(link&, fate of_its_attempts, const failure_facts&, time_point now) noexcept;
  void suspect(link&, time_point now) noexcept;
  void close_resting() noexcept;
  static bool born_dead(const link&, time_point now) noexcept;
  void dial_went_wrong(time_point now, const failure_facts&) noexcept;
  void learn(link&, const reply_facts&, mint*, time_point now) noexcept;
  bool left_for_fresh(mint&, time_point now) noexcept;
  link* room_for(const mint&, time_point now) noexcept;
  void conclude(mint&, reply_facts&, time_point sent_at, time_point now) noexcept;

  // outages
  bool waits_out(const mint&, time_point now) const noexcept;
  bool waits_out(const mint&, const failure_facts&, time_point now) const noexcept;
  bool outlasted(const mint& m, time_point then) const noexcept {
    return outage_.away() && then >= add(outage_.since(), m.outage_patience);
  }
  /// Whether mints wait through an outage and a probe is due. Without a probe a dial keeps its own back-off.
  bool probe_due(time_point now) const noexcept { return patient_ > 0 && outage_.probe_due(now); }
  bool held_back(const mint&, time_point now) const noexcept;
  void hold(mint&, time_point now) noexcept;
  bool forgive(mint&, trouble, time_point now) noexcept;
  void note_reply(const mint*, const reply_facts&, time_point now) noexcept;
  void note_lost(const mint&, const mint_error& said, time_point now) noexcept;
  void note_failed_dial(link&, const failure_facts&, time_point now) noexcept;
  void recall(time_point now) noexcept;
  void end_patience(time_point now) noexcept;
  time_point outage_wake(time_point now) const noexcept;

  // reports for the observer
  void placed(mint& m) noexcept {
    if (observer_) note_place(m, last_event_);
  }
  void tell(const mint& m, attempt_outcome what, time_point now,
            const reply_facts* reply = nullptr) noexcept {
    if (observer_) report(m, what, now, reply);
  }
  static void note_ended(const attempt&, mint&) noexcept;
  void report(const mint&, attempt_outcome, time_point now, const reply_facts*) noexcept;
  static attempt_outcome outcome_of(const reply_facts&, const mint&) noexcept;
  static attempt_outcome outcome_of(fate) noexcept;
  void note_place(mint&, time_point now) noexcept;
  void note_hold_ups(time_point now) noexcept;
  wait_reason lack_of_permit(time_point now) const noexcept;

  // second attempts
  void hedge_the_late(time_point now) noexcept;
  bool worth_a_hedge(const attempt&, time_point now) const noexcept;
  link* link_for_hedge(const attempt&, time_point now) noexcept;
  bool dial_for_hedge(time_point now) noexcept;
  bool permit_to_spare(const mint&, time_point now) const noexcept;
  void hedge(mint&, link&, time_point now) noexcept;
  bool left_to_the_other(mint&, const reply_facts&, time_point sent_at, bool old_key,
                         time_point now) noexcept;
  void note_unanswered(const attempt&, time_point now) noexcept;
  time_point hedge_wake(time_point now) const noexcept;

  // what follows every event
  void advance(time_point now) noexcept;
  void expire_attempts(time_point now) noexcept;
  void time_out(attempt&, time_point now) noexcept;
  void time_out(mint&, time_point now) noexcept;
  void expire_links(time_point now) noexcept;
  void expire_mints(time_point now) noexcept;
  void dispatch(time_point now) noexcept;
  void dispatch_fresh(time_point now) noexcept;
  bool out_of_attempts(time_point now) noexcept;
  bool dispatch_to(link&, mint&, time_point now) noexcept;
  void send_on(link&, mint&, const leave_to_send&, time_point now) noexcept;
  attempt& begin_on(link&, mint&, const leave_to_send&, attempt::reason, time_point now) noexcept;
  void fail_hopeless(priority most_urgent, time_point permit_at, time_point now) noexcept;
  void fail_permitless(mint&, time_point now) noexcept;
  void fail_refused(time_point retry_at, time_point now) noexcept;
  bool fail_refused_logins(time_point now) noexcept;
  void fail_nameless(time_point now) noexcept;
  void dial_as_needed(time_point now) noexcept;
  bool worth_a_dial(mint&, time_point now) noexcept;
  bool place_for_a_dial() noexcept;
  bool dial(time_point now) noexcept;
  void check_warm_ups(time_point now) noexcept;
  bool warmed(const warm_up&, time_point now) noexcept;
  void end_warm_ups(mint_errc, const mint_error& said) noexcept;
  void lack_memory(time_point now) noexcept;
  std::size_t warm_target() const noexcept;
  void say_drained(time_point now) noexcept;
  void set_wake(time_point now) noexcept;

  mint* front() noexcept;
  mint* first_in_line() noexcept { return fresh_.empty() ? front() : &*fresh_.begin(); }
  permit_request asks(const mint& m) const noexcept {
    return {m.urgency, m.account.str(), client_, could_leave(m.urgency)};
  }
  std::size_t could_leave(priority) const noexcept;
  time_point permit_at(const mint&, time_point now, std::size_t ahead) const noexcept;
  std::size_t ahead_of(priority) const noexcept;

  struct by_deadline {
    bool operator()(const mint& a, const mint& b) const noexcept { return a.deadline < b.deadline; }
  };
  using deadline_set = boost::intrusive::multiset<
      mint, boost::intrusive::member_hook<mint, mint::set_hook, &mint::in_deadlines>,
      boost::intrusive::compare<by_deadline>, boost::intrusive::constant_time_size<false>>;
  /// The order ahead of the queue: first the mints that need no fresh link, then the others, the oldest first
  /// in each group.
  struct by_order {
    bool operator()(const mint& a, const mint& b) const noexcept { return a.order < b.order; }
  };
  using fresh_set =
      boost::intrusive::multiset<mint, boost::intrusive::member_hook<mint, mint::set_hook, &mint::in_line>,
                                 boost::intrusive::compare<by_order>>;
  using mint_list =
      boost::intrusive::list<mint, boost::intrusive::member_hook<mint, mint::list_hook, &mint::among_live>,
                             boost::intrusive::constant_time_size<false>>;
  /// The mints that waited for a link's replies. Meanwhile they are in none of the engine's lists.
  struct mints_of_a_link {
    mint_list unsent;
    mint_list sent;
  };
  using attempt_list =
      boost::intrusive::list<attempt,
                             boost::intrusive::member_hook<attempt, attempt::list_hook, &attempt::to_tell>,
                             boost::intrusive::constant_time_size<false>>;
  using hedge_line =
      boost::intrusive::list<attempt,
                             boost::intrusive::member_hook<attempt, attempt::list_hook, &attempt::to_hedge>,
                             boost::intrusive::constant_time_size<false>>;
  using link_list =
      boost::intrusive::list<link, boost::intrusive::member_hook<link, link::list_hook, &link::to_tell>,
                             boost::intrusive::constant_time_size<false>>;
  using warm_up_list = boost::intrusive::list<
      warm_up, boost::intrusive::member_hook<warm_up, boost::intrusive::list_member_hook<>, &warm_up::among>,
      boost::intrusive::constant_time_size<false>>;

  engine_settings settings_;
  rate_governor& governor_;
  key_guard& key_;
  outage_guard& outage_;
  const std::uint32_t client_;
  splitmix random_;
  token_window window_;
  retry_policy retry_;
  hedge_rules hedges_;
  mutable attempt_store attempts_;
  link_table links_;
  dial_rules dials_;
  address_book addresses_;
  admission_queue queue_;
  fresh_set fresh_;
  fresh_set held_;  // by an outage
  deadline_set deadlines_;
  mint_list live_;
  hedge_line hedgeable_;  ///< attempts that may still be hedged, oldest first
  warm_up_list warm_ups_;

  // pending commands, by kind
  link_list closing_links_;
  attempt_list drops_;
  mint_list over_;
  warm_up_list warmed_;
  attempt_list sends_;
  link_list probed_;
  link_list dialled_;
  time_point wake_ = never;  // `never`: nothing new
  bool tell_drained_ = false;

  attempt_observer* observer_ = nullptr;
  wait_clock waits_;
  counts counts_;
  std::size_t live_mints_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t fresh_order_ = 0;
  std::uint64_t held_order_ = 0;
  std::size_t patient_ = 0;  // mints that wait through an outage
  /// The shortest patience of those that still wait.
  duration least_patience_ = duration::max();
  time_point patience_since_ = time_point::min();  ///< when the outage of `least_patience_` began
  std::uint32_t dial_failures_ = 0;
  /// The error of the last dial, while no link is open.
  mint_error dial_said_;
  bool dial_said_something_ = false;
  time_point next_look_up_ = time_point::min();
  time_point last_event_{};
  duration usual_reply_ = std::chrono::milliseconds{100};
  time_point armed_ = never;
  time_point permit_at_ = never;
  time_point dial_at_ = never;
  time_point warm_at_ = never;          ///< when the next link that a warm-up waits for will have settled
  std::optional<priority> permitless_;  ///< the urgency of the first mint that lacks only a permit
  bool closing_ = false;
  bool drained_ = false;
};

}  // namespace ephemint::inline v0::core
