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

/// What is kept at the store; of the strategy's own kind.
class store_data {
 public:
  virtual ~store_data() = default;
  virtual std::unique_ptr<store_data> copy() const = 0;
};

/// One command, as the store runs it: on what it keeps (null: nothing yet), by its own clock.
using store_command = std::function<void(std::unique_ptr<store_data>&, std::chrono::milliseconds store_time)>;

/// For so long nobody reaches the store.
struct store_outage {
  enum class kind : std::uint8_t {
    refused,   ///< connections end and are refused, what it keeps stays
    frozen,    ///< nothing is answered; what came meanwhile is run afterwards
    emptied,   ///< as `refused`, and it comes back empty and young
    flushed,   ///< it stays, and is empty
    failover,  ///< as `refused`; what comes back is a copy that is older by `behind`
  };
  duration at;  ///< since the start
  duration length;
  kind what = kind::refused;
  duration behind{};
};

/// One process alone doesn't reach it.
struct store_cut {
  std::uint32_t process;
  duration at;
  duration length;
};

/// Its clock, from then on.
struct clock_step {
  duration at;
  duration by;
};

struct store_rules {
  duration round_trip = std::chrono::milliseconds{1};  ///< 0.7 of it for sure, the rest on the mean
  double tails = 0.01;                                 ///< the share of commands that take 20 ms more
  double lost_replies = 0;                ///< the share of commands that are run and not answered
  duration service{};                     ///< of its one core, a command
  duration age = std::chrono::hours{24};  ///< at the start
  std::vector<store_outage> outages;
  std::vector<store_cut> cuts;
  std::vector<clock_step> steps;
};

/// The store's side: when it can be reached, what it keeps, what its clock shows.
class store_model {
 public:
  store_model(const store_rules&, time_point start, std::uint64_t seed);

  /// One way of a command.
  duration way();
  bool loses_this_reply() { return rules_.lost_replies > 0 && random_.unit() < rules_.lost_replies; }

  /// The outage of that moment, if there is one.
  const store_outage* outage(time_point now) const;
  bool is_cut(std::uint32_t process, time_point now) const;
  /// Whether a connection that stood at `from` was ended before `until`.
  bool was_ended(std::uint32_t process, time_point from, time_point until) const;
  time_point end_of(const store_outage& o) const { return start_ + o.at + o.length; }

  /// Runs it; the answer leaves at the time returned, as one core does one thing at a time.
  time_point run(time_point now, const store_command&);
  /// For how long it runs already.
  duration age(time_point now) const { return now - running_since_; }

  /// What is to be done at which moment, in any order: the world calls `act` then.
  std::vector<std::pair<time_point, std::uint32_t>> agenda() const;
  void act(time_point now, std::uint32_t what);

  std::uint64_t commands() const { return commands_; }

 private:
  std::chrono::milliseconds shown(time_point now) const;

  store_rules rules_;
  time_point start_;
  core::splitmix random_;
  std::unique_ptr<store_data> kept_;
  std::vector<std::unique_ptr<store_data>> copies_;  // one an outage
  time_point running_since_;
  time_point busy_until_;
  std::uint64_t commands_ = 0;
};

}  // namespace ephemint::quota_world
