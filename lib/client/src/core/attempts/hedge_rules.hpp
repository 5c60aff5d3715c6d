#pragma once

#include "core/attempts/reply_times.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::core {

/// When a request is so late that a second one is worth its permit, and how many second requests there may
/// be: at most two per hundred replies, so that a server which has become slow as a whole isn't asked
/// everything twice.
///
/// Late means after twice the 95th percentile of reply times. At the percentile itself one request in 20 is
/// late by definition: these would use up the allowance, and nothing would be left for the few that are
/// really stuck (ADR 26).
class hedge_rules {
 public:
  struct settings {
    bool on = false;
    duration longest = duration::max();  ///< the attempt timeout: a request that takes this long has failed
  };

  explicit hedge_rules(const settings& s) noexcept : settings_{s} {}

  bool on() const noexcept { return settings_.on; }
  /// The age at which a request is late; `duration::max()` while too few replies are known.
  duration delay() const noexcept { return delay_; }
  bool affordable() const noexcept { return funds_ >= cost; }
  void spend() noexcept { funds_ -= cost; }

  /// A token came for a mint that was still waiting.
  void on_token(duration taken) noexcept {
    funds_ = std::min(funds_ + gain, most);
    learn(taken);
  }
  /// A mint stopped waiting for a reply that hasn't come. The reply would have taken longer than `age`. If
  /// `age` is late already it is counted; otherwise only replies that came soon enough would be counted.
  void on_unanswered(duration age) noexcept {
    if (age >= delay_) learn(age);
  }
  /// A 429: for some time only requests that are needed.
  void on_rate_limited() noexcept { funds_ = 0; }

 private:
  static constexpr int gain = 2;
  static constexpr int cost = 100;
  static constexpr int most = 10 * cost;  // a long calm time earns no more than this
  /// Of this many replies two or three are slower than the 95th percentile.
  static constexpr std::uint32_t enough = 50;
  /// Below this a second request saves no time that a person would notice.
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
