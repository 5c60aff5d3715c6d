#pragma once

#include "net/process_mark.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::net {

/// One line of text. Copying one, or making one from a literal, allocates nothing.
class failure_text {
 public:
  failure_text() = default;
  failure_text(std::string text) : own_{std::make_shared<const std::string>(std::move(text))} {}

  /// `text` must have static storage.
  static failure_text literal(std::string_view text) noexcept {
    failure_text made;
    made.literal_ = text;
    return made;
  }

  std::string_view view() const noexcept { return own_ ? std::string_view{*own_} : literal_; }
  explicit operator std::string() const { return std::string{view()}; }

 private:
  std::string_view literal_;
  std::shared_ptr<const std::string> own_;
};

/// Why a connection couldn't be established, or was lost. A plain value, which goes through the engine to the
/// callers.
struct failure {
  mint_errc code = mint_errc::connect_failed;
  /// What happened to which host, and what to do. No secrets, no untrusted text.
  failure_text message = {};
  /// False if trying again won't help: a certificate was refused, the host doesn't speak TLS, or the proxy
  /// wants other credentials.
  bool retryable = true;
  /// Before this time, trying again would only give the remembered failure.
  clock::time_point not_before = clock::time_point::min();
  /// The cause is in this machine or process: no address is to blame.
  bool ours = false;
  /// The server wants HTTP/1.1: from now on only that is offered.
  bool other_protocol = false;
};

/// The failure when memory ran out; making it allocates nothing.
inline failure out_of_memory() noexcept {
  return {mint_errc::connect_failed, failure_text::literal("out of memory"), true, clock::time_point::min(),
          true};
}

/// The failure in the child of a `fork`.
inline failure came_through_fork() noexcept {
  return {mint_errc::closed, failure_text::literal(made_before_fork), false, clock::time_point::min(), true};
}

/// The failure of an established connection that ended because of `what`.
inline failure connection_lost(const std::string& host, std::string_view what) {
  std::string message = "the connection to " + host + " was lost: ";
  message += what;
  return {mint_errc::connect_failed, std::move(message), true};
}

}  // namespace ephemint::inline v0::net
