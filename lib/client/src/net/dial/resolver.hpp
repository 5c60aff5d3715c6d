#pragma once

#include "net/dial/address_cache.hpp"
#include "net/dial/executor_gate.hpp"
#include "net/serial_gate.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::net {

/// Asks the system for a host's addresses, and blocks. Replaced in tests.
using lookup_function = std::function<lookup_result(const std::string& host)>;
lookup_result system_lookup(const std::string& host);

/// Finds one host's addresses, with a small cache. getaddrinfo can't be cancelled, so each look-up runs on a
/// thread of its own, at most one at a time. Nothing ever waits for that thread: waiters that still live are
/// told the result.
class resolver : public std::enable_shared_from_this<resolver> {
 public:
  resolver(const boost::asio::any_io_executor&, std::shared_ptr<serial_gate>, std::string host,
           lookup_function = &system_lookup, clock::duration life = address_cache::success_life);
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// The addresses, if they are known now. Those of an IP literal and of `localhost` always are.
  std::optional<lookup_result> known(clock::time_point now) const;

  /// Is told the result inside the gate, and never from inside `find`, if it still lives then. It isn't told
  /// if memory ran out.
  class waiter {
   public:
    virtual void on_addresses(const lookup_result&) noexcept = 0;

   protected:
    ~waiter() = default;
  };
  /// Joins the look-up under way, or starts one. Throws `std::system_error` if no thread can be started, or
  /// `std::bad_alloc`; then the waiter isn't told.
  void find(std::weak_ptr<waiter>);

  /// When a failure that `known` returns is forgotten, so that the next `find` looks the name up.
  clock::time_point next_look_up() const noexcept { return cache_.fresh_until(); }
  /// A dial has failed: the addresses may have moved, and the next dial looks them up again (behaviours N7).
  void doubt() noexcept { cache_.doubt(); }

  /// Addresses of any age, for a dial that can't wait any longer.
  const addresses& stale() const noexcept { return cache_.stale(); }

 private:
  /// One look-up. The resolver and the thread share it, as either may end first.
  class search;

  void start();
  void on_result(std::optional<lookup_result>) noexcept;

  const std::string host_;
  const lookup_function lookup_;
  const std::shared_ptr<serial_gate> serial_;
  const std::shared_ptr<executor_gate> gate_;
  address_cache cache_;
  std::optional<lookup_result> by_heart_;
  std::vector<std::weak_ptr<waiter>> waiters_;
  std::shared_ptr<search> search_;  // null: no look-up is under way
};

/// Whether the name means loopback, whatever a name server says (RFC 6761, 6.3).
bool is_loopback_name(std::string_view host) noexcept;

}  // namespace ephemint::inline v0::net
