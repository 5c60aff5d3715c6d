#pragma once

#include "net/process_mark.hpp"

#include <atomic>
#include <memory>

namespace ephemint::inline v0::net {

/// Something to do inside a `serial_gate`. It is part of the object whose state it touches, so that to have
/// it done takes no memory and can't fail.
class gate_task {
 public:
  gate_task() = default;
  gate_task(const gate_task&) = delete;
  gate_task& operator=(const gate_task&) = delete;

 protected:
  ~gate_task() = default;

 private:
  friend class serial_gate;
  virtual void run() noexcept = 0;

  gate_task* next_ = nullptr;
  std::shared_ptr<const void> keeper_;
};

/// A task that calls a member of its owner.
template <class Owner, void (Owner::*Member)() noexcept>
class member_task final : public gate_task {
 public:
  explicit member_task(Owner& owner) noexcept : owner_{owner} {}

 private:
  void run() noexcept override { (owner_.*Member)(); }

  Owner& owner_;
};

/// Something that is to be told to a caller, outside the gate.
class completion {
 public:
  /// From where: whether foreign code may run at once, or must be posted.
  enum class place : unsigned char { on_executor, elsewhere };

  completion() = default;
  completion(const completion&) = delete;
  completion& operator=(const completion&) = delete;

 protected:
  ~completion() = default;

 private:
  friend class serial_gate;
  /// Tells it, and destroys itself. False: for want of memory it couldn't be told now; it is told later. May
  /// throw what foreign code throws, if `on_executor`.
  virtual bool tell(place) = 0;
  /// It won't be told: destroys itself.
  virtual void drop() noexcept = 0;

  completion* next_ = nullptr;
};

/// Has tasks run one at a time, on whatever thread comes: what a strand does, but without memory of its own,
/// without an executor's erasure, and so without a way to fail.
///
/// A task runs on the thread that brought it if nobody is inside, else on the thread that is. What is to be
/// told to callers is told after the gate was left, in the order in which it was said.
class serial_gate {
 public:
  /// `shared`: more than one thread may come.
  explicit serial_gate(bool shared) : shared_{shared} {}
  ~serial_gate();
  serial_gate(const serial_gate&) = delete;
  serial_gate& operator=(const serial_gate&) = delete;

  /// Has the task run, now or as soon as whoever is inside comes to it. It must not be waiting to run
  /// already. `keeper` is held until it ran: whatever the task is part of. Throws what foreign code that is
  /// told something throws, if `from` is `on_executor`.
  void enter(gate_task&, std::shared_ptr<const void> keeper, completion::place from);

  /// Whether somebody is inside. One who was when the process was forked is so for ever in the child.
  bool occupied() const noexcept { return waiting_.load(std::memory_order_relaxed) != nullptr; }

  /// From inside: from where the thread came that runs the present task, which another may have brought.
  completion::place entered_from() const noexcept { return entered_from_; }
  /// From inside: has this told once the gate is left. Takes ownership.
  void say(completion&) noexcept;
  /// For when the context is gone, and nobody can be told anything: drops what was said and not told.
  void drop_said() noexcept;

 private:
  bool begin(gate_task&) noexcept;
  bool leave() noexcept;
  void run_waiting() noexcept;
  static void run(gate_task&) noexcept;
  void tell_all(completion::place);

  const process_mark made_in_;
  const bool shared_;
  /// Null: nobody is inside. Else the newest waiting task, or `inside()` if none waits.
  std::atomic<gate_task*> waiting_{nullptr};
  gate_task* inside() const noexcept;
  completion::place entered_from_ = completion::place::elsewhere;
  std::atomic<completion*> said_{nullptr};  // newest first
};

}  // namespace ephemint::inline v0::net
