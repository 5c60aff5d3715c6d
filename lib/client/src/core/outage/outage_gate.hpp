#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// Whether there is an outage of the API, and when a probe may check whether it is back.
///
/// Three failures in a row, by different witnesses and with no good answer between them, mean that the API is
/// away. Every dial is a witness of its own. Requests are different witnesses only if their accounts differ,
/// as one account's requests may always fail while the API is well. A good answer is any that isn't a 5xx,
/// even a refusal: it shows that the API is there. An API that never gave a good answer isn't away: it may
/// never have been there, and waiting for it would be in vain.
///
/// While the API is away one probe goes at a time. The time between two probes begins at 0.1 s and doubles up
/// to 2 s; half of it is jitter. The first good answer to any request ends the outage. A probe without an
/// answer holds up the next one for 2 s at most: it may hang in a connection that outlives the outage.
class outage_gate {
 public:
  enum class state : std::uint8_t { well, suspected, away };
  /// Numbers of probes; 0 is none.
  using probe_number = std::uint32_t;
  /// Who saw a failure: a request's account, as a number other than 0, or `a_dial`.
  using witness = std::uint64_t;
  static constexpr witness a_dial = 0;

  static constexpr std::chrono::milliseconds first_backoff{100};
  static constexpr std::chrono::seconds longest_backoff{2};
  /// If the last failure in a row is older than this, the row says nothing about now, as nobody has tried
  /// since.
  static constexpr std::chrono::minutes forgotten_after{2};

  state now() const noexcept;
  bool away() const noexcept { return now() == state::away; }
  /// When the present row of failures began.
  time_point since() const noexcept { return since_; }
  /// Whether the last failure is too old to say anything about now.
  bool forgotten(time_point now) const noexcept { return between(now, last_failure_) > forgotten_after; }
  /// Whether there have been failures, and a mint with that patience would still wait.
  bool borne(time_point now, duration patience) const noexcept {
    return ever_answered_ && failures_ > 0 && now < add(since_, patience);
  }

  /// While it is away: when the next probe may go.
  time_point probe_at() const noexcept { return probe_at_; }
  /// 0 if no probe is due, or the API isn't away.
  probe_number take_probe(time_point now) noexcept;
  /// The probe ended without a result: the next one may go at once.
  void probe_undone(probe_number) noexcept;

  /// Whether a request that left then met an outage which has ended since: its failure tells nothing new.
  bool of_the_last(time_point left_at) const noexcept { return left_at < ended_at_; }

  void on_answer(time_point now) noexcept;
  /// An attempt that left at `left_at` failed.
  void on_failure(time_point now, time_point left_at, witness, probe_number, splitmix& random) noexcept;

 private:
  static constexpr std::size_t failures_to_shut = 3;

  bool testified(witness) const noexcept;
  duration backoff(splitmix& random) const noexcept;

  std::array<witness, failures_to_shut> witnesses_{};
  std::size_t failures_ = 0;  // in a row, by different witnesses; counted up to `failures_to_shut`
  std::uint32_t failed_probes_ = 0;
  probe_number last_probe_ = 0;
  bool ever_answered_ = false;
  time_point since_{};
  time_point ended_at_ = time_point::min();  // when the last outage ended
  time_point last_failure_{};
  time_point taken_at_{};  // when the last probe was taken
  time_point probe_at_{};
};

}  // namespace ephemint::inline v0::core
