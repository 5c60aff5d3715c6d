#pragma once

#include "core/attempts/reply_times.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::core {

/// When a request is so late that a second one is worth its permit, and how many of these there may be: two
/// in a hundred replies, whatever happens. A server that became slow as a whole isn't asked twice.
///
/// Late is twice the 95th percentile. At the percentile itself one request in 20 is late by definition: they
/// would use up what there is, and the few that are really stuck would find nothing left (ADR 26).
class hedge_rules {
 public:
  struct settings {
    bool on = false;
    duration longest = duration::max();  ///< a request that is so late has failed
  };

  explicit hedge_rules(const settings& s) noexcept : settings_{s} {}

  bool on() const noexcept { return settings_.on; }
  /// How old a request must be; the clock's end while too little is known.
  duration delay() const noexcept { return delay_; }
  bool affordable() const noexcept { return funds_ >= cost; }
  void spend() noexcept { funds_ -= cost; }

  /// A token came, and was waited for.
  void on_token(duration taken) noexcept {
    funds_ = std::min(funds_ + gain, most);
    learn(taken);
  }
  /// Nobody waits any longer for a reply that hasn't come. It would have taken longer than this: if that is
  /// late already, it is counted so, for else only those that came soon enough would be.
  void on_unanswered(duration age) noexcept {
    if (age >= delay_) learn(age);
  }
  /// A 429: no request more than needed, for some time.
  void on_rate_limited() noexcept { funds_ = 0; }

 private:
  static constexpr int gain = 2;
  static constexpr int cost = 100;
  static constexpr int most = 10 * cost;  // a long calm doesn't pay for more at once
  /// Of so many replies two or three are slower than the 95th percentile.
  static constexpr std::uint32_t enough = 50;
  /// Below this a second request wins nothing that a person sees.
  static constexpr std::chrono::milliseconds shortest{50};

  void learn(duration taken) noexcept {
    times_.add(std::min(taken, settings_.longest));
    if (times_.size() >= enough)
      delay_ = std::clamp<duration>(times(times_.all_but(5), 2),
                                    std::min<duration>(shortest, settings_.longest), settings_.longest);
  }

  settings settings_;
  reply_times times_;
  duration delay_ = duration::max();
  int funds_ = 0;
};

}  // namespace ephemint::inline v0::core
