#pragma once

#include "descriptor.hpp"
#include "read_end.hpp"
#include "reader_pace.hpp"
#include "result_line.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace ephemint::cli {

namespace asio = boost::asio;

/// Writes lines to stdout, each with its token's remaining time at the moment of writing.
///
/// A line is written into a pipe or a UNIX socket only when the reader has taken the line before: otherwise
/// it would stay there until the reader has processed all earlier lines, and tokens live 10 s. (`reader_pace`
/// has an exception.) For other outputs lines are gathered for a moment, as one system call per line is
/// expensive.
///
/// Add a line only while it is `ready()`, so that no tokens are minted that the reader doesn't take.
class output {
 public:
  output(asio::any_io_executor, int descriptor);
  output(const output&) = delete;
  output& operator=(const output&) = delete;
  ~output();

  /// Takes a line, unless the output has failed. An empty line is ignored.
  void add(result_line&&);

  /// Whether the next line could be written now. False if the output has failed.
  bool ready();
  /// Returns when it is ready, or has a `failure()`.
  asio::awaitable<void> until_ready();
  /// Returns when everything was written, or it has a `failure()`.
  asio::awaitable<void> until_written();

  /// The error that ended it; afterwards lines are dropped.
  const std::error_code& failure() const noexcept { return failure_; }
  /// Behaves as if it had failed.
  void give_up() { fail(ECANCELED); }

  /// Called before a write, and after a failure. Set both before the first line.
  std::function<void()> before_write = [] {};
  std::function<void()> on_failure = [] {};
  /// Called once, when the reader has taken nothing for so long that it should be told to the user.
  std::function<void()> on_long_wait = [] {};
  /// For tests.
  std::function<moment()> now = moment::current;

 private:
  static constexpr std::size_t longest_gathered = 64 * 1024;
  static constexpr std::chrono::milliseconds longest_wait{2};
  static constexpr std::chrono::milliseconds longest_stamping{5};
  static constexpr std::chrono::seconds long_wait{10};

  void write();
  void write_later();
  void took(std::size_t size) noexcept;
  void stamp_lines();
  void await_room();
  void keep_begun_line();
  bool reader_took_all();
  asio::awaitable<void> changed(asio::steady_timer::duration longest);
  void fail(int error);
  void forget();

  int descriptor_;
  std::optional<non_blocking_mode> mode_;
  std::optional<read_end> reader_;
  reader_pace pace_;  // of the output's reader
  asio::posix::stream_descriptor room_;
  asio::steady_timer later_;
  asio::steady_timer changed_;
  std::deque<result_line> lines_;  // lines not begun yet
  std::size_t gathered_ = 0;       // their bytes
  std::string buffer_;             // the lines that are being written
  std::vector<std::size_t> ends_;  // the ends of the lines in `buffer_`, which are the first of `lines_`
  std::size_t written_ = 0;        // bytes of `buffer_` that were written
  bool waiting_ = false;
  bool stalled_ = false;
  bool long_wait_told_ = false;
  std::error_code failure_;
};

}  // namespace ephemint::cli
