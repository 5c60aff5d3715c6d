#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

// Coroutines whose owner may destroy them while they wait, without an allocation. Asio's own post a coroutine
// to destroy it. That allocates inside a destructor, and without memory the process ends.

namespace ephemint::inline v0::gateway {

template <class T>
struct task_result {
  void return_value(T given) { value.emplace(std::move(given)); }
  T take() { return std::move(*value); }
  std::optional<T> value;
};
template <>
struct task_result<void> {
  void return_void() noexcept {}
  void take() noexcept {}
};

/// A coroutine that runs when it is started, or awaited by another. It allocates only its frame: if there is
/// no memory for that, calling the coroutine throws `std::bad_alloc`. Destroying a task that waits destroys
/// all that its frame holds.
template <class T>
class [[nodiscard]] task {
 public:
  struct promise_type : task_result<T> {
    task get_return_object() noexcept { return task{frame::from_promise(*this)}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    auto final_suspend() const noexcept {
      struct going_back {
        std::coroutine_handle<> to;
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept { return to; }
        void await_resume() const noexcept {}
      };
      return going_back{caller};
    }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }

    std::coroutine_handle<> caller = std::noop_coroutine();
    std::exception_ptr thrown;
  };

  task() noexcept = default;
  task(task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
  task& operator=(task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~task() {
    if (frame_) std::exchange(frame_, nullptr).destroy();
  }

  /// Runs it until it first waits.
  void start() { frame_.resume(); }

  // Awaiting a task runs it, and gives its result or throws its exception.
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    frame_.promise().caller = caller;
    return frame_;
  }
  T await_resume() {
    if (auto& thrown = frame_.promise().thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    return frame_.promise().take();
  }

 private:
  using frame = std::coroutine_handle<promise_type>;
  explicit task(frame made) noexcept : frame_{made} {}

  frame frame_ = nullptr;
};

/// An Asio operation, to be awaited inside a task that `owner` owns. `begin(handler)` begins it; awaiting it
/// throws what `begin` throws. The result is made from the arguments with which the handler is called.
///
/// The handler keeps the owner alive until it has run. If Asio destroys the handler instead, together with
/// its context, the owner may be destroyed, and the task with it.
template <class Result, class Begin>
class operation {
 public:
  operation(std::shared_ptr<const void> owner, Begin begin)
      : owner_{std::move(owner)}, begin_{std::move(begin)} {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  bool await_ready() const noexcept { return false; }
  /// False: `begin` threw, and `await_resume` throws the same.
  bool await_suspend(std::coroutine_handle<> waiting) noexcept try {
    begin_(handler{std::move(owner_), this, waiting});
    return true;
  } catch (...) {
    thrown_ = std::current_exception();
    return false;
  }
  Result await_resume() {
    if (thrown_) std::rethrow_exception(thrown_);
    return *std::move(result_);
  }

 private:
  struct handler {
    std::shared_ptr<const void> owner;
    operation* of;
    std::coroutine_handle<> waiting;

    template <class... Results>
    void operator()(Results&&... results) {
      const auto alive = std::move(owner);
      of->result_.emplace(std::forward<Results>(results)...);
      waiting.resume();
    }
  };

  std::shared_ptr<const void> owner_;
  Begin begin_;
  std::optional<Result> result_;
  std::exception_ptr thrown_;
};

template <class Result, class Begin>
operation<Result, Begin> begun_by(std::shared_ptr<const void> owner, Begin begin) {
  return {std::move(owner), std::move(begin)};
}

}  // namespace ephemint::inline v0::gateway
