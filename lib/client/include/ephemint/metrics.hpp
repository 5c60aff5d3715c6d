#pragma once

#include <ephemint/export.hpp>
#include <ephemint/observer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace ephemint::inline v0 {

/// Counts what clients do, for Prometheus: give it to one or several clients, and serve its text.
///
///     const auto seen = std::make_shared<ephemint::metrics>();
///     options.observer = seen;
///     …
///     answer("text/plain; version=0.0.4", seen->prometheus_text());
///
/// The guide lists its series. All of them exist from the start, as zeros. No label holds an account, so the
/// number of series is fixed, whatever is minted.
///
/// Counters count from this object's construction, over all its clients, including those that are gone.
/// Gauges are read from the clients that live when the text is made, and summed; a quota that several clients
/// share counts once.
///
/// \par Threads
/// From any thread. A report costs some atomic additions: no lock, no memory.
///
/// \par Exceptions
/// A client is missing from the gauges if there was no memory to register it when it was made.
class EPHEMINT_EXPORT metrics final : public observer {
 public:
  /// Throws `std::bad_alloc`.
  metrics();
  ~metrics() override;

  /// All series, in Prometheus' text format 0.0.4. Throws `std::bad_alloc`, and whatever a function that was
  /// added throws.
  std::string prometheus_text() const;

  /// From now on each `prometheus_text()` calls `more`, on the calling thread, and appends its text: whole
  /// lines, of metric families with other names. Throws `std::bad_alloc`.
  ///
  ///     seen->add([quota] { return prometheus_text(quota->stats()); });
  void add(std::function<std::string()> more);

  void on_client(const client_view&) noexcept override;
  void on_attempt(const attempt_report&) noexcept override;
  void on_mint(const mint_report&) noexcept override;
  void on_connection(const connection_report&) noexcept override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace ephemint::inline v0
