#pragma once

#include "core/random.hpp"
#include "quota_server.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ephemint::quota_world {

/// The store's data; each strategy has its own kind.
class store_data {
 public:
  virtual ~store_data() = default;
  virtual std::unique_ptr<store_data> copy() const = 0;
};

/// One command, as the store runs it: on its data (null: nothing yet), by its own clock.
using store_command = std::function<void(std::unique_ptr<store_data>&, std::chrono::milliseconds store_time)>;

/// A time in which no process can reach the store.
struct store_outage {
  enum class kind : std::uint8_t {
    refused,   ///< connections end and are refused; the data stays
    frozen,    ///< nothing is answered; commands that came meanwhile are run afterwards
    emptied,   ///< as `refused`, and it comes back empty, just started
    flushed,   ///< it goes on, but is empty
    failover,  ///< as `refused`; it comes back with a copy that is older by `behind`
  };
  duration at;  ///< since the start
  duration length;
  kind what = kind::refused;
  duration behind{};
};

/// One process alone can't reach the store.
struct store_cut {
  std::uint32_t process;
  duration at;
  duration length;
};

/// The store's clock from then on.
struct clock_step {
  duration at;
  duration by;
};

struct store_rules {
  duration round_trip = std::chrono::milliseconds{1};  ///< 0.7 of it always, the rest on average
  double tails = 0.01;                                 ///< the share of commands that take 20 ms more
  double lost_replies = 0;                ///< the share of commands that are run and not answered
  duration service{};                     ///< time of its one core for a command
  duration age = std::chrono::hours{24};  ///< at the start
  std::vector<store_outage> outages;
  std::vector<store_cut> cuts;
  std::vector<clock_step> steps;
};

/// The store's side: when it can be reached, its data, and its clock.
class store_model {
 public:
  store_model(const store_rules&, time_point start, std::uint64_t seed);

  /// The time that a command takes in one direction.
  duration way();
  bool loses_this_reply() { return rules_.lost_replies > 0 && random_.unit() < rules_.lost_replies; }

  /// The outage at that time, if there is one.
  const store_outage* outage(time_point now) const;
  bool is_cut(std::uint32_t process, time_point now) const;
  /// Whether a connection that was open at `from` was ended before `until`.
  bool was_ended(std::uint32_t process, time_point from, time_point until) const;
  time_point end_of(const store_outage& o) const { return start_ + o.at + o.length; }

  /// Runs the command. Returns when the answer leaves, as one core runs one command at a time.
  time_point run(time_point now, const store_command&);
  /// For how long it has been running.
  duration age(time_point now) const { return now - running_since_; }

  /// The times at which the world must call `act`, in any order.
  std::vector<std::pair<time_point, std::uint32_t>> agenda() const;
  void act(time_point now, std::uint32_t what);

  std::uint64_t commands() const { return commands_; }

 private:
  std::chrono::milliseconds shown(time_point now) const;

  store_rules rules_;
  time_point start_;
  core::splitmix random_;
  std::unique_ptr<store_data> kept_;
  std::vector<std::unique_ptr<store_data>> copies_;  // one for each outage
  time_point running_since_;
  time_point busy_until_;
  std::uint64_t commands_ = 0;
};

}  // namespace ephemint::quota_world
