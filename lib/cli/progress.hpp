#pragma once

#include <ephemint/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ephemint::cli {

/// How far a batch is.
struct progress {
  std::uint64_t minted = 0;
  std::uint64_t failed = 0;
  std::optional<std::uint64_t> total{};
  clock::duration elapsed{};
  /// How long until the quota lets the next one through, if all wait for that.
  std::optional<std::chrono::seconds> quota_wait{};

  std::uint64_t done() const noexcept { return minted + failed; }
};

/// One line of at most `width` characters for a terminal.
std::string draw(const progress&, unsigned width, bool colours);

/// `45 s`, `2 min 05 s`, `3 h 10 min`.
std::string in_words(std::chrono::seconds);

/// `waiting for the quota: 42 s`
std::string words_of_wait(std::chrono::seconds);

/// Decides when a log, as opposed to a terminal, is told of a wait: once each, and not every moment.
class wait_notice {
 public:
  /// Whether to say it now.
  bool is_due(const progress&, clock::time_point now) noexcept;

 private:
  static constexpr std::chrono::seconds quiet_time{10};

  std::optional<clock::time_point> said_at_;
  std::uint64_t said_of_ = 0;  // how many were done then: a wait ends when more are
};

}  // namespace ephemint::cli
