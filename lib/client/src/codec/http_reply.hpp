#pragma once

#include <ephemint/clock.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace ephemint::inline v0::detail {

/// One whole reply, split into its parts but not interpreted. The views point into the connection's buffers
/// and are valid until the observer's call returns.
struct http_reply {
  int status = 0;
  /// At least 64 readable bytes follow it, for the JSON parser.
  std::string_view body;
  /// Why the body was refused: it is too long, or its transfer or content coding isn't supported. Empty: it
  /// wasn't refused. A refused body isn't read (`body` is empty), and the connection ends.
  std::string_view body_fault;
  std::string_view content_type;
  /// `X-ShipEngine-RequestID`.
  std::string_view request_id;
  /// `Retry-After`. Empty if absent, or if there was more than one and they differ.
  std::string_view retry_after;
  std::string_view date;
  /// When all of it had been received. Set by the connection.
  clock::time_point came_at{};
  /// Whether the connection can take another request.
  bool reusable = false;
  /// `Keep-Alive: timeout`, if the server sent one.
  std::optional<std::chrono::seconds> keep_alive;
};

}  // namespace ephemint::inline v0::detail
