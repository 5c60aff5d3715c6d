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

/// Lines on their way to stdout, each with the time that its token has left as it is written.
///
/// Into a pipe or a UNIX socket a line goes when its reader has taken the one before: it would be in there
/// for as long as the reader takes for all lines before it, and tokens live 10 s. (`reader_pace` knows an
/// exception.) Elsewhere lines are gathered for a moment, since a system call a line is dear.
///
/// Only while it is `ready()` may a line be added: then no tokens are minted that nobody takes.
class output {
 public:
  output(asio::any_io_executor, int descriptor);
  output(const output&) = delete;
  output& operator=(const output&) = delete;
  ~output();

  /// Takes a line, unless it failed. An empty one is none.
  void add(result_line&&);

  /// Whether the next line could be written now. Not so if it failed.
  bool ready();
  /// Ready, or `failure()`.
  asio::awaitable<void> until_ready();
  /// Everything has been written, or `failure()`.
  asio::awaitable<void> until_written();

  /// What ended it; afterwards lines are dropped.
  const std::error_code& failure() const noexcept { return failure_; }
  /// As if it had failed.
  void give_up() { fail(ECANCELED); }

  /// Called before a write, and when it has failed. Set them before the first line.
  std::function<void()> before_write = [] {};
  std::function<void()> on_failure = [] {};
  /// Called once, when a reader has taken nothing for so long that somebody may wonder.
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
  reader_pace pace_;  // of it
  asio::posix::stream_descriptor room_;
  asio::steady_timer later_;
  asio::steady_timer changed_;
  std::deque<result_line> lines_;  // not begun
  std::size_t gathered_ = 0;       // bytes of them
  std::string buffer_;             // of lines as they are being written
  std::vector<std::size_t> ends_;  // of the lines in it; those are the first ones of `lines_`, too
  std::size_t written_ = 0;        // of `buffer_`
  bool waiting_ = false;
  bool stalled_ = false;
  bool long_wait_told_ = false;
  std::error_code failure_;
};

}  // namespace ephemint::cli
