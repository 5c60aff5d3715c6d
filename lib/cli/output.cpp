#include "output.hpp"

#include <ephemint/secret.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <cerrno>
#include <chrono>
#include <utility>

#include <unistd.h>

namespace ephemint::cli {

output::output(asio::any_io_executor executor, int descriptor)
    : descriptor_{descriptor}, room_{executor}, wait_{executor}, drained_{executor} {
  if (can_be_awaited(descriptor) && ::isatty(descriptor) != 1) mode_.emplace(descriptor);
  buffer_.reserve(2 * longest_gathered);
}

output::~output() {
  forget();
  if (room_.is_open()) room_.release();
}

void output::lines_added() {
  if (failure_) return forget();
  if (stalled_) return;
  if (buffer_.size() >= longest_gathered) return write();
  if (std::exchange(waiting_, true)) return;
  wait_.expires_after(longest_wait);
  wait_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    waiting_ = false;
    if (!stalled_) write();
  });
}

void output::write() {
  if (buffer_.empty()) return;
  before_write();
  while (written_ < buffer_.size()) {
    const ssize_t size = ::write(descriptor_, buffer_.data() + written_, buffer_.size() - written_);
    if (size >= 0)
      written_ += static_cast<std::size_t>(size);
    else if (errno == EAGAIN)
      return await_room();
    else if (errno != EINTR)
      return fail(errno);
  }
  forget();
}

void output::await_room() {
  stalled_ = true;
  if (!room_.is_open()) room_.assign(descriptor_);
  room_.async_wait(asio::posix::stream_descriptor::wait_write, [this](boost::system::error_code error) {
    if (failure_) return;
    if (error) return fail(error.value());
    stalled_ = false;
    write();
    if (!stalled_) drained_.cancel();
  });
}

asio::awaitable<void> output::drained() {
  if (!stalled_ && !failure_) write();
  while (stalled_ && !failure_) {
    boost::system::error_code cancelled;
    drained_.expires_at(asio::steady_timer::time_point::max());
    co_await drained_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

void output::fail(int error) {
  if (failure_) return;
  failure_ = {error, std::generic_category()};
  stalled_ = false;
  if (room_.is_open()) room_.cancel();
  drained_.cancel();
  forget();
  on_failure();
}

void output::forget() {
  wipe(buffer_.data(), buffer_.size());
  buffer_.clear();
  written_ = 0;
}

}  // namespace ephemint::cli
