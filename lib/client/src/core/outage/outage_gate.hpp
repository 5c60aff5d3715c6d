#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// Whether the API is away, and when somebody may look whether it is back.
///
/// Three failures in a row, with no good answer between them, of different witnesses: the API is away. A dial
/// is a witness each time. Of requests only those for different accounts are, since one account's may fail
/// for ever while the API is well. A good answer is any that isn't a 5xx, a refusal too: somebody is there.
/// An API that never gave one isn't away: it may never have been there, and to wait for it would be in
/// vain.
///
/// While it is away one probe goes at a time, 0.1 s after the one before at first, doubling to 2 s, half of
/// it jitter. The first good answer, to whatever request, ends it. A probe of which nothing is heard for 2 s
/// holds up the next one no longer: it may hang in a connection that outlives the outage.
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
  /// A row whose last failure is older says nothing of now: nobody has looked since.
  static constexpr std::chrono::minutes forgotten_after{2};

  state now() const noexcept;
  bool away() const noexcept { return now() == state::away; }
  /// When the row of failures began that isn't ended yet.
  time_point since() const noexcept { return since_; }
  /// Whether its last failure is too old to say anything of now.
  bool forgotten(time_point now) const noexcept { return between(now, last_failure_) > forgotten_after; }
  /// Whether something is amiss that who has so much patience waits out.
  bool borne(time_point now, duration patience) const noexcept {
    return ever_answered_ && failures_ > 0 && now < add(since_, patience);
  }

  /// While it is away: when the next probe may go.
  time_point probe_at() const noexcept { return probe_at_; }
  /// None if it isn't due, or the API isn't away.
  probe_number take_probe(time_point now) noexcept;
  /// It told nothing: the next one may go at once.
  void probe_undone(probe_number) noexcept;

  /// Whether who left then left into an outage that has ended since: what it met is no news.
  bool of_the_last(time_point left_at) const noexcept { return left_at < ended_at_; }

  void on_answer(time_point now) noexcept;
  /// Of an attempt that left then.
  void on_failure(time_point now, time_point left_at, witness, probe_number, splitmix& random) noexcept;

 private:
  static constexpr std::size_t failures_to_shut = 3;

  bool testified(witness) const noexcept;
  duration backoff(splitmix& random) const noexcept;

  std::array<witness, failures_to_shut> witnesses_{};
  std::size_t failures_ = 0;  // in a row, of different witnesses; no more than it takes
  std::uint32_t failed_probes_ = 0;
  probe_number last_probe_ = 0;
  bool ever_answered_ = false;
  time_point since_{};
  time_point ended_at_ = time_point::min();  // the last outage
  time_point last_failure_{};
  time_point taken_at_{};  // the last probe
  time_point probe_at_{};
};

}  // namespace ephemint::inline v0::core
