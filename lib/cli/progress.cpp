#include "progress.hpp"

#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace ephemint::cli {
namespace {

constexpr std::size_t bar_size = 24;
constexpr std::string_view green = "\x1b[32m", red = "\x1b[31m", yellow = "\x1b[33m", plain = "\x1b[0m";

/// A line made of pieces: those that don't fit, the last ones, are left out.
class fitted_line {
 public:
  fitted_line(unsigned width, bool colours) : room_{width}, colours_{colours} {}

  void add(std::string_view piece, std::string_view colour = {}) {
    const std::size_t gap = line_.empty() ? 0 : 2;
    if (piece.size() + gap > room_) {
      room_ = 0;
      return;
    }
    room_ -= piece.size() + gap;
    line_.append(gap, ' ');
    if (colours_ && !colour.empty())
      fmt::format_to(std::back_inserter(line_), "{}{}{}", colour, piece, plain);
    else
      line_ += piece;
  }
  std::string line() && { return std::move(line_); }

 private:
  std::string line_;
  std::size_t room_;
  bool colours_;
};

std::string bar(std::uint64_t done, std::uint64_t total) {
  const std::size_t filled =
      total == 0 ? bar_size : static_cast<std::size_t>(std::min(done, total) * bar_size / total);
  return fmt::format("[{}{}]", std::string(filled, '#'), std::string(bar_size - filled, '.'));
}

/// In seconds up to two minutes, as on a watch.
std::string on_a_watch(std::chrono::seconds time) {
  return time.count() < 120 ? fmt::format("{} s", time.count()) : in_words(time);
}

}  // namespace

std::string draw(const progress& now, unsigned width, bool colours) {
  fitted_line line{width, colours};
  if (now.total) {
    line.add(bar(now.done(), *now.total), green);
    line.add(fmt::format("{}/{}", with_thousands(now.done()), with_thousands(*now.total)));
  } else {
    line.add(fmt::format("{} done", with_thousands(now.done())));
  }
  if (now.failed > 0) line.add(fmt::format("{} failed", with_thousands(now.failed)), red);
  if (now.key_refused) line.add("the API refuses the key", red);
  if (now.outage)
    line.add(words_of_outage(*now.outage), yellow);
  else if (now.quota.pause.count() > 0)
    line.add(words_of_pause(std::chrono::ceil<std::chrono::seconds>(now.quota.pause)), yellow);
  else if (now.quota_wait)
    line.add(words_of_wait(*now.quota_wait), yellow);
  if (now.time_left) line.add(fmt::format("ETA {}", in_words(*now.time_left)));
  const double seconds = std::chrono::duration<double>(now.elapsed).count();
  const double rate = seconds > 0.5 ? static_cast<double>(now.done()) / seconds : 0;
  if (rate > 0)
    line.add(rate < 100 ? fmt::format("{:.1f}/s", rate)
                        : with_thousands(static_cast<std::uint64_t>(rate)) + "/s");
  if (const auto& known = now.quota.in_force; known && known->requests() > 0)
    line.add(
        fmt::format("quota used {}/{}", with_thousands(now.quota.used), with_thousands(known->requests())));
  if (!now.protocol.empty()) line.add(now.protocol);
  return std::move(line).line();
}

std::string in_words(std::chrono::seconds time) {
  const auto count = time.count();
  if (count < 60) return fmt::format("{} s", count);
  if (count < 3600) return fmt::format("{} min {:02} s", count / 60, count % 60);
  return fmt::format("{} h {:02} min", count / 3600, count / 60 % 60);
}

std::string words_of_wait(std::chrono::seconds time) {
  return fmt::format("waiting for the quota: {}", on_a_watch(time));
}

std::string words_of_pause(std::chrono::seconds time) {
  return fmt::format("paused by the API: {}", on_a_watch(time));
}

std::string outage_cause(const mint_error& error) {
  if (error.http_status() != 0) return fmt::format("it answers {}", error.http_status());
  if (error.value() == mint_errc::timed_out) return "no answer in time";
  std::string_view text = error.message();
  // If a proxy can't be reached, or refuses, its name belongs to the cause.
  if (const auto proxy = text.find("the proxy "); text.starts_with("no ") && proxy != text.npos)
    return std::string{text.substr(proxy)};
  if (const auto inner = text.rfind(": "); inner != text.npos) text.remove_prefix(inner + 2);
  std::string cause{text};
  // In lower case, for the middle of a sentence: the system's messages begin with a capital letter.
  if (!cause.empty() && cause[0] >= 'A' && cause[0] <= 'Z')
    cause[0] = static_cast<char>(cause[0] - 'A' + 'a');
  return cause;
}

std::string words_of_outage(const outage_wait& wait) {
  return fmt::format("the API can't be reached ({}): waiting, gives up in {}", wait.cause,
                     in_words(wait.gives_up_in));
}

bool wait_notice::is_due(std::optional<std::chrono::seconds> wait, clock::time_point now) noexcept {
  // A wait becomes shorter; if it became longer it is a new wait. (If only a little longer, the estimate was
  // corrected.)
  const auto before = std::exchange(last_seen_, wait);
  const bool begins = wait && (!before || *wait > *before + std::chrono::seconds{2});
  if (!begins || (said_at_ && now - *said_at_ < quiet_time)) return false;
  said_at_ = now;
  return true;
}

}  // namespace ephemint::cli
