#include "open_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ephemint::bench {

namespace asio = boost::asio;
using boost::system::error_code;

open_loop::open_loop(asio::io_context& context, minter& m, std::span<const arrival> arrivals,
                     std::span<const account_id> accounts, settings s)
    : context_{context},
      minter_{m},
      arrivals_{arrivals},
      accounts_{accounts},
      settings_{s},
      next_call_{context},
      called_(arrivals.size()) {}

void open_loop::run() {
  context_.restart();
  begin_ = end_ = batch_end_ = clock::now();
  batch_left_ = batch_.size();
  schedule_actions();
  if (!batch_.empty()) minter_.mint_batch(batch_, batch_caller_);
  make_due_calls();
  const auto length = arrivals_.empty() ? std::chrono::microseconds{0} : arrivals_.back().at;
  context_.run_for(length + settings_.patience);
  next_call_.cancel();
  action_timers_.clear();
  if (!over())
    throw std::runtime_error{fmt::format("{} calls and {} of the batch were never answered",
                                         under_way_ + (arrivals_.size() - next_), batch_left_)};
}

void open_loop::schedule_actions() {
  action_timers_.reserve(actions_.size());
  for (const timed_action& action : actions_) {
    action_timers_.emplace_back(context_, begin_ + action.at);
    action_timers_.back().async_wait([&action](error_code error) {
      if (!error) action.act();
    });
  }
}

void open_loop::make_due_calls() {
  const auto free = [this] { return settings_.callers == 0 || under_way_ < settings_.callers; };
  auto now = clock::now();
  while (next_ < arrivals_.size() && free()) {
    const arrival& due = arrivals_[next_];
    if (begin_ + due.at > now) return wait_for_next();
    called_[next_] = now;
    ++under_way_;
    minter_.mint(accounts_[due.account], static_cast<std::uint32_t>(next_++), *this);
    now = clock::now();
  }
}

void open_loop::wait_for_next() {
  next_call_.expires_at(begin_ + arrivals_[next_].at);
  next_call_.async_wait([this](error_code error) {
    if (!error) make_due_calls();
  });
}

void open_loop::on_result(std::uint32_t call, const handed_over& what) {
  --under_way_;
  calls_.record(begin_ + arrivals_[call].at, called_[call], settings_.deadline, what);
  if (settings_.callers != 0) make_due_calls();
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
  context_.stop();
}

}  // namespace ephemint::bench
