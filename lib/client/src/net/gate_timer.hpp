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

/// A timer of something that lives behind a gate. Only one wait is ever pending, so that its memory is always
/// there: one that is to end earlier is set anew by the handler of the wait that it replaces.
///
/// Asio's timers stand still while the machine sleeps, and `clock` doesn't: one that slept comes late, by no
/// more than what was left of its wait. Whatever else happens first finds what is overdue.
class gate_timer {
 public:
  /// Told from inside the gate.
  class owner {
   public:
    virtual void on_time(gate_timer&) noexcept = 0;
    /// It was set, and is no more: memory ran out when the wait was to be replaced.
    virtual void on_no_timer(gate_timer&) noexcept = 0;
    /// What keeps the owner, and with it the timer and the gate, while a wait is pending.
    virtual std::shared_ptr<const void> keeper() noexcept = 0;

   protected:
    ~owner() = default;
  };

  gate_timer(boost::asio::any_io_executor, serial_gate&, owner&);

  /// Has `on_time` called then, once, and not at an earlier time that it was set to. Throws `std::bad_alloc`:
  /// it is not set.
  void set(clock::time_point);
  void cancel() noexcept;
  /// Its context is being destroyed: lets go of all that is the context's. It can't be set any more.
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
