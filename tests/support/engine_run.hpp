#pragma once

#include "core/engine.hpp"
#include "support/scripted_governor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::test {

using namespace std::chrono_literals;
using answer = core::reply_facts::answer;

/// A failure without its message.
struct scripted_failure {
  mint_errc code = mint_errc::connect_failed;
  bool retryable = true;
  core::duration remembered{};  ///< for this time other dials would get the same failed look-up
};

/// How one dial goes.
struct dial_plan {
  core::duration takes = 30ms;
  std::optional<scripted_failure> fails{};
  std::uint32_t capacity = 1;
  bool shared = false;
  bool settling = false;                          ///< opens before the server has completed the handshake
  std::optional<core::duration> settles_after{};  ///< when the server then says that it has; none: never
};

/// A reply without its token and messages.
struct scripted_reply {
  answer what = answer::malformed;
  std::optional<core::duration> retry_after{};
  bool reusable = true;
  std::optional<core::duration> keep_alive{};
  bool foreign = false;  ///< without an API error
};

/// How one request goes.
struct request_plan {
  enum class end : std::uint8_t {
    reply,   ///< `reply` comes
    lost,    ///< the connection is lost
    reset,   ///< this request alone is lost
    silent,  ///< nothing ever comes
    unsent,  ///< not a byte could be sent
  };
  end how = end::reply;
  core::duration takes = 80ms;
  scripted_reply reply{answer::minted};
  scripted_failure failure{};
  bool reply_begun = false;          ///< `lost`, `reset`: after the answer's first byte
  bool unprocessed = false;          ///< `reset`: the server surely hasn't processed it
  bool ends_when_abandoned = false;  ///< still being written then
  bool ends_its_link = true;         ///< `unsent`: does it
};

inline request_plan minted(core::duration takes = 80ms) { return {.takes = takes}; }
inline request_plan answered(answer what, std::optional<core::duration> retry_after = {}) {
  return {.reply = {what, retry_after}};
}
inline request_plan lost(bool reply_begun = false) {
  return {.how = request_plan::end::lost, .reply_begun = reply_begun};
}
inline request_plan silent() { return {.how = request_plan::end::silent}; }
inline request_plan unsent() { return {.how = request_plan::end::unsent}; }
inline dial_plan refused_dial(bool retryable = true) {
  return {30ms, scripted_failure{retryable ? mint_errc::connect_failed : mint_errc::tls_failed, retryable}};
}

inline dial_plan unknown_name(core::duration remembered) {
  return {30ms, scripted_failure{mint_errc::connect_failed, true, remembered}};
}

/// One request on the wire.
struct request {
  std::size_t number = 0;   ///< of all, from 1
  std::size_t on_link = 0;  ///< of its connection, from 1
  core::link_id connection = 0;
  core::attempt_id attempt = 0;
  int call = 0;
  std::string account;
  core::time_point sent_at{};
};

/// The engine's part of a call.
struct called_mint : core::mint {
  int call = 0;
};

/// One mint that was asked for, and its end.
struct call {
  int number = 0;
  called_mint mint;
  std::string account;
  core::time_point submitted{};
  std::uint64_t key_version = 0;  ///< then
  core::time_point deadline = core::never;
  int requests = 0;
  bool ended = false;
  core::time_point ended_at{};
  core::outcome end{};
  core::duration reported{};  ///< the time of its attempts, as reported to the observer

  bool minted() const { return ended && end.why == core::outcome::cause::token; }
  bool failed(mint_errc code) const { return ended && !minted() && end.code == code; }
};

/// The engine with scripted connections, in virtual time: performs its commands as the client's shell does,
/// and checks the invariants after every event. The first violation fails the test when the run ends.
class engine_run final : private core::attempt_observer {
 public:
  explicit engine_run(const core::engine_settings& = {}, std::uint64_t seed = 1);
  engine_run(const core::engine_settings&, std::shared_ptr<rate_governor>, std::uint64_t seed = 1);
  ~engine_run();

  // --- the world ---
  /// What the next dials and requests meet, in order; `dials` and `requests` apply after these.
  std::deque<dial_plan> next_dials;
  std::deque<request_plan> next_requests;
  std::function<dial_plan(std::size_t number)> dials;
  std::function<request_plan(const request&)> requests;
  /// How a probed link answers: after that time, or never.
  std::function<std::optional<core::duration>(core::link_id)> lives = [](core::link_id) { return 20ms; };
  /// For runs in which there is always a permit and only the world closes links: no mint may wait in the
  /// queue while a link has room.
  bool watch_room = false;
  core::duration timer_lateness{};   ///< of each wake-up
  core::duration time_a_command{};   ///< that performing one takes
  core::duration outage_patience{};  ///< of the mints that are submitted next
  bool keep_record = false;          ///< of what an observer hears

  // --- what happens ---
  int submit(account_id account, core::duration patience = 8s, priority = priority::interactive);
  int submit_patient(account_id account, priority = priority::interactive);
  void cancel(int call);
  void lose(core::link_id connection, bool retryable = true);
  void set_capacity(core::link_id connection, std::uint32_t capacity);
  void retire(core::link_id connection);
  /// Loses that one request now, if it is under way.
  void take_back(const request&, core::fate);
  void next_after(core::duration d, std::function<void()> happens) { later(d, std::move(happens)); }
  /// Its number among the warm-ups.
  std::size_t warm_up(std::size_t mints);
  void cancel_warm_up(std::size_t number);
  void close();
  void shut_down();
  void tick();
  /// Handles nothing for that time, as if the process were stopped.
  void sleep(core::duration d) {
    now_ += d;
    stopped_ += d;
  }
  void run_for(core::duration);
  /// Runs until nothing is due any more; then all mints must have ended, and all links be closed.
  void run_to_rest(core::duration limit = 24h);

  // --- what became of it ---
  core::time_point now() const noexcept { return now_; }
  core::duration elapsed() const noexcept { return now_ - begin_; }
  const call& at(int number) const { return calls_[static_cast<std::size_t>(number)]; }
  const std::deque<call>& calls() const noexcept { return calls_; }
  const std::vector<request>& sent() const noexcept { return sent_; }
  std::size_t dialled() const noexcept { return dialled_; }
  std::size_t connections() const noexcept { return connections_.size(); }
  std::size_t dialling() const noexcept { return dialling_; }
  std::vector<core::link_id> connection_ids() const;
  const std::deque<core::warm_up>& warm_ups() const noexcept { return warm_ups_; }
  std::size_t closed() const noexcept { return closed_; }
  std::size_t probes() const noexcept { return probes_; }
  std::size_t resets() const noexcept { return resets_; }
  std::size_t ticks() const noexcept { return ticks_; }
  std::size_t events() const noexcept { return handled_; }
  std::optional<core::time_point> armed() const noexcept { return armed_; }
  bool drained() const noexcept { return drained_; }
  core::engine& engine() noexcept { return *engine_; }
  core::engine::counts count() const noexcept { return engine_->count(); }
  scripted_governor& governor() noexcept { return *script_; }
  watched_governor& permits() noexcept { return *watched_; }
  core::key_guard& key() noexcept { return key_; }
  /// The key has minted before.
  void prove_key() { key_.on_minted(key_.version()); }
  /// Makes the key refused: no request may be sent for 5 s.
  void refuse_key();
  /// The reports to an observer since the last call, as text; connections are numbered as in this world.
  std::vector<std::string> take_record() { return std::exchange(record_, {}); }
  /// Makes the key refused, but not for so long that patient mints fail: a probe is due in 1 s.
  void doubt_key();
  /// Replaces the key.
  void rotate_key();
  const std::string& problem() const noexcept { return problem_; }
  /// For tests that check `problem()` themselves.
  std::string take_problem() { return std::exchange(problem_, {}); }

  /// Destroys the engine, whatever is under way.
  void destroy_engine() { engine_.reset(); }

 private:
  struct connection {
    bool open = false;
    bool retiring = false;
    bool shared = false;
    bool probed = false;  ///< probed, and hasn't answered since
    std::uint32_t capacity = 0;
    std::size_t served = 0;
    core::time_point opened_at{};
    std::map<core::attempt_id, std::size_t> out;  ///< the numbers of the requests under way
    std::set<core::attempt_id> dropped;           ///< of these, the ones for which nobody waits
    bool ends_when_abandoned = false;
  };
  struct event {
    core::time_point at;
    std::uint64_t order;
    std::function<void()> happens;
    bool operator<(const event& other) const {  // of a queue whose top is the greatest
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void on_attempt(const attempt_report&) noexcept override;
  void record_mint(const core::mint&);
  void check_time_spent(const call&);
  void record(const std::string& what) {
    if (keep_record) record_.push_back(what);
  }
  void later(core::duration, std::function<void()>);
  void handle_one();
  void pump();
  void perform(const core::command&);
  void dial(core::link_id);
  void send(const core::command&);
  std::size_t out_for(const call&) const;
  void drop(const core::command&);
  void reset(const core::command&);
  void probe(core::link_id);
  void hear(core::link_id);
  void settle(core::link_id);
  void answer_to(const request&, const request_plan&);
  void lose_link(core::link_id, const scripted_failure&, core::fate);
  static core::fate fate_of(const connection&, const request&, const request_plan&);
  void forget(core::link_id);
  void wake_at(core::time_point);
  call& call_of(const core::mint& m) {
    return calls_[static_cast<std::size_t>(static_cast<const called_mint&>(m).call)];
  }
  /// How often the key has changed since this mint began: it may have one more request for each change.
  int rotations(const call& of) const noexcept { return static_cast<int>(key_.version() - of.key_version); }
  void finish(core::mint&);
  void warmed(const core::warm_up&);
  void check();
  void check_no_one_waits_in_vain();
  void check_no_one_waits_beside_room();
  void complain(const std::string&);
  connection* find(core::link_id id, const char* why);

  core::engine_settings settings_;
  std::shared_ptr<scripted_governor> script_;
  std::shared_ptr<watched_governor> watched_;
  core::key_guard key_;
  std::deque<call> calls_;
  std::deque<core::warm_up> warm_ups_;
  std::unique_ptr<core::engine> engine_;

  core::time_point begin_{1000s};
  core::time_point now_ = begin_;
  core::time_point pump_began_{};
  std::priority_queue<event> events_;
  std::uint64_t order_ = 0;
  std::optional<core::time_point> armed_;
  std::uint64_t wake_ = 0;

  std::size_t live_ = 0;
  std::size_t warming_ = 0;
  std::vector<request> sent_;
  std::map<core::link_id, connection> connections_;
  std::size_t dialled_ = 0;
  std::size_t dialling_ = 0;
  std::size_t outstanding_ = 0;
  std::size_t closed_ = 0;
  std::size_t probes_ = 0;
  std::size_t resets_ = 0;
  std::size_t ticks_ = 0;
  std::size_t idle_ticks_ = 0;
  std::size_t handled_ = 0;
  std::size_t attempts_told_ = 0;
  bool commands_took_time_ = false;
  std::vector<std::string> record_;
  core::duration stopped_{};
  bool drained_ = false;
  bool shut_down_ = false;
  std::string problem_;
};

/// Settings with so many connections at most.
inline core::engine_settings connections(std::size_t most) {
  core::engine_settings s;
  s.links.max_connections = most;
  return s;
}

}  // namespace ephemint::test
