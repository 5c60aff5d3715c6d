#include "output.hpp"

#include <ephemint/secret.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <unistd.h>

namespace ephemint::cli {

output::output(asio::any_io_executor executor, int descriptor)
    : descriptor_{descriptor},
      reader_{read_end::of(descriptor)},
      room_{executor},
      later_{executor},
      changed_{executor} {
  if (can_be_awaited(descriptor) && ::isatty(descriptor) != 1) mode_.emplace(descriptor);
  buffer_.reserve(2 * longest_gathered);
}

output::~output() {
  forget();
  if (room_.is_open()) room_.release();
}

void output::add(result_line&& line) {
  if (failure_ || line.text.empty()) return;
  gathered_ += line.text.size();
  lines_.push_back(std::move(line));
  if (stalled_) return;
  if (reader_) pace_.wrote(now().now);
  if (reader_ || gathered_ >= longest_gathered) return write();
  if (!std::exchange(waiting_, true)) write_later();
}

void output::write_later() {
  later_.expires_after(longest_wait);
  later_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    waiting_ = false;
    if (!stalled_) write();
  });
}

void output::write() {
  if (lines_.empty() && buffer_.empty()) return;
  before_write();
  while (!lines_.empty() || !buffer_.empty()) {
    if (buffer_.empty()) stamp_lines();
    const ssize_t size = ::write(descriptor_, buffer_.data() + written_, buffer_.size() - written_);
    if (size >= 0)
      took(static_cast<std::size_t>(size));
    else if (errno == EAGAIN)
      return await_room();
    else if (errno != EINTR)
      return fail(errno);
    if (written_ == buffer_.size()) keep_begun_line();
  }
}

void output::took(std::size_t size) noexcept {
  written_ += size;
  if (reader_) reader_->written();
}

/// Writes the present times into the lines. If the process was stopped after reading the clock they would be
/// wrong, so this is checked.
void output::stamp_lines() {
  moment at = now();
  for (int tries = 0; tries < 3; ++tries) {
    wipe(buffer_.data(), buffer_.size());
    buffer_.clear();
    ends_.clear();
    for (const result_line& line : lines_) {
      if (buffer_.size() >= longest_gathered) break;
      stamp(line, at, buffer_);
      ends_.push_back(buffer_.size());
    }
    const moment then = now();
    if (then.now - at.now <= longest_stamping) return;
    at = then;
  }
}

/// Drops the lines of which nothing was written, as they will be stamped anew.
void output::keep_begun_line() {
  std::size_t begun = 0, end = 0;
  while (begun < ends_.size() && end < written_) end = ends_[begun++];
  if (ends_.empty()) end = buffer_.size();  // the rest of one line
  for (std::size_t i = 0; i < begun; ++i) {
    gathered_ -= lines_.front().text.size();
    lines_.pop_front();
  }
  wipe(buffer_.data() + end, buffer_.size() - end);
  buffer_.resize(end);
  ends_.clear();
  if (written_ < buffer_.size()) return;
  wipe(buffer_.data(), buffer_.size());
  buffer_.clear();
  written_ = 0;
}

void output::await_room() {
  keep_begun_line();
  stalled_ = true;
  if (!room_.is_open()) room_.assign(descriptor_);
  room_.async_wait(asio::posix::stream_descriptor::wait_write, [this](boost::system::error_code error) {
    if (failure_) return;
    if (error) return fail(error.value());
    stalled_ = false;
    write();
    if (!stalled_) changed_.cancel();
  });
}

bool output::ready() {
  return !failure_ && !stalled_ && (!reader_ || pace_.may_write() || reader_took_all());
}

bool output::reader_took_all() {
  const read_end::state state = reader_->look();
  if (state == read_end::state::closed) fail(EPIPE);
  if (state == read_end::state::taken)
    pace_.took_all(now().now);
  else
    pace_.lags(now().now);
  return state == read_end::state::taken;
}

asio::awaitable<void> output::until_ready() {
  const auto begin = now().now;
  while (!ready() && !failure_) {
    const auto waited = std::chrono::floor<std::chrono::microseconds>(now().now - begin);
    if (waited >= long_wait && !std::exchange(long_wait_told_, true)) on_long_wait();
    co_await changed(stalled_ ? asio::steady_timer::duration::max() : until_next_look(waited));
  }
}

asio::awaitable<void> output::until_written() {
  if (!stalled_ && !failure_) write();
  while (stalled_ && !failure_) co_await changed(asio::steady_timer::duration::max());
}

/// Waits until something may have changed.
asio::awaitable<void> output::changed(asio::steady_timer::duration longest) {
  boost::system::error_code cancelled;
  if (longest == asio::steady_timer::duration::max())
    changed_.expires_at(asio::steady_timer::time_point::max());
  else
    changed_.expires_after(longest);
  co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

void output::fail(int error) {
  if (failure_) return;
  failure_ = {error, std::generic_category()};
  stalled_ = false;
  if (room_.is_open()) room_.cancel();
  changed_.cancel();
  forget();
  on_failure();
}

void output::forget() {
  wipe(buffer_.data(), buffer_.size());
  buffer_.clear();
  ends_.clear();
  written_ = 0;
  lines_.clear();
  gathered_ = 0;
}

}  // namespace ephemint::cli
