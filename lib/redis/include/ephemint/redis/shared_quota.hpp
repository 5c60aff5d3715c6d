#pragma once

#include <ephemint/credential.hpp>
#include <ephemint/export.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>
#include <ephemint/secret.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0 {

/// The options for sharing one partner key's quota among all processes that use it, through a Redis or Valkey
/// server, the *store*.
struct shared_quota_options {
  /// Where the store is: `redis://[user[:password]@]host[:port][/db]`, `rediss://…` (TLS, the server always
  /// verified), or `redis-sentinel://[user[:password]@]host[:port][,host[:port]]…/master[/db]`. Required. The
  /// default port is 6379, or 26379 for a Sentinel. Sentinels are asked without a password: user and password
  /// are those of the master.
  std::string url;
  /// The store's password; if empty, the one in `url`, percent-decoded.
  secret password{};
  /// The quota of all processes together; it must be declared. If processes declare different quotas the
  /// smallest counts.
  quota rate = production_quota;
  /// What the quota counts. If it counts per account, each account that was asked for lately has a key of its
  /// own in the store.
  quota_scope scope = quota_scope::per_api_key;
  /// The name of the shared count: 1 to 64 ASCII letters, digits, underscores, dots and hyphens. If empty, it
  /// is derived from the API's host and the key, which it doesn't reveal, and doesn't change when the key is
  /// rotated. Set a name if processes with different keys share a quota, as they do while a key is being
  /// rotated.
  std::string name{};
  /// What this process may send as long as the store was never reached. None: a tenth of `rate`, but at least
  /// one request a window.
  std::optional<quota> share_if_lost{};
  /// What to do while the store is away.
  enum class when_lost : std::uint8_t {
    use_share,  ///< go on with what surely belongs to this process: its own slots for a window, then an equal
                ///< part of the quota
    stop,       ///< send nothing: mints fail with `rate_limited` and the reason
  };
  /// What to do while the store is away.
  when_lost lost = when_lost::use_share;
  /// How long permits are leased before they must be confirmed, 1 s to 60 s. The permits of a process that
  /// crashed come back after this time, plus 2 s, plus a window.
  std::chrono::milliseconds lease = std::chrono::seconds{5};
  /// For `rediss://`: trust the system's authorities.
  bool system_authorities = true;
  /// For `rediss://`: a PEM file of further authorities.
  std::string authority_file{};
  /// For `rediss://`: further authorities, as PEM text.
  std::string authority_pem{};
};

/// What is known of a shared quota. A snapshot.
struct shared_quota_stats {
  bool connected = false;   ///< the last command was answered, and the store is in use
  std::size_t members = 0;  ///< processes that share it, this one included, as of the store's last answer
  double limit = 0;         ///< permits a window in force for all processes together
  std::size_t held = 0;     ///< permits that this process holds and hasn't used
  std::chrono::microseconds round_trip{};  ///< the usual round trip of a command
  std::uint64_t commands = 0;              ///< sent to the store
  std::uint64_t lost = 0;                  ///< of these, commands without a usable answer
  std::uint64_t fallbacks = 0;             ///< how often this process began to go on without the store
  double share = 0;          ///< this process's permits a window while the store is away; else 0
  std::string store{};       ///< the store's URL without user and password
  std::string last_error{};  ///< why the last failed command failed; one line without secrets
};

/// The figures in Prometheus' text format 0.0.4: series `ephemint_shared_quota_…`, without labels. Append it
/// to other series in that format, such as those of `metrics`. Throws `std::bad_alloc`.
EPHEMINT_EXPORT std::string prometheus_text(const shared_quota_stats&);

/// A governor whose quota is shared with other processes and machines. Made by `make_shared_rate_governor`.
/// Any number of clients of this process can share it, like any other governor.
class EPHEMINT_EXPORT shared_rate_governor : public rate_governor {
 public:
  /// From any thread.
  virtual shared_quota_stats stats() const = 0;
  /// Sets a function that is called on the governor's executor, once for each change, when the store is lost
  /// or is back. A store whose answers are unusable (another version or window, or full) counts as lost; one
  /// whose state isn't complete yet, as after its start, doesn't. Replaces an earlier function; an empty
  /// function ends the calls.
  virtual void on_change(std::function<void(const shared_quota_stats&)>) = 0;
  /// Leaves the shared quota: the held permits become free at once instead of after the lease. Close the
  /// clients before. Returns at once; the store is told within `lease`, while the executor runs.
  virtual void leave_store() noexcept = 0;
};

/// Makes a shared governor. It works on `executor`, serialized, and has no thread of its own. Its work ends
/// when its last client and its last owner have released it, so that the context can run out of work.
///
/// Throws `std::invalid_argument`, naming the option, if one is invalid. `base_url`: the API's, as in
/// `client_options`.
EPHEMINT_EXPORT std::shared_ptr<shared_rate_governor> make_shared_rate_governor(boost::asio::any_io_executor,
                                                                                const credential& key,
                                                                                std::string_view base_url,
                                                                                shared_quota_options);

}  // namespace ephemint::inline v0
