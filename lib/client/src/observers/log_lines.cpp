#include "observers/log_lines.hpp"

#include "codec/untrusted_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::detail {
namespace {

template <class... Args>
void append(std::string& line, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(line), text, std::forward<Args>(args)...);
}

/// `41 ms`, `2.3 s`
std::string words_of(std::chrono::nanoseconds time) {
  using namespace std::chrono;
  if (time < 1s)
    return fmt::format("{} ms", std::max<milliseconds::rep>(duration_cast<milliseconds>(time).count(), 0));
  return fmt::format("{:.1f} s", duration<double>{time}.count());
}

/// `200 requests in 60.0 s`
std::string words_of(const std::optional<quota>& rate) {
  if (!rate) return "not known";
  if (rate->how() == quota::mode::unlimited) return "unlimited";
  return fmt::format("{} requests in {}", rate->requests(), words_of(rate->window()));
}

void append_request_id(std::string& line, std::string_view id) {
  if (!id.empty()) append(line, ", request id {}", id);
}

/// `: why`, or nothing.
void append_cause(std::string& line, std::string_view cause) {
  if (!cause.empty()) append(line, ": {}", cause);
}

}  // namespace

std::string line_of(const attempt_report& a) {
  std::string line = fmt::format("mint {}, attempt {}", a.mint, a.number);
  if (a.why != attempt_reason::first) append(line, " ({})", to_string(a.why));
  append(line, ": {}", to_string(a.outcome));
  if (a.http_status != 0) append(line, ", HTTP {}", a.http_status);
  append(line, ", {} on connection {}", words_of(a.took), a.connection);
  append_request_id(line, a.request_id);
  if (a.retry_after) append(line, ", Retry-After {}", words_of(*a.retry_after));
  if (a.next_try) append(line, ", again in {}", words_of(*a.next_try));
  return line;
}

std::string line_of(const mint_report& m) {
  std::string line = fmt::format("mint {} of {}: {} after {} and {} attempt{}", m.mint, m.account,
                                 m.error ? to_string(*m.error) : "minted", words_of(m.took), m.attempts,
                                 m.attempts == 1 ? "" : "s");
  if (!m.error) append(line, ", {} left", words_of(m.remaining));
  append_request_id(line, m.request_id);
  return line;
}

std::string line_of(const connection_report& c) {
  using event = connection_report::event;
  std::string line = fmt::format("connection {} ", c.connection);
  switch (c.what) {
    case event::dialled:
      line += "is dialled";
      break;
    case event::established:
      append(line, "stands: HTTP/{}, {} TLS handshake, {} to connect and {} for TLS", c.http2 ? "2" : "1.1",
             c.resumed ? "resumed" : "full", words_of(c.connect), words_of(c.handshake));
      break;
    case event::failed:
      line += "failed";
      append_cause(line, c.cause);
      break;
    case event::closed:
      line += "has ended";
      append_cause(line, c.cause);
      break;
  }
  return line;
}

std::string line_of(const quota_report& q) {
  using event = quota_report::event;
  switch (q.what) {
    case event::paused:
      return fmt::format("rate limited: the API has all requests wait for {}", words_of(q.pause));
    case event::probing:
      return "one request looks whether the pause may end";
    case event::resumed:
      return "the pause is over";
    case event::quota_changed:
      return fmt::format("the quota in force is {}", words_of(q.now.in_force));
    case event::key_refused:
      return "the API refuses the key: mints fail as unauthorized";
    case event::key_accepted:
      return "the key is accepted";
  }
  return {};
}

std::string one_line(std::string line, std::uint64_t more) {
  constexpr std::size_t longest = 1000;
  line = cleaned(line, longest);
  if (more > 0) append(line, " ({} more like it since the last such line)", more);
  return line;
}

}  // namespace ephemint::inline v0::detail
