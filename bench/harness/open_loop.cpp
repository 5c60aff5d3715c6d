#include "open_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ephemint::bench {

open_loop::open_loop(minter& m, std::span<const arrival> arrivals, std::span<const account_id> accounts,
                     settings s)
    : minter_{m}, arrivals_{arrivals}, accounts_{accounts}, settings_{s}, called_(arrivals.size()) {}

void open_loop::run() {
  begin_ = end_ = batch_end_ = clock::now();
  const auto length = arrivals_.empty() ? std::chrono::microseconds{0} : arrivals_.back().at;
  given_up_ = begin_ + length + settings_.patience;
  batch_left_ = batch_.size();
  if (!batch_.empty()) minter_.mint_batch(batch_, batch_caller_);
  if (over()) return;
  alarm_ = begin_;
  minter_.wake_at(alarm_, *this);
  minter_.run();
  if (!over())
    throw std::runtime_error{fmt::format("{} calls and {} of the batch were never answered",
                                         under_way_ + (arrivals_.size() - next_), batch_left_)};
}

void open_loop::on_wake() {
  const auto now = clock::now();
  if (now >= given_up_) return minter_.stop();
  for (; next_action_ < actions_.size() && begin_ + actions_[next_action_].at <= now; ++next_action_)
    actions_[next_action_].act();
  make_due_calls();
  set_alarm();
}

void open_loop::set_alarm() {
  alarm_ = next_due();
  minter_.wake_at(alarm_, *this);
}

bool open_loop::somebody_is_free() const noexcept {
  return settings_.callers == 0 || under_way_ < settings_.callers;
}

/// The time of the next scheduled event.
clock::time_point open_loop::next_due() const noexcept {
  clock::time_point due = given_up_;
  if (next_action_ < actions_.size()) due = std::min(due, begin_ + actions_[next_action_].at);
  if (next_ < arrivals_.size() && somebody_is_free()) due = std::min(due, begin_ + arrivals_[next_].at);
  return due;
}

void open_loop::make_due_calls() {
  auto now = clock::now();
  while (next_ < arrivals_.size() && somebody_is_free() && begin_ + arrivals_[next_].at <= now) {
    called_[next_] = now;
    ++under_way_;
    const auto call = static_cast<std::uint32_t>(next_++);
    minter_.mint(accounts_[arrivals_[call].account], call, *this);
    now = clock::now();
  }
}

void open_loop::on_result(std::uint32_t call, const handed_over& what) {
  --under_way_;
  calls_.record(begin_ + arrivals_[call].at, called_[call], settings_.deadline, what);
  if (settings_.callers != 0) {
    make_due_calls();
    if (next_due() < alarm_)
      set_alarm();  // all callers were busy, and now one waits for the time of the next call
  }
  end_if_over();
}

void open_loop::on_batch_result(std::uint32_t, const handed_over& what) {
  batch_results_.record(begin_, begin_, settings_.patience, what);
  batch_end_ = what.at;
  --batch_left_;
  end_if_over();
}

bool open_loop::over() const noexcept {
  return next_ == arrivals_.size() && under_way_ == 0 && batch_left_ == 0;
}

void open_loop::end_if_over() {
  if (!over()) return;
  end_ = clock::now();
  minter_.stop();
}

}  // namespace ephemint::bench
