#include "fault_book.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

bool delays_only(const fault& f) {
  return f.status == 0 && f.body == fault_body::api_error && !f.retry_after && f.headers.empty() &&
         f.header_padding == 0 && f.body_padding == 0 && f.interim == 0 && !f.raw_reply &&
         f.framing == body_framing::content_length && !f.announce_close && !f.keep_alive_timeout &&
         f.missing_bytes == 0 && f.extra_bytes.empty() && f.drip.count() == 0 && !f.one_byte_records &&
         f.end == connection_end::keep && f.http2 == http2_fault{};
}

bool is_of_connections(const fault& f) {
  return f.handshake != handshake_fault::none || shapes_beginning(f.http2);
}

// Not std::bernoulli_distribution: its use of the generator differs between standard libraries, and a seed
// should not.
bool happens(double probability, std::mt19937_64& chance) {
  if (probability >= 1) return true;
  return static_cast<double>(chance() >> 11) * 0x1p-53 < probability;
}

}  // namespace

bool shapes_beginning(const http2_fault& f) { return f.settings_delay.count() > 0 || f.window.has_value(); }

std::chrono::microseconds spread(std::chrono::milliseconds jitter, std::mt19937_64& chance) {
  const auto most = static_cast<std::uint64_t>(std::chrono::microseconds{jitter}.count());
  return std::chrono::microseconds{most == 0 ? 0 : chance() % (most + 1)};
}

void fault_book::add(fault f) {
  const bool only_delays = delays_only(f);
  std::mt19937_64 chance{f.seed};
  entries_.push_back({std::move(f), only_delays, std::move(chance)});
}

bool fault_book::strikes(entry& e) {
  const std::uint64_t nth = ++e.matched;
  if (nth <= e.what.skip || (nth - e.what.skip) % e.what.every != 0) return false;
  if (!happens(e.what.probability, e.chance)) return false;
  ++e.happened;
  return true;
}

request_fate fault_book::on_request(std::string_view account, std::uint64_t nth_on_connection,
                                    bool over_http2) {
  request_fate fate;
  for (auto at = entries_.begin(); at != entries_.end();) {
    entry& e = *at++;
    const fault& f = e.what;
    if (is_of_connections(f) || (fate.reply && !e.only_delays)) continue;
    if (!over_http2 && f.http2 != http2_fault{}) continue;
    if (!f.account.empty() && f.account != account) continue;
    if (f.nth_on_connection != 0 && f.nth_on_connection != nth_on_connection) continue;
    if (!strikes(e)) continue;
    fate.touched = true;
    fate.delay += f.delay + spread(f.jitter, e.chance);
    if (f.tail_probability > 0 && happens(f.tail_probability, e.chance)) fate.delay += f.tail_delay;
    if (!e.only_delays) fate.reply = f;
    if (e.happened == f.count) entries_.erase(std::prev(at));
  }
  return fate;
}

std::optional<fault> fault_book::first_of(bool (*which)(const fault&)) {
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (!which(at->what) || !strikes(*at)) continue;
    fault what = at->what;
    if (at->happened == what.count) entries_.erase(at);
    return what;
  }
  return std::nullopt;
}

handshake_fault fault_book::on_connection() {
  const auto struck = first_of([](const fault& f) { return f.handshake != handshake_fault::none; });
  return struck ? struck->handshake : handshake_fault::none;
}

http2_fault fault_book::on_http2_connection() {
  const auto struck = first_of([](const fault& f) { return shapes_beginning(f.http2); });
  return struck ? struck->http2 : http2_fault{};
}

}  // namespace ephemint::inline v0::sandbox
