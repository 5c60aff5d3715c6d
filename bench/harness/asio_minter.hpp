#pragma once

#include "minter.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace ephemint::bench {

namespace asio = boost::asio;

/// Runs the context until that has ended. Throws what it throws.
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

/// One whose mints are coroutines. A coroutine goes on with what its caller asks for as it is told, as a
/// program's workers do: a closed loop spawns none while it is measured.
class coroutine_minter : public asio_minter {
 public:
  void mint(const account_id&, std::uint32_t call, caller&) final;

 protected:
  struct asked {
    const account_id* account;
    std::uint32_t call;
    caller* to;
  };

  /// Makes that mint, tells of it, and goes on with what `tell` gives.
  virtual asio::awaitable<void> work(asked) = 0;
  std::optional<asked> tell(const asked& done, const handed_over& what);

 private:
  bool telling_ = false;
  std::optional<asked> next_;  // for whoever is telling
};

}  // namespace ephemint::bench
