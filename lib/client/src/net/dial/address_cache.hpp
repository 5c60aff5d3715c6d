#pragma once

#include <ephemint/clock.hpp>

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::inline v0::net {

using addresses = std::vector<boost::asio::ip::address>;

/// The result of a look-up: addresses in the system's order of preference, or why there are none.
struct lookup_result {
  addresses found;
  std::string problem;  ///< empty exactly if `found` isn't
};

/// Caches one host's look-ups. Time is an argument.
class address_cache {
 public:
  /// getaddrinfo doesn't tell the record's time to live. A minute is what common API hosts use, and it bounds
  /// how long an address that has moved is still used.
  static constexpr clock::duration success_life = std::chrono::seconds{60};
  /// A name that was never found is looked up again after this time, which doubles with each failure in a
  /// row: most failures are short, and nothing can be served meanwhile.
  static constexpr clock::duration first_failure_life = std::chrono::milliseconds{100};
  /// The longest time for which a failure is remembered: long enough to spare the name server, short enough
  /// for a person to wait. If there are older addresses, they are used during this time.
  static constexpr clock::duration failure_life = std::chrono::seconds{5};

  explicit address_cache(clock::duration life = success_life) noexcept : life_{life} {}

  void store(clock::time_point now, lookup_result);
  /// A dial has failed with these addresses: they become stale at once, so that the name is looked up again.
  /// A failed look-up is still remembered.
  void doubt() noexcept;
  /// The result of the last look-up, or older addresses if it gave none.
  lookup_result latest() const;
  /// What may be used without a look-up: fresh addresses, or, just after a failure, older addresses or that
  /// failure.
  std::optional<lookup_result> fresh(clock::time_point now) const;
  /// When a failure that `fresh` returns is forgotten.
  clock::time_point fresh_until() const noexcept { return fresh_until_; }
  /// Addresses of any age; empty if none were ever found.
  const addresses& stale() const noexcept { return last_found_; }

 private:
  clock::duration life_;
  clock::duration next_failure_life_ = first_failure_life;
  addresses last_found_;
  std::string problem_;
  clock::time_point fresh_until_ = clock::time_point::min();
};

}  // namespace ephemint::inline v0::net
