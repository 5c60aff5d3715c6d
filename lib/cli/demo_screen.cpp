#include "demo_screen.hpp"

#include "talk.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace ephemint::cli {

demo_screen::demo_screen(boost::asio::any_io_executor executor, std::function<std::string()> draw)
    : tick_{std::move(executor)}, draw_{std::move(draw)} {}

demo_screen::~demo_screen() {
  if (lines_ > 0) talk("\x1b[?25h");
}

void demo_screen::start() {
  talk("\x1b[?25l");
  show();
  await_tick();
}

void demo_screen::stop() {
  tick_.cancel();
  if (lines_ == 0) return;
  show();
  talk("\x1b[?25h");
  lines_ = 0;
}

void demo_screen::show() {
  const std::string picture = draw_();
  talk(drawn_over(lines_, picture));
  lines_ = static_cast<std::size_t>(std::count(picture.begin(), picture.end(), '\n'));
}

void demo_screen::await_tick() {
  tick_.expires_after(std::chrono::milliseconds{100});
  tick_.async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    show();
    await_tick();
  });
}

std::string drawn_over(std::size_t lines, const std::string& picture) {
  std::string sent = lines > 0 ? fmt::format("\x1b[{}A\r", lines) : "\r";
  for (const char c : picture) {
    if (c == '\n') sent += "\x1b[K";
    sent += c;
  }
  return sent;
}

}  // namespace ephemint::cli
