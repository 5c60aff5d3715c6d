#pragma once

#include "net/process_mark.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::net {

/// One line of text. To copy it, and to have one that stands in the program, takes no memory.
class failure_text {
 public:
  failure_text() = default;
  failure_text(std::string text) : own_{std::make_shared<const std::string>(std::move(text))} {}

  /// `text` must stand for ever.
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

/// Why a connection couldn't be had, or was lost. Plain: it travels through the engine to whoever waits.
struct failure {
  mint_errc code = mint_errc::connect_failed;
  /// What happened to which host, and what to do. No secrets, no untrusted text.
  failure_text message = {};
  /// False for what won't change by trying again: a certificate that was refused, a host that speaks no TLS,
  /// a proxy that wants other credentials.
  bool retryable = true;
  /// Before this, trying again would only meet what is remembered of it.
  clock::time_point not_before = clock::time_point::min();
  /// This machine's or this process's trouble: no address is accused of it.
  bool ours = false;
  /// The server wants HTTP/1.1, which is all that it is offered from now on.
  bool other_protocol = false;
};

/// What there is to say when memory ran out; to say it takes none.
inline failure out_of_memory() noexcept {
  return {mint_errc::connect_failed, failure_text::literal("out of memory"), true, clock::time_point::min(),
          true};
}

/// What there is to say in the child of a `fork`.
inline failure came_through_fork() noexcept {
  return {mint_errc::closed, failure_text::literal(made_before_fork), false, clock::time_point::min(), true};
}

/// A connection that stood, and ended because of `what`.
inline failure connection_lost(const std::string& host, std::string_view what) {
  std::string message = "the connection to " + host + " was lost: ";
  message += what;
  return {mint_errc::connect_failed, std::move(message), true};
}

}  // namespace ephemint::inline v0::net
