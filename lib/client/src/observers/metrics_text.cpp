#include "observers/metrics_state.hpp"

#include <ephemint/version.hpp>

#include <boost/version.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <utility>

// The series. Alerts and dashboards depend on their names and labels.

namespace ephemint::inline v0 {

using namespace detail;

namespace {

constexpr std::string_view urgency_word(std::size_t urgency) noexcept {
  return urgency == index(priority::interactive) ? "interactive" : "background";
}

std::string_view result_word(std::size_t result) noexcept {
  return result == 0 ? "minted" : to_string(static_cast<mint_errc>(result));
}

double seconds(std::chrono::nanoseconds time) noexcept { return std::chrono::duration<double>{time}.count(); }

void write_queue(exposition& out, const client_totals& now) {
  out.gauge_family("ephemint_queued_mints", "Mints that wait now.");
  out.sample({{"urgency", "interactive"}}, now.queued_interactive);
  out.sample({{"urgency", "background"}}, now.queued_background);
  out.gauge_family("ephemint_requests_in_flight", "Requests under way now.");
  out.sample({}, now.in_flight);
}

void write_quota(exposition& out, const client_totals& now) {
  out.gauge_family("ephemint_quota_requests",
                   "Requests a window that the quota in force admits; 0: no limit, or none is known.");
  out.sample({}, now.quota_requests);
  out.gauge_family("ephemint_quota_window_seconds", "How long that window is.");
  out.sample({}, seconds(now.quota_window));
  out.gauge_family("ephemint_quota_used", "Requests that count in the window now.");
  out.sample({}, now.quota_used);
  out.gauge_family("ephemint_pause_seconds",
                   "How long all still wait because the API said so; 0: they don't.");
  out.sample({}, seconds(now.pause));
  out.gauge_family("ephemint_key_refused",
                   "1 while the API refuses the key, and mints fail at once; else 0.");
  out.sample({}, std::uint64_t{now.key_refused});
}

void write_build_info(exposition& out) {
  const std::string boost =
      fmt::format("{}.{}.{}", BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
  out.gauge_family("ephemint_build_info", "Always 1; its labels say what this is built of.");
  out.sample({{"version", EPHEMINT_VERSION},
              {"boost", boost},
              {"openssl", ::OpenSSL_version(OPENSSL_VERSION_STRING)}},
             std::uint64_t{1});
}

}  // namespace

std::string metrics::prometheus_text() const {
  const client_totals now = state_->clients.totals();
  exposition out;
  state_->write_mints(out);
  write_queue(out, now);
  state_->write_requests(out);
  state_->write_connections(out, now);
  write_quota(out, now);
  write_build_info(out);
  std::string text = std::move(out).take();

  std::unique_lock lock{state_->mutex};
  const auto more = state_->more;
  lock.unlock();  // these functions may take long, or call `add`
  for (const auto& one : more) text += one();
  return text;
}

void metrics::state::write_mints(exposition& out) const {
  out.counter_family(
      "ephemint_mints_total",
      "Mints that are over, by how: minted, that is a token was handed over, or the error's code.");
  for (std::size_t u = 0; u < urgencies; ++u)
    for (std::size_t r = 0; r < mint_results; ++r)
      out.sample({{"urgency", urgency_word(u)}, {"result", result_word(r)}}, mints[u][r].value());
  out.histogram_family("ephemint_mint_duration_seconds",
                       "Time from the call to the token, of mints that got one.");
  for (std::size_t u = 0; u < urgencies; ++u) out.samples({{"urgency", urgency_word(u)}}, mint_durations[u]);
  out.counter_family("ephemint_wait_seconds_total", "Time that mints waited, by what they waited for.");
  for (std::size_t u = 0; u < urgencies; ++u)
    for (std::size_t i = 0; i < wait_reasons; ++i)
      out.sample({{"urgency", urgency_word(u)}, {"reason", to_string(static_cast<wait_reason>(i))}},
                 waits[u][i].seconds());
  out.histogram_family("ephemint_token_remaining_seconds",
                       "How long tokens still had to live when they were handed over.");
  out.samples({}, remaining);
  out.counter_family("ephemint_tokens_discarded_total", "Tokens that came too late to be handed over.");
  out.sample({}, requests[index(attempt_outcome::too_old)].value());
}

void metrics::state::write_requests(exposition& out) const {
  out.counter_family("ephemint_requests_total", "Requests that are over, by how they ended.");
  for (std::size_t i = 0; i < attempt_outcomes; ++i)
    out.sample({{"outcome", to_string(static_cast<attempt_outcome>(i))}}, requests[i].value());
  out.histogram_family("ephemint_request_duration_seconds",
                       "Time from a request's leaving to its reply, or to its end without one.");
  out.samples({}, request_durations);
  out.counter_family("ephemint_retries_total", "Requests after a mint's first one, by why they were made.");
  for (const auto why : {attempt_reason::retry, attempt_reason::replacement, attempt_reason::hedge})
    out.sample({{"reason", to_string(why)}}, requests_by_reason[index(why)].value());
}

void metrics::state::write_connections(exposition& out, const client_totals& now) const {
  out.gauge_family("ephemint_connections", "Connections that stand, or are being made, now.");
  out.sample({{"state", "established"}}, now.connections);
  out.sample({{"state", "dialling"}}, now.dialling);
  out.gauge_family("ephemint_http2_connections", "Connections that stand now and speak HTTP/2.");
  out.sample({}, now.http2_connections);
  const std::uint64_t full = full_handshakes.value(), resumed = resumed_handshakes.value();
  out.counter_family("ephemint_dials_total", "Connections that were begun, by what came of them.");
  out.sample({{"result", "established"}}, full + resumed);
  out.sample({{"result", "failed"}}, failed_dials.value());
  out.counter_family("ephemint_tls_handshakes_total", "TLS handshakes that succeeded, by their kind.");
  out.sample({{"kind", "full"}}, full);
  out.sample({{"kind", "resumed"}}, resumed);
  out.counter_family("ephemint_refused_streams_total",
                     "Requests that an HTTP/2 server said it hasn't looked at.");
  out.sample({}, now.refused_streams);
}

}  // namespace ephemint::inline v0
