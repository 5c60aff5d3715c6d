#include "net/gate_timer.hpp"

#include <boost/asio/bind_allocator.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// A later time is waited for in several steps, so that no sum of times overflows.
constexpr std::chrono::hours longest_wait{24};

clock::duration rest_until(clock::time_point when) noexcept {
  const auto now = clock::now();
  return when > now ? std::min<clock::duration>(when - now, longest_wait) : clock::duration::zero();
}

}  // namespace

gate_timer::gate_timer(boost::asio::any_io_executor executor, serial_gate& gate, owner& told)
    : gate_{gate}, owner_{told}, timer_{std::in_place, std::move(executor)} {}

void gate_timer::set(clock::time_point when) {
  wanted_ = when;
  if (!pending_) return wait();
  // A wait that ends too early is begun again then. How long it still waits must be asked of the timer's own
  // clock, which may have stood still since it was set (S8). If it should be over, the reactor may have lost
  // it: to a child of a `fork` that runs the parent's context without `notify_fork`.
  const auto rest = timer_->expiry() - boost::asio::steady_timer::clock_type::now();
  if (rest <= clock::duration::zero() || rest_until(when) < rest) timer_->cancel();
}

void gate_timer::cancel() noexcept {
  wanted_.reset();
  if (timer_) timer_->cancel();
}

void gate_timer::wait() try {
  timer_->expires_after(rest_until(*wanted_));
  timer_->async_wait(boost::asio::bind_allocator(
      handler_allocator<char>{memory_}, [this, keeper = owner_.keeper()](const boost::system::error_code&) {
        gate_.enter(ended_, keeper, completion::place::on_executor);
      }));
  pending_ = true;
} catch (...) {
  wanted_.reset();
  throw;
}

void gate_timer::on_ended() noexcept {
  pending_ = false;
  if (!wanted_) return;
  // In the child of a `fork` no timer is set, as the timer queue is the parent's.
  if (clock::now() >= *wanted_ || made_in_.elsewhere()) {
    wanted_.reset();
    return owner_.on_time(*this);
  }
  try {
    wait();
  } catch (const std::bad_alloc&) {
    owner_.on_no_timer(*this);
  }
}

}  // namespace ephemint::inline v0::net
