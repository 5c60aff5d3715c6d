#pragma once

#include "net/handler_memory.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"

#include <ephemint/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>

namespace ephemint::inline v0::net {

/// A timer for an object that lives behind a gate. Only one wait is ever pending, so that its memory is
/// always available: to end a wait earlier, it is cancelled, and its handler begins the new one.
///
/// Asio's timers stand still while the machine sleeps, but `clock` doesn't. So after a sleep a timer is late
/// by at most the rest of its wait. Any event that comes before then finds what is overdue.
class gate_timer {
 public:
  /// Called from inside the gate.
  class owner {
   public:
    virtual void on_time(gate_timer&) noexcept = 0;
    /// The timer was set but isn't any more: memory ran out when the wait had to be replaced.
    virtual void on_no_timer(gate_timer&) noexcept = 0;
    /// What keeps the owner, and with it the timer and the gate, while a wait is pending.
    virtual std::shared_ptr<const void> keeper() noexcept = 0;

   protected:
    ~owner() = default;
  };

  gate_timer(boost::asio::any_io_executor, serial_gate&, owner&);

  /// Calls `on_time` once at that time; replaces an earlier setting. Throws `std::bad_alloc`; then the timer
  /// isn't set.
  void set(clock::time_point);
  void cancel() noexcept;
  /// The context is being destroyed: releases everything of the context's. The timer can't be set any more.
  void drop() noexcept { timer_.reset(); }

 private:
  void wait();
  void on_ended() noexcept;

  const process_mark made_in_;
  serial_gate& gate_;
  owner& owner_;
  std::optional<boost::asio::steady_timer> timer_;
  std::optional<clock::time_point> wanted_;
  bool pending_ = false;
  handler_memory memory_;
  member_task<gate_timer, &gate_timer::on_ended> ended_{*this};
};

}  // namespace ephemint::inline v0::net
