#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>
#include <ephemint/quota.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// An outage of the API, during which the batch waits.
struct outage_wait {
  std::string cause;
  std::chrono::seconds gives_up_in{};
};

/// A batch's progress.
struct progress {
  std::uint64_t minted = 0;
  std::uint64_t failed = 0;
  std::optional<std::uint64_t> total{};
  clock::duration elapsed{};
  /// How long until the quota lets mints go on, if the quota holds them up.
  std::optional<std::chrono::seconds> quota_wait{};
  /// Takes precedence over the quota: in an outage nothing goes on, whatever the quota allows.
  std::optional<outage_wait> outage{};
  /// How long the remaining mints will take, if that is known.
  std::optional<std::chrono::seconds> time_left{};
  quota_state quota{};
  bool key_refused = false;
  /// The protocol of the open connections; empty: there are none.
  std::string_view protocol{};

  std::uint64_t done() const noexcept { return minted + failed; }
};

/// One line of at most `width` characters for a terminal.
std::string draw(const progress&, unsigned width, bool colours);

/// `45 s`, `2 min 05 s`, `3 h 10 min`.
std::string in_words(std::chrono::seconds);

/// `waiting for the quota: 42 s`
std::string words_of_wait(std::chrono::seconds);
/// `paused by the API: 12 s`
std::string words_of_pause(std::chrono::seconds);

/// The innermost cause that the error names: `connection refused (127.0.0.1)`, `it answers 503`.
std::string outage_cause(const mint_error&);
/// `the API can't be reached (it answers 503): waiting, gives up in 4 min 50 s`
std::string words_of_outage(const outage_wait&);

/// Decides when a log, as opposed to a terminal, mentions a wait: once for each wait, and not every few
/// seconds.
class wait_notice {
 public:
  /// Whether to say it now.
  bool is_due(std::optional<std::chrono::seconds> wait, clock::time_point now) noexcept;

 private:
  static constexpr std::chrono::seconds quiet_time{10};

  std::optional<clock::time_point> said_at_;
  std::optional<std::chrono::seconds> last_seen_;
};

}  // namespace ephemint::cli
