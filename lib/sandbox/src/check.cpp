#include "check.hpp"

#include "fault_book.hpp"
#include "http2_peer.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ephemint::inline v0::sandbox {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds hour = std::chrono::hours{1};
constexpr milliseconds day = std::chrono::hours{24};

template <class Value>
void within(std::string_view name, Value value, Value least, Value most) {
  if (!(value >= least && value <= most))
    throw std::invalid_argument{fmt::format("{} must be from {} to {}, not {}", name, least, most, value)};
}

void within(std::string_view name, milliseconds value, milliseconds least, milliseconds most) {
  if (value < least || value > most)
    throw std::invalid_argument{fmt::format("{} must be from {} ms to {} ms, not {} ms", name, least.count(),
                                            most.count(), value.count())};
}

void require(bool holds, std::string_view message) {
  if (!holds) throw std::invalid_argument{std::string{message}};
}

bool url_like(std::string_view url) {
  return url.starts_with("https://") && is_visible_ascii(url, 1000) &&
         url.find_first_of("\"\\?#") == url.npos;
}

constexpr std::uint32_t most_streams = 1'000;

void check(const http2_fault& f) {
  require(f.reset || f.reset_at == reset_point::before_reply,
          "fault.http2.reset_at needs a fault.http2.reset");
  require(!f.reset || f.end == stream_end::finish,
          "fault.http2.reset ends the stream: fault.http2.end must be finish");
  require(!f.reset || f.reset_at != reset_point::inside_reply || f.trailers.empty(),
          "fault.http2.trailers can't come where a reset takes their place");
  within("fault.http2.padding", f.padding, 0U, 255U);
  within("fault.http2.continuations", f.continuations, 0U, 10'000U);
  within("fault.http2.empty_data", f.empty_data, 0U, 100'000U);
  if (f.max_streams) within("fault.http2.max_streams", *f.max_streams, 0U, most_streams);
  within("fault.http2.pings", f.pings, 0U, 1'000U);
  within("fault.http2.settings_delay", f.settings_delay, milliseconds{0}, hour);
  if (f.window) within("fault.http2.window", *f.window, 0U, 0x7fffffffU);
  if (f.go_away) within("fault.http2.go_away.last_stream", f.go_away->last_stream, 0U, 0x7fffffffU);
}

}  // namespace

void check(const rate_limit& limit) {
  within<std::uint64_t>("rate_limit.requests", limit.requests, 0, 1'000'000);
  within("rate_limit.window", limit.window, milliseconds{1}, day);
  within<std::uint64_t>("rate_limit.burst", limit.burst, 0, 1'000'000);
}

void check(const fault& f) {
  within<std::uint64_t>("fault.every", f.every, 1, UINT64_MAX);
  within("fault.probability", f.probability, 0.0, 1.0);
  within("fault.delay", f.delay, milliseconds{0}, hour);
  within("fault.jitter", f.jitter, milliseconds{0}, hour);
  within("fault.tail_probability", f.tail_probability, 0.0, 1.0);
  within("fault.tail_delay", f.tail_delay, milliseconds{0}, hour);
  if (f.status != 0) within("fault.status", f.status, 200U, 599U);
  require(f.status != 0 || (f.body != fault_body::html && f.body != fault_body::empty),
          "fault.body html and empty need a fault.status");
  constexpr std::size_t largest = 64 * 1024 * 1024;
  within("fault.header_padding", f.header_padding, std::size_t{0}, largest);
  within("fault.body_padding", f.body_padding, std::size_t{0}, largest);
  within("fault.missing_bytes", f.missing_bytes, std::size_t{0}, largest);
  within("fault.interim", f.interim, 0U, 10'000U);
  within("fault.interim_status", f.interim_status, 100U, 199U);
  within("fault.drip", f.drip, milliseconds{0}, hour);
  require(f.missing_bytes == 0 || f.framing == body_framing::content_length,
          "fault.missing_bytes needs fault.framing content_length");
  require(f.end_at == end_point::after_reply || f.end != connection_end::keep,
          "fault.end_at needs a fault.end: close, cut, reset or stall");
  require(f.handshake == handshake_fault::none || (f.account.empty() && f.nth_on_connection == 0),
          "fault.handshake happens before any request: it can't be told by account or nth_on_connection");
  check(f.http2);
  require(!shapes_beginning(f.http2) || (f.account.empty() && f.nth_on_connection == 0),
          "fault.http2.settings_delay and window happen before any request: they can't be told by account or "
          "nth_on_connection");
}

void check_api_key(std::string_view key) {
  require(is_visible_ascii(key, 512), "server_options.api_key must be 1 to 512 characters of visible ASCII");
}

void check_max_streams(std::uint32_t most) { within("server_options.max_streams", most, 0U, most_streams); }

void check_speakable(const fault& f, bool http2) {
  require(http2 || f.http2 == http2_fault{},
          http2_is_built() ? "fault.http2 needs a server that speaks HTTP/2: this one is told not to"
                           : "fault.http2 needs HTTP/2, which this build is without: nghttp2 was not there");
}

bool speaks_http2(const server_options& options) {
  return http2_is_built() && options.http2 != http2_use::never && !options.plain_http &&
         options.max_tls >= tls_version::tls_1_2;
}

void check(const server_options& options) {
  if (!options.api_key.empty()) check_api_key(options.api_key);
  within("server_options.token_lifetime", options.token_lifetime, milliseconds{1}, day);
  require(options.portal_url.empty() || url_like(options.portal_url),
          "server_options.portal_url must be an https:// URL without query and fragment, at most 1000 "
          "characters");
  check(options.limit);
  within("server_options.latency", options.latency, milliseconds{0}, hour);
  within("server_options.jitter", options.jitter, milliseconds{0}, hour);
  check_max_streams(options.max_streams);
  if (options.http2 == http2_use::only) {
    require(http2_is_built(), "server_options.http2 can't be only: this build is without nghttp2");
    require(speaks_http2(options), "server_options.http2 can't be only: HTTP/2 needs TLS 1.2 or newer");
  }
  for (const fault& f : options.faults) {
    check(f);
    check_speakable(f, speaks_http2(options));
  }
  require(options.min_tls <= options.max_tls, "server_options.min_tls must not be above max_tls");
  within("server_options.session_tickets", options.session_tickets, 0U, 1'000U);
  within("server_options.tracked_accounts", options.tracked_accounts, std::size_t{0},
         std::size_t{10'000'000});
  within("server_options.peak_window", options.peak_window, milliseconds{0}, day);
}

}  // namespace ephemint::inline v0::sandbox
