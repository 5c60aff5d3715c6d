#include "batch_display.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace ephemint::cli {
namespace {

std::string_view protocol_of(const client_stats& seen) {
  if (seen.connections == 0) return {};
  if (seen.http2_connections == 0) return "HTTP/1.1";
  return seen.http2_connections == seen.connections ? "HTTP/2" : "HTTP/1.1 and HTTP/2";
}

}  // namespace

batch_display::batch_display(asio::any_io_executor executor, const std::optional<client>& minter,
                             std::optional<std::uint64_t> total)
    : client_{minter}, tick_{executor} {
  progress_.total = total;
}

void batch_display::start(const quota& rate, std::shared_ptr<const rate_governor> governor,
                          const many_options& batch) {
  // Mints with a deadline don't wait through outages.
  patience_ = batch.deadline == no_deadline ? batch.outage_patience : std::chrono::milliseconds{0};
  governor_ = std::move(governor);
  urgency_ = batch.urgency;
  // A governor spreads the last tenth of a window: what matters is when permits flow freely again.
  trickle_ = rate.requests() / 10;
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
  const client_stats seen = client_ ? client_->stats() : client_stats{};
  progress_.elapsed = now - started_at_;
  progress_.outage = outage(seen);
  progress_.quota_wait = progress_.outage ? std::nullopt : quota_wait(seen, now);
  progress_.quota = seen.quota;
  progress_.key_refused = seen.key_refused;
  progress_.protocol = protocol_of(seen);
  progress_.time_left = time_left(now);
  if (terminal_.redraws) {
    const std::string line = draw(progress_, terminal_width(STDERR_FILENO) - 1, terminal_.colours);
    talk(fmt::format("\r{}\x1b[K", line));
    drawn_ = true;
    return;
  }
  const auto left = progress_.outage ? std::optional{progress_.outage->gives_up_in} : std::nullopt;
  if (outage_notice_.is_due(left, now)) talk(words_of_outage(*progress_.outage) + '\n');
  if (notice_.is_due(progress_.quota_wait, now)) talk(words_of_wait(*progress_.quota_wait) + '\n');
}

/// Set while mints wait that will go on when the API is back.
std::optional<outage_wait> batch_display::outage(const client_stats& seen) const {
  if (seen.queued == 0) return std::nullopt;
  const auto known = client_->outage();
  if (!known || known->lasted >= patience_) return std::nullopt;
  return outage_wait{outage_cause(known->cause),
                     std::chrono::ceil<std::chrono::seconds>(patience_ - known->lasted)};
}

/// A wait is shown from a second on, until nothing of it is left.
std::optional<std::chrono::seconds> batch_display::quota_wait(const client_stats& seen,
                                                              clock::time_point now) const {
  if (seen.queued == 0) return std::nullopt;
  const clock::duration wait = estimate(now, std::min<std::uint64_t>(seen.queued - 1, trickle_));
  const auto least = progress_.quota_wait ? clock::duration{1} : std::chrono::seconds{1};
  if (wait < least) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(wait);
}

/// At the pace so far, but at least as long as the quota demands.
std::optional<std::chrono::seconds> batch_display::time_left(clock::time_point now) const {
  constexpr std::chrono::milliseconds telling{500};
  const std::uint64_t done = progress_.done();
  if (!progress_.total || done == 0 || done >= *progress_.total || progress_.elapsed < telling)
    return std::nullopt;
  const std::uint64_t left = *progress_.total - done;
  const std::chrono::duration<double> at_this_pace = progress_.elapsed * (double(left) / double(done));
  const std::chrono::duration<double> by_quota = estimate(now, left - 1);
  return std::chrono::ceil<std::chrono::seconds>(std::max(at_this_pace, by_quota));
}

/// How long until the permit after `ahead` others.
clock::duration batch_display::estimate(clock::time_point now, std::uint64_t ahead) const {
  permit_request next;
  next.urgency = urgency_;
  return governor_->estimate(now, next, static_cast<std::size_t>(ahead)) - now;
}

void batch_display::clear() noexcept {
  if (std::exchange(drawn_, false)) talk("\r\x1b[K");
}

void batch_display::stop() {
  tick_.cancel();
  clear();
}

}  // namespace ephemint::cli
