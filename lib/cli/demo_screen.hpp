#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string>

namespace ephemint::cli {

/// A picture on stderr's terminal that is redrawn ten times a second. The cursor is hidden meanwhile.
class demo_screen {
 public:
  /// `draw` returns the picture, always with the same number of lines, each ended by a newline.
  demo_screen(boost::asio::any_io_executor, std::function<std::string()> draw);
  demo_screen(const demo_screen&) = delete;
  demo_screen& operator=(const demo_screen&) = delete;
  /// Leaves the last picture on the screen.
  ~demo_screen();

  void start();
  /// Draws for the last time, and shows the cursor again.
  void stop();

 private:
  void show();
  void await_tick();

  boost::asio::steady_timer tick_;
  std::function<std::string()> draw_;
  std::size_t lines_ = 0;  // of the picture on the screen
};

/// The bytes that make a terminal show `picture` in place of the last `lines` lines before the cursor.
std::string drawn_over(std::size_t lines, const std::string& picture);

}  // namespace ephemint::cli
