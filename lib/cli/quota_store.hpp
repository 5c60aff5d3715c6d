#pragma once

#include <ephemint/credential.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0 {
class shared_rate_governor;
struct shared_quota_stats;
}  // namespace ephemint::inline v0

namespace ephemint::cli {

/// The options for a quota that machines share.
struct quota_store_arguments {
  std::optional<std::string> url{};
  std::optional<std::string> password_file{};
  std::optional<quota> share{};  ///< as long as the store was never reached
  std::optional<bool> stop_if_lost{};
};

/// Throws `usage_error` if there are options for a store but no store, if the URL holds a password, or if
/// `rate` isn't declared.
void check_quota_store(const quota_store_arguments&, const std::optional<quota>& rate);

/// The quota that this process shares with others. Reports when the store is lost or back.
class quota_store {
 public:
  /// Throws `usage_error`, naming the option, also if this command was built without shared quotas.
  quota_store(const boost::asio::any_io_executor&, const quota_store_arguments&, const credential& key,
              const std::string& base_url, const std::string& authority_file, const quota& rate);
  ~quota_store();
  quota_store(const quota_store&) = delete;
  quota_store& operator=(const quota_store&) = delete;

  std::shared_ptr<rate_governor> governor() const;
  /// A function that returns its series for Prometheus.
  std::function<std::string()> series() const;
  /// Called with a message when the store is lost or back.
  std::function<void(std::string_view)> say;
  /// Returns the held permits to the other processes. Runs the context for a fraction of a second at most.
  /// Its clients must be gone.
  void leave(boost::asio::io_context&);

 private:
  std::shared_ptr<shared_rate_governor> governor_;
};

/// `quota store redis://host:6379 unreachable (connection refused): going on with 50 of 200 a minute`, or
/// `quota store redis://host:6379 is back`.
std::string words_of_store(const shared_quota_stats&, const quota& whole);

}  // namespace ephemint::cli
