#pragma once

#include "core/engine.hpp"
#include "core/key/key_state.hpp"
#include "shell/published.hpp"

#include <ephemint/client_stats.hpp>
#include <ephemint/rate_governor.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace ephemint::inline v0::detail {

/// A client's figures, readable from any thread. They are a separate object, so that a reader doesn't become
/// the client's last owner and destroy it on the reader's thread.
class client_figures {
 public:
  struct numbers {
    core::engine::counts engine;
    std::uint64_t full_handshakes = 0;
    std::uint64_t resumed_handshakes = 0;
  };

  client_figures(std::shared_ptr<const rate_governor> governor, std::shared_ptr<const core::key_state> key)
      : governor_{std::move(governor)}, key_{std::move(key)} {}

  /// From inside the client's gate.
  void publish(const numbers& now) noexcept { published_.store(now); }

  numbers read() const noexcept { return published_.load(); }
  client_stats stats() const noexcept;
  const rate_governor& governor() const noexcept { return *governor_; }

 private:
  const std::shared_ptr<const rate_governor> governor_;
  const std::shared_ptr<const core::key_state> key_;
  published<numbers> published_;
};

}  // namespace ephemint::inline v0::detail
