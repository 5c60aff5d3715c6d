#pragma once

#include <ephemint/export.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ephemint::inline v0 {

/// How many requests the API admits in any window of a given length. A value; nothing here throws. Its range
/// is checked when a client or a governor is made with it.
///
///     options.rate = ephemint::quota::declared(1000, 60s);  // raised on request
class quota {
 public:
  /// How the quota is known.
  enum class mode : std::uint8_t {
    declared,   ///< never more than `requests()` in any sliding `window()`
    automatic,  ///< not known: starts at `requests()` a `window()`, and may learn to send more
    unlimited,  ///< no limit of our own; the server's 429s still pause
  };

  /// Never more than `requests` (1 to 1,000,000) in any sliding `window` (100 ms to 24 h).
  static constexpr quota declared(std::uint64_t requests, std::chrono::milliseconds window) {
    return {mode::declared, requests, window};
  }
  /// Begins with `start` requests a `window`, in the same ranges, and learns from the API's 429s how many it
  /// admits. So some requests will be refused.
  static constexpr quota automatic(std::uint64_t start = 200,
                                   std::chrono::milliseconds window = std::chrono::seconds{60}) {
    return {mode::automatic, start, window};
  }
  /// No limit: requests leave at once, until the server's 429s say to pause.
  static constexpr quota unlimited() { return {mode::unlimited, 0, std::chrono::seconds{60}}; }

  /// Which of the three it is.
  constexpr mode how() const noexcept { return mode_; }
  /// How many requests fit into a window; 0 if unlimited.
  constexpr std::uint64_t requests() const noexcept { return requests_; }
  /// The window's length.
  constexpr std::chrono::milliseconds window() const noexcept { return window_; }

  /// Whether both say the same.
  friend constexpr bool operator==(const quota&, const quota&) = default;

 private:
  constexpr quota(mode how, std::uint64_t requests, std::chrono::milliseconds window)
      : mode_{how}, requests_{requests}, window_{window} {}

  mode mode_;
  std::uint64_t requests_;
  std::chrono::milliseconds window_;
};

/// The state of a quota at one moment. If each account has a count of its own, only what holds for all of
/// them.
struct quota_state {
  std::optional<quota> in_force{};    ///< as declared, or as learnt; none: not known
  std::uint64_t used = 0;             ///< requests that count in the window now
  std::chrono::nanoseconds pause{0};  ///< how long all requests still wait, after a 429; 0: no pause
  bool probing = false;               ///< one request is finding out whether the pause may end

  /// Whether both say the same.
  friend bool operator==(const quota_state&, const quota_state&) = default;
};

/// What the quota counts. The API's documentation doesn't say, so the safe one is the default.
enum class quota_scope : std::uint8_t {
  per_api_key,  ///< one count for all accounts
  per_account,  ///< one count an account
};

/// The documented quota of production keys: 200 requests a minute. Source: the API's rate-limits guide.
inline constexpr quota production_quota = quota::declared(200, std::chrono::seconds{60});
/// The documented quota of test keys, which begin with `TEST_`: 20 requests a minute. Source: the same.
inline constexpr quota test_key_quota = quota::declared(20, std::chrono::seconds{60});

/// The documented quota of that key, for a governor that is made before its clients.
constexpr quota documented_quota(std::string_view api_key) noexcept {
  return api_key.starts_with("TEST_") ? test_key_quota : production_quota;
}

}  // namespace ephemint::inline v0
