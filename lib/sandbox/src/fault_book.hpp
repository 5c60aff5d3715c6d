#pragma once

#include <ephemint/sandbox/fault.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <random>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// What the faults do to one request.
struct request_fate {
  std::chrono::microseconds delay{0};
  /// The fault that shapes the reply, if there is one.
  std::optional<fault> reply;
  bool touched = false;
};

/// The faults of one server, in order, each with its own counts and chances.
class fault_book {
 public:
  /// The fault must have been checked.
  void add(fault);
  void clear() { entries_.clear(); }
  bool empty() const noexcept { return entries_.empty(); }

  /// `over_http2`: if false, HTTP/2's own faults are ignored.
  request_fate on_request(std::string_view account, std::uint64_t nth_on_connection, bool over_http2 = false);
  handshake_fault on_connection();
  /// How a connection that agreed on HTTP/2 begins.
  http2_fault on_http2_connection();

 private:
  struct entry {
    fault what;
    bool only_delays;
    std::mt19937_64 chance;
    std::uint64_t matched = 0;
    std::uint64_t happened = 0;
  };

  static bool strikes(entry&);
  /// The first fault for connections that happens now.
  std::optional<fault> first_of(bool (*which)(const fault&));

  std::list<entry> entries_;
};

/// Whether such a fault counts HTTP/2 connections instead of requests.
bool shapes_beginning(const http2_fault&);

/// A random time, uniform from 0 to `jitter`.
std::chrono::microseconds spread(std::chrono::milliseconds jitter, std::mt19937_64&);

}  // namespace ephemint::inline v0::sandbox
