#include "observers/log_lines.hpp"
#include "observers/once_a_minute.hpp"

#include <ephemint/log_observer.hpp>

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

namespace ephemint::inline v0 {

using namespace detail;

std::string_view to_string(severity how) noexcept {
  constexpr std::array<std::string_view, 4> words{"debug", "info", "warning", "error"};
  const auto at = static_cast<std::size_t>(how);
  return at < words.size() ? words[at] : "unknown";
}

namespace {

/// The subjects of lines above `debug`.
enum class kind : std::uint8_t {
  connected,
  connection_failed,
  not_trusted,
  request_failed,
  token_discarded,
  paused,
  resumed,
  quota_changed,
  key_refused,
  key_accepted,
};
constexpr std::size_t kinds = 10;

struct rank {
  severity how;
  kind what;
};

constexpr rank rank_of(quota_report::event what) noexcept {
  using event = quota_report::event;
  switch (what) {
    case event::paused:
      return {severity::warning, kind::paused};
    case event::resumed:
      return {severity::info, kind::resumed};
    case event::quota_changed:
      return {severity::info, kind::quota_changed};
    case event::key_refused:
      return {severity::error, kind::key_refused};
    case event::key_accepted:
      return {severity::info, kind::key_accepted};
    case event::probing:
      break;
  }
  return {severity::debug, kind::paused};
}

/// Only outcomes that concern the API or the connection to it are above `debug`: a refusal may concern a
/// single account.
constexpr rank rank_of(attempt_outcome outcome) noexcept {
  switch (outcome) {
    case attempt_outcome::too_old:
      return {severity::warning, kind::token_discarded};
    case attempt_outcome::server_error:
    case attempt_outcome::bad_response:
    case attempt_outcome::lost:
    case attempt_outcome::timed_out:
      return {severity::warning, kind::request_failed};
    default:
      return {severity::debug, kind::request_failed};
  }
}

}  // namespace

struct log_observer::state {
  state(writer w, severity s) : write{std::move(w)}, least{s} {}

  const writer write;
  const severity least;
  std::array<once_a_minute, kinds> said{};
  std::atomic<bool> connected{false};

  /// `line()` makes the text, and is called only if the line is to be written.
  template <class Line>
  void tell(rank of, clock::time_point at, Line line) noexcept {
    if (of.how < least) return;
    std::uint64_t more = 0;
    if (of.how != severity::debug) {
      const auto passed = said[static_cast<std::size_t>(of.what)].pass(at);
      if (!passed) of.how = severity::debug;
      more = passed.value_or(0);
    }
    if (of.how < least) return;
    try {
      write(of.how, one_line(line(), more));
    } catch (...) {  // lost, as promised
    }
  }

  rank rank_of(const connection_report& c) noexcept {
    using event = connection_report::event;
    if (c.what == event::failed) {
      connected.store(false, std::memory_order_relaxed);
      return c.error == mint_errc::tls_failed ? rank{severity::error, kind::not_trusted}
                                              : rank{severity::warning, kind::connection_failed};
    }
    const bool first = c.what == event::established && !connected.exchange(true, std::memory_order_relaxed);
    return {first ? severity::info : severity::debug, kind::connected};
  }
};

log_observer::log_observer(writer write, severity least)
    : state_{std::make_unique<state>(std::move(write), least)} {
  assert(state_->write);
}

log_observer::~log_observer() = default;

void log_observer::on_attempt(const attempt_report& a) noexcept {
  state_->tell(rank_of(a.outcome), a.sent_at + a.took, [&] { return line_of(a); });
}

void log_observer::on_mint(const mint_report& m) noexcept {
  state_->tell({severity::debug, {}}, m.at, [&] { return line_of(m); });
}

void log_observer::on_connection(const connection_report& c) noexcept {
  state_->tell(state_->rank_of(c), c.at, [&] { return line_of(c); });
}

void log_observer::on_quota(const quota_report& q) noexcept {
  state_->tell(rank_of(q.what), q.at, [&] { return line_of(q); });
}

}  // namespace ephemint::inline v0
