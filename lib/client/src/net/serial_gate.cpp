#include "net/serial_gate.hpp"

#include <cassert>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

class marker final : public gate_task {
  void run() noexcept override {}
};
constinit marker the_marker;

/// Reverses a list whose newest node is first.
template <class Node, class Next>
Node* oldest_first(Node* newest, Next next) noexcept {
  Node* oldest = nullptr;
  while (newest) newest = std::exchange(next(*newest), std::exchange(oldest, newest));
  return oldest;
}

}  // namespace

serial_gate::~serial_gate() { assert(!occupied() || made_in_.elsewhere()); }

gate_task* serial_gate::inside() const noexcept { return &the_marker; }

void serial_gate::enter(gate_task& task, std::shared_ptr<const void> keeper, completion::place from) {
  task.keeper_ = std::move(keeper);
  if (!begin(task)) return;
  entered_from_ = from;
  run(task);
  do run_waiting();
  while (!leave());
  tell_all(from);
}

/// True: the gate was free, and the caller is inside now. False: the thread inside will run the task.
bool serial_gate::begin(gate_task& task) noexcept {
  gate_task* before = waiting_.load(std::memory_order_relaxed);
  if (!shared_) {
    if (!before) return waiting_.store(inside(), std::memory_order_relaxed), true;
    task.next_ = before == inside() ? nullptr : before;
    waiting_.store(&task, std::memory_order_relaxed);
    return false;
  }
  for (;;) {
    task.next_ = before == inside() ? nullptr : before;
    if (waiting_.compare_exchange_weak(before, before ? &task : inside(), std::memory_order_acq_rel,
                                       std::memory_order_relaxed))
      return before == nullptr;
  }
}

/// False: another task has come meanwhile.
bool serial_gate::leave() noexcept {
  gate_task* expected = inside();
  if (shared_)
    return waiting_.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel,
                                            std::memory_order_relaxed);
  if (waiting_.load(std::memory_order_relaxed) != expected) return false;
  waiting_.store(nullptr, std::memory_order_relaxed);
  return true;
}

void serial_gate::run_waiting() noexcept {
  while (waiting_.load(std::memory_order_relaxed) != inside()) {
    gate_task* newest = waiting_.exchange(inside(), std::memory_order_acq_rel);
    for (gate_task* t = oldest_first(newest, [](gate_task& of) -> gate_task*& { return of.next_; }); t;) {
      gate_task& now = *t;
      t = t->next_;
      run(now);
    }
  }
}

/// The task may enter itself again while it runs, and may be gone afterwards: so its keeper is only read
/// before.
void serial_gate::run(gate_task& task) noexcept {
  const auto keeper = std::move(task.keeper_);
  task.run();
}

void serial_gate::say(completion& what) noexcept {
  what.next_ = said_.load(std::memory_order_relaxed);
  while (
      !said_.compare_exchange_weak(what.next_, &what, std::memory_order_acq_rel, std::memory_order_relaxed)) {
  }
}

/// The second and later completions are posted, so that they needn't wait for the foreign code of the first.
void serial_gate::tell_all(completion::place from) {
  if (!said_.load(std::memory_order_relaxed)) return;
  completion* first = oldest_first(said_.exchange(nullptr, std::memory_order_acq_rel),
                                   [](completion& of) -> completion*& { return of.next_; });
  if (!first) return;
  const auto tell = [this](completion& what, completion::place where) {
    if (!what.tell(where)) say(what);
  };
  completion* rest = std::exchange(first->next_, nullptr);
  while (rest) {
    completion& now = *rest;
    rest = std::exchange(now.next_, nullptr);
    tell(now, completion::place::elsewhere);
  }
  tell(*first, from);
}

void serial_gate::drop_said() noexcept {
  completion* what = said_.exchange(nullptr, std::memory_order_acq_rel);
  while (what != nullptr) std::exchange(what, what->next_)->drop();
}

}  // namespace ephemint::inline v0::net
