#pragma once

#include <ephemint/export.hpp>
#include <ephemint/observer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace ephemint::inline v0 {

/// How much a line of a log matters. In ascending order.
enum class severity : std::uint8_t {
  debug,    ///< each mint, request and connection
  info,     ///< the first connection, the quota as it changes, a pause that is over
  warning,  ///< a pause, connections and requests that fail, tokens that came too late
  error,    ///< somebody must act: the key, or the API's certificate, is refused
};
/// The name as it stands in the enumeration: `warning`.
EPHEMINT_EXPORT std::string_view to_string(severity) noexcept;

/// Tells a log what clients do: one line of plain text for each event that is worth one, without a line's
/// end, a key, a token or a login URL in it.
///
///     options.observer = std::make_shared<ephemint::log_observer>(
///         [](ephemint::severity how, std::string_view line) { log(how, line); });
///
/// No mint has a line of its own above `debug`. Above it, lines about one kind of trouble come once a minute
/// at most: the first at once, and the next one after that minute says how many were left out.
///
/// \par Threads
/// As an observer's: if several clients have it, `write` is called by several threads at once.
///
/// \par Exceptions
/// A line that can't be written, because `write` throws or memory is short, is lost, and nothing else.
class EPHEMINT_EXPORT log_observer final : public observer {
 public:
  /// Takes a line. Must not block for long: the client waits meanwhile. The view is for the call.
  using writer = std::function<void(severity, std::string_view line)>;

  /// Calls `write`, which isn't empty, for events of that severity and above. Throws `std::bad_alloc`.
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
