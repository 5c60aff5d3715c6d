#pragma once

#include "descriptor.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

namespace ephemint::cli {

namespace asio = boost::asio;

/// Lines on their way to stdout: gathered for a moment, since a system call a line is dear, and no longer,
/// since tokens live 10 s.
///
/// A pipe that is full is awaited. Meanwhile `stalled()` is true, and nothing more should be added: then no
/// tokens are minted that nobody takes.
class output {
 public:
  output(asio::any_io_executor, int descriptor);
  output(const output&) = delete;
  output& operator=(const output&) = delete;
  ~output();

  /// To append whole lines to; `lines_added()` must follow.
  std::string& buffer() noexcept { return buffer_; }
  void lines_added();

  bool stalled() const noexcept { return stalled_; }
  /// Everything has been taken, or `failure()`.
  asio::awaitable<void> drained();

  /// What ended it; afterwards lines are dropped.
  const std::error_code& failure() const noexcept { return failure_; }
  /// As if it had failed.
  void give_up() { fail(ECANCELED); }

  /// Called before a write, and when it has failed. Set them before the first line.
  std::function<void()> before_write = [] {};
  std::function<void()> on_failure = [] {};

 private:
  static constexpr std::size_t longest_gathered = 64 * 1024;
  static constexpr std::chrono::milliseconds longest_wait{2};

  void write();
  void await_room();
  void fail(int error);
  void forget();

  int descriptor_;
  std::optional<non_blocking_mode> mode_;
  asio::posix::stream_descriptor room_;
  asio::steady_timer wait_;
  asio::steady_timer drained_;
  std::string buffer_;
  std::size_t written_ = 0;  // of `buffer_`
  bool waiting_ = false;
  bool stalled_ = false;
  std::error_code failure_;
};

}  // namespace ephemint::cli
