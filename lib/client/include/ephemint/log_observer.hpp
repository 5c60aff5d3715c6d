#pragma once

#include <ephemint/export.hpp>
#include <ephemint/observer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace ephemint::inline v0 {

/// How much a log line matters, in ascending order.
enum class severity : std::uint8_t {
  debug,    ///< each mint, request and connection
  info,     ///< the first connection, the quota as it changes, a pause that is over
  warning,  ///< a pause, connections and requests that fail, tokens that came too late
  error,    ///< somebody must act: the key, or the API's certificate, is refused
};
/// The name as it stands in the enumeration: `warning`.
EPHEMINT_EXPORT std::string_view to_string(severity) noexcept;

/// Writes what clients do to a log: one line of plain text for each event that is worth one. A line has no
/// newline at its end, and never holds a key, a token or a login URL.
///
///     options.observer = std::make_shared<ephemint::log_observer>(
///         [](ephemint::severity how, std::string_view line) { log(how, line); });
///
/// Single mints are logged at `debug` only. Above `debug` there is at most one line a minute for each kind of
/// trouble: the first comes at once, and the next one, a minute later, says how many were left out.
///
/// \par Threads
/// As of any observer: if several clients have it, `write` may be called by several threads at once.
///
/// \par Exceptions
/// If `write` throws or memory runs out, that line is lost, and nothing else.
class EPHEMINT_EXPORT log_observer final : public observer {
 public:
  /// Takes a line. Must not block for long, as the client waits meanwhile. The view is valid during the call
  /// only.
  using writer = std::function<void(severity, std::string_view line)>;

  /// Calls `write`, which must not be empty, for events of severity `least` and above. Throws
  /// `std::bad_alloc`.
  explicit log_observer(writer write, severity least = severity::info);
  ~log_observer() override;

  void on_attempt(const attempt_report&) noexcept override;
  void on_mint(const mint_report&) noexcept override;
  void on_connection(const connection_report&) noexcept override;
  void on_quota(const quota_report&) noexcept override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace ephemint::inline v0
