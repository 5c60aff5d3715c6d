#include "log_output.hpp"

#include "text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>

#include <unistd.h>

namespace ephemint::cli {
namespace {

/// Writes what is taken at once. Returns how much that was.
std::size_t offer(std::string_view text) noexcept {
  const std::size_t whole = text.size();
  while (!text.empty()) {
    const ssize_t size = ::write(STDERR_FILENO, text.data(), text.size());
    if (size > 0)
      text.remove_prefix(static_cast<std::size_t>(size));
    else if (!(size < 0 && errno == EINTR))
      break;
  }
  return whole - text.size();
}

std::string talk_line(std::string_view message) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::string line = fmt::format(R"({{"time":"{}","message":)", utc_time(now));
  append_json_string(line, message);
  return line += '}';
}

std::string words_of_loss(std::uint64_t lines) {
  return fmt::format("{} line{} of the log {} lost: nobody took {}", lines, lines == 1 ? "" : "s",
                     lines == 1 ? "was" : "were", lines == 1 ? "it" : "them");
}

}  // namespace

log_output::log_output() {
  if (can_be_awaited(STDERR_FILENO)) mode_.emplace(STDERR_FILENO);
}

void log_output::write(std::string_view line) noexcept {
  try {
    put_or_lose(line);
  } catch (const std::exception&) {  // no memory
    ++lost_;
  }
}

void log_output::say(std::string_view message) noexcept {
  try {
    put_or_lose(talk_line(message));
  } catch (const std::exception&) {
    ++lost_;
  }
}

void log_output::put_or_lose(std::string_view line) {
  if (lost_ > 0 && put(talk_line(words_of_loss(lost_)))) lost_ = 0;
  if (lost_ > 0 || !put(line)) ++lost_;
}

bool log_output::put(std::string_view line) {
  rest_.erase(0, offer(rest_));
  if (!rest_.empty()) return false;
  const std::string whole = fmt::format("{}\n", line);
  const std::size_t taken = offer(whole);
  if (taken > 0) rest_ = whole.substr(taken);
  return taken > 0;
}

}  // namespace ephemint::cli
