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

/// How one dial goes.
struct dial_plan {
  core::duration takes = 30ms;
  std::optional<core::failure_facts> fails{};
};

/// How one request goes.
struct request_plan {
  enum class end : std::uint8_t {
    reply,   ///< `reply` comes
    lost,    ///< the connection is lost
    silent,  ///< nothing ever comes
    unsent,  ///< not a byte could leave
  };
  end how = end::reply;
  core::duration takes = 80ms;
  core::reply_facts reply{answer::minted};
  core::failure_facts failure{};
  bool reply_begun = false;          ///< `lost`: after the answer's first byte
  bool ends_when_abandoned = false;  ///< still being written then
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
  return {30ms,
          core::failure_facts{retryable ? mint_errc::connect_failed : mint_errc::tls_failed, retryable}};
}

/// One request on the wire.
struct request {
  std::size_t number = 0;   ///< of all, from 1
  std::size_t on_lane = 0;  ///< of its connection, from 1
  std::uint32_t connection = 0;
  int call = 0;
  std::string account;
  core::time_point sent_at{};
};

/// One mint that was asked for, and its end.
struct call {
  int number = 0;
  core::job_id job;
  std::string account;
  core::time_point submitted{};
  core::time_point deadline = core::never;
  int requests = 0;
  bool ended = false;
  core::time_point ended_at{};
  core::command end{};

  bool minted() const { return ended && end.why == core::command::cause::token; }
  bool failed(mint_errc code) const { return ended && !minted() && end.code == code; }
};

/// The engine in a world of scripted connections, in virtual time: performs its commands as the client's
/// shell does, and checks after every event what must hold whatever happens. The first thing found wrong
/// fails the test when the run ends.
class engine_run {
 public:
  explicit engine_run(const core::engine_settings& = {}, std::uint64_t seed = 1);
  engine_run(const core::engine_settings&, std::shared_ptr<rate_governor>, std::uint64_t seed = 1);
  ~engine_run();

  // --- the world ---
  /// What the next dials and requests meet, in order; then `dials` and `requests` say.
  std::deque<dial_plan> next_dials;
  std::deque<request_plan> next_requests;
  std::function<dial_plan(std::size_t number)> dials;
  std::function<request_plan(const request&)> requests;
  core::duration timer_lateness{};  ///< of each wake-up
  core::duration time_a_command{};  ///< that performing one takes

  // --- what happens ---
  int submit(account_id account, core::duration patience = 8s, priority = priority::interactive);
  int submit_patient(account_id account, priority = priority::interactive);
  void cancel(int call);
  void lose(std::uint32_t connection, bool retryable = true);
  void warm_up(std::size_t connections);
  void close();
  void shut_down();
  void tick();
  /// So long nothing is handled: the process is stopped.
  void sleep(core::duration d) {
    now_ += d;
    stopped_ += d;
  }
  void run_for(core::duration);
  /// Until nothing is due any more; then all must have ended and all be closed.
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
  std::vector<std::uint32_t> connection_ids() const;
  std::size_t closed() const noexcept { return closed_; }
  std::size_t ticks() const noexcept { return ticks_; }
  std::size_t events() const noexcept { return handled_; }
  std::optional<core::time_point> armed() const noexcept { return armed_; }
  bool drained() const noexcept { return drained_; }
  core::engine& engine() noexcept { return *engine_; }
  core::engine::counts count() const noexcept { return engine_->count(); }
  scripted_governor& governor() noexcept { return *script_; }
  core::key_guard& key() noexcept { return key_; }
  /// Has the key found refused: nobody may send for 5 s.
  void refuse_key();
  watched_governor& permits() noexcept { return *watched_; }
  const std::string& problem() const noexcept { return problem_; }
  /// Whoever looks at `problem()` itself.
  std::string take_problem() { return std::exchange(problem_, {}); }

  /// Has the engine go, with whatever is under way.
  void destroy_engine() { engine_.reset(); }

 private:
  struct connection {
    bool open = false;
    std::size_t served = 0;
    std::size_t request = 0;  ///< the number of the one that is out, or 0
    bool abandoned = false;
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

  void later(core::duration, std::function<void()>);
  void handle_one();
  void pump();
  void perform(const core::command&);
  void dial(std::uint32_t id);
  void send(const core::command&);
  void answer_to(std::uint32_t id, std::size_t number, const request_plan&);
  void forget(std::uint32_t id);
  void wake_at(core::time_point);
  void finish(const core::command&);
  void check();
  void complain(const std::string&);
  connection* find(std::uint32_t id, const char* why);

  core::engine_settings settings_;
  std::shared_ptr<scripted_governor> script_;
  std::shared_ptr<watched_governor> watched_;
  core::key_guard key_;
  std::unique_ptr<core::engine> engine_;

  core::time_point begin_{1000s};
  core::time_point now_ = begin_;
  std::priority_queue<event> events_;
  std::uint64_t order_ = 0;
  std::optional<core::time_point> armed_;
  std::uint64_t wake_ = 0;

  std::deque<call> calls_;
  std::size_t live_ = 0;
  std::vector<request> sent_;
  std::map<std::uint32_t, connection> connections_;
  /// Ended while these commands are performed: those that follow may still speak of them.
  std::set<std::uint32_t> gone_;
  std::size_t dialled_ = 0;
  std::size_t dialling_ = 0;
  std::size_t outstanding_ = 0;
  std::size_t closed_ = 0;
  std::size_t ticks_ = 0;
  std::size_t idle_ticks_ = 0;
  std::size_t handled_ = 0;
  core::duration stopped_{};
  bool drained_ = false;
  bool shut_down_ = false;

  // What is being told to the engine just now.
  const call* token_for_ = nullptr;
  bool telling_reply_ = false;
  bool telling_failure_ = false;
  std::string problem_;
};

/// Settings with so many connections at most.
inline core::engine_settings lanes(std::size_t most) {
  core::engine_settings s;
  s.pool.max_connections = most;
  return s;
}

}  // namespace ephemint::test
