#include "talk.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ephemint::cli {

terminal terminal_on(int descriptor) noexcept {
  terminal found;
  found.is_one = ::isatty(descriptor) == 1;
  const char* const kind = std::getenv("TERM");
  const char* const forbidden = std::getenv("NO_COLOR");
  found.redraws = found.is_one && kind && std::string_view{kind} != "dumb";
  found.colours = found.redraws && !(forbidden && *forbidden != '\0');
  return found;
}

unsigned terminal_width(int descriptor) noexcept {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

unsigned terminal_height(int descriptor) noexcept {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

void talk(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      pollfd room{STDERR_FILENO, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (!(written < 0 && errno == EINTR)) {
      return;
    }
  }
}

void complain(std::string_view text) { talk(fmt::format("ephemint: {}\n", text)); }

}  // namespace ephemint::cli
