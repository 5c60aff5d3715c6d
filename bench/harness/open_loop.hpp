#pragma once

#include "measurements.hpp"
#include "minter.hpp"
#include "schedule.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace ephemint::bench {

/// An action at a time after the beginning of a run.
struct timed_action {
  std::chrono::milliseconds at;
  std::function<void()> act;
};

/// Makes the calls of a schedule when they are due, whatever happened to the earlier ones, as users don't
/// wait for each other. Latency counts from the scheduled time, so it includes the delay of each call that a
/// client causes by blocking the generator (leaving that out is "coordinated omission"). With `callers`, only
/// so many make the calls, and each waits for its answer before the next call; a schedule with all calls due
/// at once is then a closed loop.
class open_loop final : private caller, private waker {
 public:
  struct settings {
    std::chrono::milliseconds deadline;  ///< what counts as in time
    std::size_t callers = 0;             ///< 0: any number
    std::chrono::milliseconds patience;  ///< the run is aborted at this time after the last call
  };

  /// All of these must outlive it.
  open_loop(minter&, std::span<const arrival>, std::span<const account_id>, settings);

  /// In the order of their times.
  void add(timed_action action) { actions_.push_back(std::move(action)); }
  /// A batch of so many accounts beside the calls, from the beginning.
  void add_batch(std::span<const account_id> accounts) { batch_ = accounts; }

  /// Runs the minter until every call was answered. Throws `std::runtime_error` if some aren't.
  void run();

  const measurements& of_calls() const noexcept { return calls_; }
  const measurements& of_batch() const noexcept { return batch_results_; }
  std::chrono::nanoseconds batch_time() const noexcept { return batch_end_ - begin_; }
  std::chrono::nanoseconds time() const noexcept { return end_ - begin_; }

 private:
  /// Where the batch's results go.
  struct batch_caller final : caller {
    explicit batch_caller(open_loop& l) : loop{l} {}
    void on_result(std::uint32_t call, const handed_over& what) override { loop.on_batch_result(call, what); }
    open_loop& loop;
  };

  void on_result(std::uint32_t call, const handed_over& what) override;
  void on_batch_result(std::uint32_t call, const handed_over& what);
  void on_wake() override;
  void make_due_calls();
  void set_alarm();
  bool somebody_is_free() const noexcept;
  clock::time_point next_due() const noexcept;
  bool over() const noexcept;
  void end_if_over();

  minter& minter_;
  const std::span<const arrival> arrivals_;
  const std::span<const account_id> accounts_;
  const settings settings_;
  std::vector<timed_action> actions_;
  std::span<const account_id> batch_;
  batch_caller batch_caller_{*this};

  std::vector<clock::time_point> called_;  // by the call's number
  std::size_t next_ = 0;
  std::size_t next_action_ = 0;
  std::size_t under_way_ = 0;
  std::size_t batch_left_ = 0;
  clock::time_point begin_, end_, batch_end_;
  clock::time_point given_up_;
  clock::time_point alarm_;  // when the minter is to wake us
  measurements calls_, batch_results_;
};

}  // namespace ephemint::bench
