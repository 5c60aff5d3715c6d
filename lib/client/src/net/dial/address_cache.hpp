#pragma once

#include <ephemint/clock.hpp>

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::inline v0::net {

using addresses = std::vector<boost::asio::ip::address>;

/// What a look-up gave: addresses in the system's order of preference, or why there are none.
struct lookup_result {
  addresses found;
  std::string problem;  ///< empty exactly if `found` isn't
};

/// Remembers one host's look-ups. Time is a parameter.
class address_cache {
 public:
  /// getaddrinfo doesn't tell the record's own life; a minute is what common API hosts use, and bounds how
  /// long a moved address is missed.
  static constexpr clock::duration success_life = std::chrono::seconds{60};
  /// A name that was never found is asked for again after this, doubled with each failure in a row: most
  /// failures last for a moment, and nobody can be served meanwhile.
  static constexpr clock::duration first_failure_life = std::chrono::milliseconds{100};
  /// Long enough that a crowd of waiters doesn't storm the name server, short enough for a person to wait
  /// out. Where there are older addresses, they are used for so long.
  static constexpr clock::duration failure_life = std::chrono::seconds{5};

  explicit address_cache(clock::duration life = success_life) noexcept : life_{life} {}

  void store(clock::time_point now, lookup_result);
  /// A dial has failed with these addresses: the name is looked up again at once. A look-up that failed is
  /// remembered all the same.
  void doubt() noexcept;
  /// What the last look-up gave; older addresses, if it gave none.
  lookup_result latest() const;
  /// What may be used without asking anybody: fresh addresses, older ones just after a failure, or that
  /// failure.
  std::optional<lookup_result> fresh(clock::time_point now) const;
  /// When a failure that `fresh` gives is forgotten.
  clock::time_point fresh_until() const noexcept { return fresh_until_; }
  /// Addresses of whatever age; empty if none were ever found.
  const addresses& stale() const noexcept { return last_found_; }

 private:
  clock::duration life_;
  clock::duration next_failure_life_ = first_failure_life;
  addresses last_found_;
  std::string problem_;
  clock::time_point fresh_until_ = clock::time_point::min();
};

}  // namespace ephemint::inline v0::net
