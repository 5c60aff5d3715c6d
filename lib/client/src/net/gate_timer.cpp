#include "net/gate_timer.hpp"

#include <boost/asio/bind_allocator.hpp>

#include <new>
#include <utility>

namespace ephemint::inline v0::net {

gate_timer::gate_timer(boost::asio::any_io_executor executor, serial_gate& gate, owner& told)
    : gate_{gate}, owner_{told}, timer_{std::in_place, std::move(executor)} {}

void gate_timer::set(clock::time_point when) {
  wanted_ = when;
  if (!pending_) return wait();
  if (when < timer_->expiry()) timer_->cancel();  // one that ends too early is set anew when it has ended
}

void gate_timer::cancel() noexcept {
  wanted_.reset();
  if (timer_) timer_->cancel();
}

void gate_timer::wait() try {
  timer_->expires_at(*wanted_);
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
  if (clock::now() >= *wanted_) {
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
