#pragma once

#include <ephemint/export.hpp>
#include <ephemint/observer.hpp>

#include <memory>
#include <vector>

namespace ephemint::inline v0 {

/// Several observers as one, for instance metrics and a log: each gets every report, in the order of the
/// vector.
///
///     options.observer = std::make_shared<ephemint::observers>(
///         std::vector<std::shared_ptr<ephemint::observer>>{seen, log});
class EPHEMINT_EXPORT observers final : public observer {
 public:
  /// None of them may be null.
  explicit observers(std::vector<std::shared_ptr<observer>> all) noexcept;

  void on_client(const client_view&) noexcept override;
  void on_attempt(const attempt_report&) noexcept override;
  void on_mint(const mint_report&) noexcept override;
  void on_connection(const connection_report&) noexcept override;
  void on_quota(const quota_report&) noexcept override;

 private:
  const std::vector<std::shared_ptr<observer>> all_;
};

}  // namespace ephemint::inline v0
