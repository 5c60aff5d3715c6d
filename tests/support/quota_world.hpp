#pragma once

#include "quota_accounts.hpp"
#include "quota_network.hpp"
#include "quota_server.hpp"
#include "quota_store.hpp"

#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The world of many clients and one quota, in virtual time: servers that count in all the usual ways, a
/// network with jitter, workloads, and processes that don't know each other. An hour takes some ten
/// milliseconds. Every random choice comes from the scenario's seed: a run repeats exactly.
namespace ephemint::quota_world {

struct job {
  time_point arrived_at;
  time_point deadline;  ///< `time_point::max()`: none
  priority urgency = priority::interactive;
};

using job_id = std::uint32_t;

/// What a strategy can do; its process implements it.
class actions {
 public:
  virtual ~actions() = default;
  virtual void send(job_id) = 0;
  virtual void give_up(job_id) = 0;      ///< the caller is told that it failed
  virtual void wake_at(time_point) = 0;  ///< replaces the time of the last call
  virtual const job& about(job_id) const = 0;
  virtual quota_server& server() = 0;  ///< for the oracle only
  /// Sends the command to the store. Then `on_store_answer` is called with its number if the command was run,
  /// or `on_store_failure` if it may have been run.
  virtual void ask_store(std::uint64_t number, duration patience, store_command) = 0;
  virtual duration store_age() const = 0;
};

struct reply {
  time_point sent_at;
  bool admitted = false;
  std::optional<duration> retry_after;
  bool unauthorized = false;
};

/// How one process uses the quota: implemented by the governor, by the engine, and by other clients'
/// strategies.
class strategy {
 public:
  virtual ~strategy() = default;
  virtual void on_submit(time_point now, job_id) = 0;
  virtual void on_reply(time_point now, job_id, const reply&) = 0;
  virtual void on_wake(time_point now) = 0;
  virtual void on_store_answer(time_point, std::uint64_t) {}
  virtual void on_store_failure(time_point, std::uint64_t) {}
};

using strategy_maker = std::function<std::unique_ptr<strategy>(actions&, std::uint64_t seed)>;

struct quota_change {
  duration at;
  double quota;
};

/// The mints that arrive at each process.
struct workload {
  double logins_per_second = 0;  ///< as a Poisson stream
  std::size_t burst = 0;         ///< logins within `burst_length` at the start of each window
  duration burst_length = std::chrono::seconds{2};
  duration deadline = std::chrono::seconds{5};
  std::size_t batch = 0;  ///< mints without a deadline, `workers` at a time
  priority batch_urgency = priority::background;
  std::size_t workers = 16;
  static constexpr std::size_t endless = 1'000'000'000;
};

/// What may happen to a process: it ends without a message, or does nothing for a while.
struct mishap {
  enum class kind : std::uint8_t { crash, freeze };
  kind what;
  std::uint32_t process;
  duration at;
  duration length{};  ///< of `freeze`
};

/// This share of all replies comes later, by `by`.
struct slow_replies {
  double share = 0;
  duration by = std::chrono::seconds{2};
};

struct scenario {
  server_rules rules;
  double quota = 200;
  duration window = std::chrono::seconds{60};
  workload load;
  delays delay = delays::usual;
  slow_replies slow{};
  refusals refused;
  duration length = std::chrono::hours{1};  ///< ends earlier when the batch is done
  std::size_t processes = 1;
  duration join_every{};             ///< process i begins at i * this
  std::optional<duration> leave_at;  ///< all processes but the first stop then
  std::vector<workload> loads{};     ///< one for each process; if empty, all have `load`
  std::vector<mishap> mishaps{};
  store_rules store;
  std::vector<quota_change> changes;  ///< in order
  std::uint64_t seed = 1;
};

struct second_of_trace {
  std::uint32_t sent = 0;
  std::uint32_t admitted = 0;
  std::uint32_t refused = 0;
};

struct process_figures {
  std::size_t sent = 0;
  std::size_t minted = 0;
  std::size_t refused = 0;
  std::size_t unauthorized = 0;                ///< requests
  std::size_t good_lost = 0;                   ///< failed mints of accounts that the API doesn't refuse
  std::optional<duration> minted_again_after;  ///< time after the key was restored
  std::size_t most_in_a_window = 0;            ///< sends in any sliding window, at the sender
  std::size_t most_counted = 0;  ///< of this process' requests in any sliding window, as the server counts
  std::size_t most_after_a_pause = 0;  ///< in any 100 ms of the 5 s from the first send after a 429
};

struct figures {
  std::size_t sent = 0;
  std::size_t minted = 0;
  std::size_t refused = 0;
  std::size_t logins = 0;
  std::size_t logins_in_time = 0;
  double goodput = 0;  ///< tokens minted / requests that the server admits in that time at its sustained rate
  double jain =
      1;  ///< Jain's index of the processes' mints: (sum of x)² / (n × sum of x²), 1 if all are equal
  double length = 0;             ///< seconds
  std::vector<float> latencies;  ///< of the logins in time, sorted, seconds
  /// Seconds from each login's arrival to its request, sorted. A login that wasn't served has waited until
  /// its deadline.
  std::vector<float> waits;
  std::size_t most_counted = 0;      ///< for all processes in any sliding window, as the server counts
  std::uint64_t store_commands = 0;  ///< that the store has run
  std::vector<process_figures> each;
  std::vector<second_of_trace> trace;

  double waste() const { return sent == 0 ? 0 : static_cast<double>(refused) / static_cast<double>(sent); }
  double success() const {
    return logins == 0 ? 1 : static_cast<double>(logins_in_time) / static_cast<double>(logins);
  }
  double percentile(double p) const;
  double wait(double p) const;
  double commands_a_mint() const {
    return minted == 0 ? 0 : static_cast<double>(store_commands) / static_cast<double>(minted);
  }
  /// Requests admitted between two whole seconds since the start / requests that a server with this rate
  /// would have admitted.
  double use(duration from, duration until, double a_second) const;
};

figures run(const scenario&, const strategy_maker&);

/// All 13 servers (8 algorithms, refusals counted or not), each with all three kinds of `Retry-After`.
std::vector<server_rules> all_servers();

}  // namespace ephemint::quota_world
