#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ephemint::inline v0::detail {

/// One whole reply, framed but not understood. The views point into the connection's buffers and hold until
/// the observer's call returns.
struct http_reply {
  int status = 0;
  /// At least 64 readable bytes follow it, for the JSON parser.
  std::string_view body;
  /// Why its body was refused: it is too long, or framed or coded in a way that isn't taken. Empty: it
  /// wasn't. A refused one isn't read (`body` is empty), and the connection ends.
  std::string_view body_fault;
  std::string_view content_type;
  /// `X-ShipEngine-RequestID`.
  std::string_view request_id;
  /// `Retry-After`. Empty if absent, or if there was more than one and they differ.
  std::string_view retry_after;
  std::string_view date;
  /// Whether the connection can take another request.
  bool reusable = false;
  /// `Keep-Alive: timeout`, where the server says one.
  std::optional<std::chrono::seconds> keep_alive;
};

}  // namespace ephemint::inline v0::detail
