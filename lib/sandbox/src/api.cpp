#include "api.hpp"

#include "check.hpp"
#include "login_page.hpp"
#include "own_authority.hpp"
#include "random.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

constexpr std::string_view token_path = "/v1/tokens/ephemeral";
constexpr std::string_view login_path = "/api/directlogin";

std::pair<std::string_view, std::string_view> split_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == target.npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

reply bad_field(std::string_view code, std::string_view field, std::string_view message) {
  return error_reply(400, {.type = "validation", .code = code, .message = message, .field_name = field});
}

/// The refusal of an authorised but invalid mint; none if it is valid.
std::optional<reply> bad_mint(const request& asked, std::string_view query) {
  if (asked.accounts == 0 || asked.account.empty())
    return bad_field("field_value_required", "On-Behalf-Of", "On-Behalf-Of must name an account.");
  if (asked.accounts > 1)
    return bad_field("invalid_field_value", "On-Behalf-Of", "On-Behalf-Of must be there once.");
  if (!is_visible_ascii(asked.account, 128))
    return bad_field("invalid_identifier", "On-Behalf-Of", "On-Behalf-Of is not an account id.");
  if (!query.empty() && query != "redirect=shipengine-dashboard")
    return bad_field("invalid_field_value", "redirect", "redirect must be shipengine-dashboard.");
  return std::nullopt;
}

std::chrono::milliseconds peak_window(const server_options& options) {
  if (options.peak_window.count() != 0) return options.peak_window;
  return options.limit.kind == limiter_kind::none ? std::chrono::minutes{1} : options.limit.window;
}

}  // namespace

api::api(const server_options& options, std::uint16_t port)
    : portal_url_{options.portal_url},
      port_{port},
      token_lifetime_{options.token_lifetime},
      latency_{options.latency},
      jitter_{options.jitter},
      speaks_http2_{sandbox::speaks_http2(options)},
      max_streams_{options.max_streams},
      api_keys_{options.api_key.empty() ? random_api_key() : options.api_key},
      limiter_{std::make_unique<limiter>(options.limit)},
      counters_{options.tracked_accounts, peak_window(options)},
      chance_{options.seed} {
  counters_.know_key(api_keys_.front());
  for (const fault& f : options.faults) faults_.add(f);
}

template <class Exchange>
Exchange api::counted(Exchange e) {
  const std::lock_guard lock{mutex_};
  counters_.on_reply(e.status);
  return e;
}

exchange api::answer(const request& asked, clock::time_point now, wall_clock::time_point wall_now) {
  decision d = decide(asked, now, wall_now);
  exchange e = to_exchange(std::move(d.said), d.shaped_by, asked);
  e.delay = d.delay;
  return counted(std::move(e));
}

http2_exchange api::answer_http2(const request& asked, clock::time_point now,
                                 wall_clock::time_point wall_now) {
  decision d = decide(asked, now, wall_now);
  http2_exchange e = to_http2_exchange(std::move(d.said), d.shaped_by, asked);
  e.delay = d.delay;
  if (e.own.reset == http2_error::refused_stream && e.own.reset_at == reset_point::before_reply)
    on_refused_stream();
  return counted(std::move(e));
}

api::decision api::decide(const request& asked, clock::time_point now, wall_clock::time_point wall_now) {
  const auto [path, query] = split_target(asked.target);
  if (path == login_path) return {show_login(asked, query, wall_now), {}};

  request_fate fate = fate_of(asked, now);
  decision d{{}, fate.reply ? *std::move(fate.reply) : fault{}, fate.delay};
  const fault& f = d.shaped_by;
  if (f.status != 0)
    d.said = faulty_reply(f, f.status < 300 ? mint(asked, !query.empty(), wall_now) : reply{});
  else if (!keeps_from_api(f.http2, asked.stream) && (!f.raw_reply || f.raw_expands))
    d.said = right_answer(asked, now, wall_now);
  return d;
}

request_fate api::fate_of(const request& asked, clock::time_point now) {
  const std::lock_guard lock{mutex_};
  counters_.on_request(now, asked.account, asked.api_key);
  const bool over_http2 = asked.stream != 0;
  if (over_http2) ++counters_.plain.http2_requests;
  request_fate fate;
  if (!faults_.empty()) fate = faults_.on_request(asked.account, asked.nth_on_connection, over_http2);
  if (fate.touched) ++counters_.plain.faulted;
  fate.delay += latency_ + spread(jitter_, chance_);
  return fate;
}

reply api::right_answer(const request& asked, clock::time_point now, wall_clock::time_point wall_now) {
  const auto [path, query] = split_target(asked.target);
  if (path != token_path) return error_reply(404, usual_error(404));
  if (asked.method != "POST") {
    reply r = error_reply(405, usual_error(405));
    r.headers.emplace_back("Allow: POST");
    return r;
  }
  if (asked.api_keys > 1) return bad_field("invalid_field_value", "API-Key", "API-Key must be there once.");
  if (!takes(asked.api_key)) return error_reply(401, usual_error(401));
  if (auto refused = refused_by_limiter(asked, now)) return *std::move(refused);
  if (auto bad = bad_mint(asked, query)) return *std::move(bad);
  reply minted = mint(asked, !query.empty(), wall_now);
  const std::lock_guard lock{mutex_};
  ++counters_.plain.minted;
  return minted;
}

std::optional<reply> api::refused_by_limiter(const request& asked, clock::time_point now) {
  const std::lock_guard lock{mutex_};
  const auto wait = limiter_->ask(now, asked.api_key, asked.account);
  if (!wait) return std::nullopt;
  ++counters_.plain.rate_limited;
  reply r = error_reply(429, usual_error(429));
  if (auto text = retry_after(limiter_->limit(), *wait)) r.headers.push_back("Retry-After: " + *text);
  return r;
}

std::string api::portal_for(const request& asked) const {
  if (!portal_url_.empty()) return portal_url_;
  return fmt::format("https://{}{}", own_authority(asked.host, port_), login_path);
}

reply api::mint(const request& asked, bool with_url, wall_clock::time_point wall_now) const {
  reply r{.request_id = random_uuid()};
  r.token = signer_.sign(asked.account, wall_now, token_lifetime_);
  r.body = fmt::format(R"({{"token":"{}"}})", r.token);
  if (!with_url) return r;
  r.redirect_url = portal_for(asked) + "?token=" + r.token;
  r.body = fmt::format(R"({{"token":"{}","redirect_url":"{}"}})", r.token, r.redirect_url);
  return r;
}

reply api::show_login(const request& asked, std::string_view query, wall_clock::time_point wall_now) {
  reply r = asked.method == "GET" || asked.method == "HEAD" ? login_page(query, signer_, wall_now)
                                                            : error_reply(405, usual_error(405));
  const std::lock_guard lock{mutex_};
  ++(r.status == 200 ? counters_.plain.logins_shown : counters_.plain.logins_refused);
  return r;
}

exchange api::answer_garbage() {
  const request garbage{.method = "POST", .keep_alive = false};
  return counted(to_exchange(error_reply(400, usual_error(400)), {}, garbage));
}

http2_exchange api::answer_http2_garbage(std::uint32_t stream) {
  const request garbage{.method = "POST", .stream = stream};
  return counted(to_http2_exchange(error_reply(400, usual_error(400)), {}, garbage));
}

http2_fault api::on_http2_connection() {
  const std::lock_guard lock{mutex_};
  ++counters_.plain.http2_connections;
  http2_fault beginning = faults_.on_http2_connection();
  if (beginning != http2_fault{}) ++counters_.plain.faulted;
  if (!beginning.max_streams) beginning.max_streams = max_streams_;
  return beginning;
}

void api::on_streams(std::size_t open) {
  const std::lock_guard lock{mutex_};
  std::uint64_t& peak = counters_.plain.peak_streams;
  peak = std::max<std::uint64_t>(peak, open);
}

void api::on_refused_stream() {
  const std::lock_guard lock{mutex_};
  ++counters_.plain.refused_streams;
}

handshake_fault api::on_connection() {
  const std::lock_guard lock{mutex_};
  ++counters_.plain.connections_opened;
  ++counters_.plain.connections_open;
  const handshake_fault what = faults_.on_connection();
  if (what != handshake_fault::none) ++counters_.plain.faulted;
  return what;
}

void api::on_connection_end() {
  const std::lock_guard lock{mutex_};
  --counters_.plain.connections_open;
}

void api::on_handshake(handshake how) {
  const std::lock_guard lock{mutex_};
  switch (how) {
    case handshake::full:
      ++counters_.plain.handshakes_full;
      break;
    case handshake::resumed:
      ++counters_.plain.handshakes_resumed;
      break;
    case handshake::failed:
      ++counters_.plain.handshakes_failed;
      break;
  }
}

void api::set_max_streams(std::uint32_t most) {
  check_max_streams(most);
  const std::lock_guard lock{mutex_};
  max_streams_ = most;
}

bool api::takes(std::string_view key) const {
  const std::lock_guard lock{mutex_};
  return std::ranges::find(api_keys_, key) != api_keys_.end();
}

std::string api::api_key() const {
  const std::lock_guard lock{mutex_};
  return api_keys_.back();
}

void api::set_api_key(std::string key) {
  check_api_key(key);
  std::vector<std::string> alone{std::move(key)};
  const std::lock_guard lock{mutex_};
  counters_.know_key(alone.front());
  api_keys_.swap(alone);
}

void api::add_api_key(std::string key) {
  check_api_key(key);
  const std::lock_guard lock{mutex_};
  counters_.know_key(key);
  std::erase(api_keys_, key);
  api_keys_.push_back(std::move(key));
}

void api::set_rate_limit(const rate_limit& limit) {
  check(limit);
  auto fresh = std::make_unique<limiter>(limit);
  const std::lock_guard lock{mutex_};
  limiter_.swap(fresh);
}

void api::add_fault(fault f) {
  check(f);
  check_speakable(f, speaks_http2_);
  const std::lock_guard lock{mutex_};
  faults_.add(std::move(f));
}

void api::clear_faults() {
  const std::lock_guard lock{mutex_};
  faults_.clear();
}

server_stats api::stats() const {
  const std::lock_guard lock{mutex_};
  return counters_.snapshot();
}

void api::reset_stats() {
  const std::lock_guard lock{mutex_};
  counters_.reset();
}

}  // namespace ephemint::inline v0::sandbox
