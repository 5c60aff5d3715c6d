#pragma once

#include "progress.hpp"
#include "talk.hpp"

#include <ephemint/client.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace ephemint::cli {

/// Shows a batch's progress on stderr: on a terminal a line that is redrawn; elsewhere only that the batch
/// waits for the quota or for the end of an outage.
class batch_display {
 public:
  /// Shows the batch of `minter` while that has a value.
  batch_display(asio::any_io_executor, const std::optional<client>& minter,
                std::optional<std::uint64_t> total);

  /// Begins. Takes the client's quota, its governor, which estimates waits, and the options of the batch.
  void start(const quota&, std::shared_ptr<const rate_governor>, const many_options& batch);
  void minted() noexcept { ++progress_.minted; }
  void failed() noexcept { ++progress_.failed; }
  /// Removes the line, so that something else can be printed; it comes back by itself.
  void clear() noexcept;
  /// Removes the line for good.
  void stop();

  const progress& figures() const noexcept { return progress_; }

 private:
  static constexpr std::chrono::milliseconds redraw_time{100};

  void await_tick();
  void show(clock::time_point now);
  std::optional<outage_wait> outage(const client_stats&) const;
  std::optional<std::chrono::seconds> quota_wait(const client_stats&, clock::time_point now) const;
  std::optional<std::chrono::seconds> time_left(clock::time_point now) const;
  clock::duration estimate(clock::time_point now, std::uint64_t ahead) const;

  const std::optional<client>& client_;
  std::shared_ptr<const rate_governor> governor_;
  priority urgency_ = priority::background;
  std::uint64_t trickle_ = 0;
  terminal terminal_ = terminal_on(2);
  asio::steady_timer tick_;
  clock::time_point started_at_{};
  progress progress_;
  std::chrono::milliseconds patience_{};
  wait_notice notice_;
  wait_notice outage_notice_;
  bool drawn_ = false;
};

}  // namespace ephemint::cli
