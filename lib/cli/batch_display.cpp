#include "batch_display.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <utility>

#include <unistd.h>

namespace ephemint::cli {

batch_display::batch_display(asio::any_io_executor executor, const std::optional<client>& minter,
                             std::optional<std::uint64_t> total)
    : client_{minter}, tick_{executor} {
  progress_.total = total;
}

void batch_display::start(std::shared_ptr<const rate_governor> governor) {
  governor_ = std::move(governor);
  started_at_ = clock::now();
  await_tick();
}

void batch_display::await_tick() {
  tick_.expires_after(redraw_time);
  tick_.async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    show(clock::now());
    await_tick();
  });
}

void batch_display::show(clock::time_point now) {
  progress_.elapsed = now - started_at_;
  progress_.quota_wait = quota_wait(now);
  if (terminal_.redraws) {
    const std::string line = draw(progress_, terminal_width(STDERR_FILENO) - 1, terminal_.colours);
    talk(fmt::format("\r{}\x1b[K", line));
    drawn_ = true;
  } else if (notice_.is_due(progress_, now)) {
    talk(words_of_wait(*progress_.quota_wait) + '\n');
  }
}

/// A second or more, if nothing but the quota holds up those that wait.
std::optional<std::chrono::seconds> batch_display::quota_wait(clock::time_point now) const {
  if (!client_) return std::nullopt;
  const client_stats stats = client_->stats();
  if (stats.queued == 0 || stats.in_flight > 0) return std::nullopt;
  const clock::duration wait = governor_->estimate(now, {}, 0) - now;
  if (wait < std::chrono::seconds{1}) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(wait);
}

void batch_display::clear() noexcept {
  if (std::exchange(drawn_, false)) talk("\r\x1b[K");
}

void batch_display::stop() {
  tick_.cancel();
  clear();
}

}  // namespace ephemint::cli
