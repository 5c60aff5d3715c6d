#pragma once

#include "minter.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace ephemint::bench {

namespace asio = boost::asio;

/// Runs the context until the coroutine has ended. Throws what it throws.
void run_alone(asio::io_context&, asio::awaitable<void> task);

/// A client on Asio, with a context of its own.
class asio_minter : public minter {
 public:
  void run() final;
  void stop() final { context_.stop(); }
  void wake_at(clock::time_point, waker& whom) final;

 protected:
  asio::io_context& context() noexcept { return context_; }

 private:
  asio::io_context context_{1};
  waker* whom_ = nullptr;
  asio::steady_timer alarm_{context_};
};

/// A client whose mints are coroutines. After a mint, a coroutine goes on with the next one that its caller
/// asks for, as a program's workers do: a closed loop spawns no coroutine while it is measured.
class coroutine_minter : public asio_minter {
 public:
  void mint(const account_id&, std::uint32_t call, caller&) final;

 protected:
  struct asked {
    const account_id* account;
    std::uint32_t call;
    caller* to;
  };

  /// Makes that mint, reports it, and goes on with the mint that `tell` returns.
  virtual asio::awaitable<void> work(asked) = 0;
  std::optional<asked> tell(const asked& done, const handed_over& what);

 private:
  bool telling_ = false;
  std::optional<asked> next_;  // for whoever is telling
};

}  // namespace ephemint::bench
