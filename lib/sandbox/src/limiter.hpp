#pragma once

#include <ephemint/sandbox/rate_limit.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace ephemint::inline v0::sandbox {

using clock = std::chrono::steady_clock;

/// One count by one algorithm. It reads no clock: `now` is an argument, and must not go back.
///
/// `ask` counts one request. None: it is admitted. Otherwise the time until a request would be.
class fixed_window {
 public:
  explicit fixed_window(const rate_limit& limit) : limit_{limit} {}
  std::optional<clock::duration> ask(clock::time_point now);
  /// Whether it holds no information that a new count wouldn't have.
  bool idle(clock::time_point now) const;

 private:
  const rate_limit& limit_;
  std::optional<clock::time_point> opened_;
  std::uint64_t admitted_ = 0;
};

class sliding_window {
 public:
  explicit sliding_window(const rate_limit& limit) : limit_{limit} {}
  std::optional<clock::duration> ask(clock::time_point now);
  bool idle(clock::time_point now) const;

 private:
  const rate_limit& limit_;
  std::deque<clock::time_point> counted_;  // the newest `requests` of them: older ones don't matter
};

class token_bucket {
 public:
  explicit token_bucket(const rate_limit& limit);
  std::optional<clock::duration> ask(clock::time_point now);
  bool idle(clock::time_point now) const;

 private:
  double level_at(clock::time_point now) const;

  const rate_limit& limit_;
  double size_;
  double level_;
  std::optional<clock::time_point> last_;
};

/// All counts of one server.
class limiter {
 public:
  explicit limiter(rate_limit limit) : limit_{std::move(limit)} {}
  limiter(const limiter&) = delete;  // its counts point to its limit
  limiter& operator=(const limiter&) = delete;

  /// Counts one request. None: admitted. Otherwise the time until such a request would be.
  std::optional<clock::duration> ask(clock::time_point now, std::string_view api_key,
                                     std::string_view account);

  const rate_limit& limit() const noexcept { return limit_; }
  /// How many counts are kept; idle ones are dropped.
  std::size_t size() const noexcept { return counts_.size(); }

 private:
  using count = std::variant<fixed_window, sliding_window, token_bucket>;
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  count fresh() const;
  count& count_of(std::string_view whose, clock::time_point now);

  rate_limit limit_;
  std::unordered_map<std::string, count, text_hash, std::equal_to<>> counts_;
  std::size_t sweep_at_ = 1024;
};

/// The `Retry-After` of a refusal, if it has one.
std::optional<std::string> retry_after(const rate_limit&, clock::duration wait);

}  // namespace ephemint::inline v0::sandbox
