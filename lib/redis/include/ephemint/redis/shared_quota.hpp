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

/// How one partner key's quota is shared by all processes that use it: through a Redis or Valkey server, the
/// *store*.
struct shared_quota_options {
  /// Where the store is: `redis://[user[:password]@]host[:port][/db]`, `rediss://…` (TLS, the server always
  /// verified), or `redis-sentinel://[user[:password]@]host[:port][,host[:port]]…/master[/db]`. Required.
  /// Port 6379, of a Sentinel 26379. A Sentinel is asked without a password: user and password are the
  /// master's.
  std::string url;
  /// The store's password; if empty, the one in `url`, percent-decoded.
  secret password{};
  /// The quota of all processes together: must be declared. While they say different things the smallest
  /// counts.
  quota rate = production_quota;
  /// What the quota counts. Per account, each account that was asked for of late has a key of its own in the
  /// store.
  quota_scope scope = quota_scope::per_api_key;
  /// The name of the shared count, 1 to 64 ASCII letters, digits, underscores, dots and hyphens; if empty,
  /// made of the API's host and of the key, which it doesn't reveal, and kept when that is rotated. Name it
  /// yourself where processes with different keys share a quota, as they do while a key is rotated.
  std::string name{};
  /// What this process may send while the store has never been reached; none: a tenth of `rate`, one request
  /// a window at least.
  std::optional<quota> share_if_lost{};
  /// What to do while the store is away.
  enum class when_lost : std::uint8_t {
    use_share,  ///< go on with what is surely ours: our own slots for a window, then an equal part of the
                ///< quota
    stop,       ///< send nothing: mints fail with `rate_limited` and the reason
  };
  /// What to do while the store is away.
  when_lost lost = when_lost::use_share;
  /// How long permits are had for before they must be confirmed, 1 s to 60 s: those of a process that crashed
  /// are away for so long, 2 s, and a window.
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
  bool connected = false;   ///< the last command was answered, and we don't go on without the store
  std::size_t members = 0;  ///< processes that share it, as the store last said; this one included
  double limit = 0;         ///< permits a window that are in force for all of them together
  std::size_t held = 0;     ///< permits that this process has and hasn't used
  std::chrono::microseconds round_trip{};  ///< a command's usual one
  std::uint64_t commands = 0;              ///< sent to the store
  std::uint64_t lost = 0;                  ///< of them, without an answer that could be used
  std::uint64_t fallbacks = 0;  ///< how often the store was away so long that we went on without it
  double share = 0;             ///< permits a window while the store is away; 0 while it is there
  std::string store{};          ///< which store, without user and password
  std::string last_error{};     ///< why the last command that failed did; no secret, one line
};

/// The same for Prometheus, in its text format 0.0.4: series `ephemint_shared_quota_…`, without labels. To
/// be appended to other series of that format, such as those of `metrics`. Throws `std::bad_alloc`.
EPHEMINT_EXPORT std::string prometheus_text(const shared_quota_stats&);

/// A governor whose quota is shared with other processes and machines. Made by `make_shared_rate_governor`;
/// any number of clients of this process share it, as they do any other.
class EPHEMINT_EXPORT shared_rate_governor : public rate_governor {
 public:
  /// Any thread.
  virtual shared_quota_stats stats() const = 0;
  /// Called on the governor's executor whenever the store is lost or is back: once a change. A store that
  /// answers what is of no use (of another version or window, or full) is lost; one whose state isn't whole
  /// yet, as after its start, isn't. Replaces the one before; an empty one ends it.
  virtual void on_change(std::function<void(const shared_quota_stats&)>) = 0;
  /// Leaves the others: what is held goes back to them at once instead of after the lease. Clients should be
  /// closed before. Returns at once; what is to be said to the store is said within `lease`, while the
  /// executor runs.
  virtual void leave_store() noexcept = 0;
};

/// Makes one. Its work is done on `executor`, in a strand of its own, and never on a thread of ours; it ends
/// when its last client and its last owner have let it go, so that the context may run out of work.
///
/// Throws `std::invalid_argument`, naming the option, if one is out of range or of the wrong form.
/// `base_url`: the API's, as in `client_options`.
EPHEMINT_EXPORT std::shared_ptr<shared_rate_governor> make_shared_rate_governor(boost::asio::any_io_executor,
                                                                                const credential& key,
                                                                                std::string_view base_url,
                                                                                shared_quota_options);

}  // namespace ephemint::inline v0
