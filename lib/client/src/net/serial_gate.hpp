#pragma once

#include "net/process_mark.hpp"

#include <atomic>
#include <memory>

namespace ephemint::inline v0::net {

/// A task for a `serial_gate`. It is a member of the object whose state it touches, so that running it
/// allocates nothing and can't fail.
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

/// A result for a caller, which is told (delivered) outside the gate.
class completion {
 public:
  /// Where it is told from: on the executor foreign code may run at once, elsewhere it must be posted.
  enum class place : unsigned char { on_executor, elsewhere };

  completion() = default;
  completion(const completion&) = delete;
  completion& operator=(const completion&) = delete;

 protected:
  ~completion() = default;

 private:
  friend class serial_gate;
  /// Tells the result and destroys itself. False: it couldn't be told now for want of memory, and will be
  /// told later. If `on_executor`, may throw what foreign code throws.
  virtual bool tell(place) = 0;
  /// Destroys itself without telling.
  virtual void drop() noexcept = 0;

  completion* next_ = nullptr;
};

/// Runs tasks one at a time, on whichever thread comes. It does what a strand does, but needs no memory of
/// its own and no type-erased executor, and so can't fail.
///
/// A task runs on the calling thread if the gate is free, and otherwise on the thread that is inside.
/// Completions are told after the gate was left, in the order in which they were said.
class serial_gate {
 public:
  /// `shared`: several threads may enter.
  explicit serial_gate(bool shared) : shared_{shared} {}
  ~serial_gate();
  serial_gate(const serial_gate&) = delete;
  serial_gate& operator=(const serial_gate&) = delete;

  /// Runs the task, now or as soon as the thread inside gets to it. The task must not be waiting to run
  /// already. `keeper` owns the object of which the task is a part, and is held until the task ran. If `from`
  /// is `on_executor`, throws what the foreign code of completions throws.
  void enter(gate_task&, std::shared_ptr<const void> keeper, completion::place from);

  /// Whether a thread is inside. If one was inside during a `fork`, the gate stays occupied for ever in the
  /// child.
  bool occupied() const noexcept { return waiting_.load(std::memory_order_relaxed) != nullptr; }

  /// From inside: the `place` of the thread that runs the present task. Another thread may have brought the
  /// task.
  completion::place entered_from() const noexcept { return entered_from_; }
  /// From inside: the completion is told once the gate is left. Takes ownership.
  void say(completion&) noexcept;
  /// For when the context is gone, and nothing can be told any more: drops the completions that weren't told.
  void drop_said() noexcept;

 private:
  bool begin(gate_task&) noexcept;
  bool leave() noexcept;
  void run_waiting() noexcept;
  static void run(gate_task&) noexcept;
  void tell_all(completion::place);

  const process_mark made_in_;
  const bool shared_;
  /// Null: the gate is free. Otherwise the newest waiting task, or `inside()` if none waits.
  std::atomic<gate_task*> waiting_{nullptr};
  gate_task* inside() const noexcept;
  completion::place entered_from_ = completion::place::elsewhere;
  std::atomic<completion*> said_{nullptr};  // newest first
};

}  // namespace ephemint::inline v0::net
