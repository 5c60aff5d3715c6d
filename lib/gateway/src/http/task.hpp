#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

// Coroutines that own what they wait in. Asio's own let go of a coroutine by posting it, which takes memory
// in a destructor: where there is none, the process ends. These let go of it where they stand.

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

/// A coroutine that runs once it is started, or awaited by another. It takes no memory but its frame: if
/// there is none, calling it throws `std::bad_alloc`. To destroy a task that waits destroys all that it
/// holds.
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

  /// Runs it up to where it first waits.
  void start() { frame_.resume(); }

  // To await it runs it: its result comes out of that, or what it throws.
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

/// An operation of Asio's, to be awaited inside a task that `owner` owns: what its handler is called with
/// makes the result. `begin(handler)` begins it; what that throws comes out of the await.
///
/// The handler keeps the owner until it has run. Asio may throw it away instead, with its context: then the
/// owner may go, and the task with it.
template <class Result, class Begin>
class operation {
 public:
  operation(std::shared_ptr<const void> owner, Begin begin)
      : owner_{std::move(owner)}, begin_{std::move(begin)} {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  bool await_ready() const noexcept { return false; }
  /// False: it couldn't be begun.
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
