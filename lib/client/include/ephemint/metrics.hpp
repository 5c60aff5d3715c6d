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
/// The guide lists its series. All of them are there from the start, with zeros. No label holds an account:
/// there is a fixed number of series, whatever is minted.
///
/// Counters count from its construction, over all its clients, those that are gone included. Gauges are
/// asked of the clients that live when the text is made; they are summed, and a quota that several share
/// counts once.
///
/// \par Threads
/// From any thread. A report costs some atomic additions: no lock, no memory.
///
/// \par Exceptions
/// A client that is made when there is no memory to remember it is missing from the gauges.
class EPHEMINT_EXPORT metrics final : public observer {
 public:
  /// Throws `std::bad_alloc`.
  metrics();
  ~metrics() override;

  /// All series, in Prometheus' text format 0.0.4. Throws `std::bad_alloc`, and what an added text throws.
  std::string prometheus_text() const;

  /// Has `more` called with each `prometheus_text()`, by the thread that calls that, and its text appended:
  /// whole lines, of families with other names. Throws `std::bad_alloc`.
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
