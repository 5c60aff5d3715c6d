#include "asio_minter.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <exception>
#include <utility>

namespace ephemint::bench {

void run_alone(asio::io_context& context, asio::awaitable<void> task) {
  bool ended = false;
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown) {
    ended = true;
    failure = std::move(thrown);
  });
  while (!ended) {
    context.restart();
    context.run_one();
  }
  if (failure) std::rethrow_exception(failure);
}

void asio_minter::run() {
  context_.restart();
  context_.run();
  whom_ = nullptr;  // invalidates an alarm that is already queued
}

void asio_minter::wake_at(clock::time_point at, waker& whom) {
  whom_ = &whom;
  alarm_.expires_after(at - clock::now());
  alarm_.async_wait([this](boost::system::error_code error) {
    if (!error && whom_) whom_->on_wake();
  });
}

void coroutine_minter::mint(const account_id& account, std::uint32_t call, caller& to) {
  const asked one{&account, call, &to};
  if (telling_ && !next_)
    next_ = one;
  else
    asio::co_spawn(context(), work(one), asio::detached);
}

std::optional<coroutine_minter::asked> coroutine_minter::tell(const asked& done, const handed_over& what) {
  telling_ = true;
  done.to->on_result(done.call, what);
  telling_ = false;
  return std::exchange(next_, std::nullopt);
}

}  // namespace ephemint::bench
