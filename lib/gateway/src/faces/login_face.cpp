#include "faces/login_pages.hpp"
#include "faces/opening.hpp"
#include "faces/problem.hpp"
#include "faces/waits.hpp"
#include "hub.hpp"
#include "tickets/link_ticket.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds until_it_may_be_better{3};  // if no time is known
constexpr std::string_view ticket_path = "/login/";
constexpr std::string_view form_path = "/login";

/// One request for a ticket.
struct click {
  std::string_view ticket;  ///< its text
  bool by_form = false;

  /// The target of a page that reloads by itself. It does so by GET, so a form's own address won't do. Empty:
  /// the page itself.
  std::string again() const { return by_form ? std::string{ticket_path}.append(ticket) : std::string{}; }
};

/// Whether `what` is true of any line of that header field.
template <class Predicate>
bool any_line(const request& asked, std::string_view name, Predicate what) {
  const auto [first, last] = asked.equal_range(name);
  return std::any_of(first, last, [&what](const auto& line) { return what(std::string_view{line.value()}); });
}

/// Whether this is a prefetch by a browser or a mail program: a full request, which differs only in this
/// field.
bool is_prefetch(const request& asked) {
  const auto says_so = [](std::string_view value) {
    constexpr std::string_view word = "prefetch";
    const auto same = [](char a, char b) { return (a | 0x20) == b; };
    return std::search(value.begin(), value.end(), word.begin(), word.end(), same) != value.end();
  };
  return any_line(asked, "Sec-Purpose", says_so) || any_line(asked, "Purpose", says_so);
}

/// Whether this is a request for an image or a frame, or a script's `fetch`. A request without these fields
/// counts as a navigation.
bool is_no_navigation(const request& asked) {
  return any_line(asked, "Sec-Fetch-Dest", [](std::string_view to) { return to != "document"; }) ||
         any_line(asked, "Sec-Fetch-Mode", [](std::string_view mode) { return mode != "navigate"; });
}

bool comes_from(const request& asked, std::string_view site) {
  return any_line(asked, "Sec-Fetch-Site", [site](std::string_view from) { return from == site; });
}

class login_face final : public face {
 public:
  explicit login_face(hub& of) : hub_{of}, pages_{of.options()} {}

  std::string_view name() const noexcept override { return "login"; }
  reply refusal(unsigned status, std::string_view) override { return pages_.other(status); }
  task<reply> answer(exchange& of) override;

 private:
  std::optional<reply> misdirected(exchange& of, click& c) const;
  std::optional<reply> not_a_persons(exchange& of, const click& c) const;
  std::optional<reply> to_confirm(exchange& of, const click& c, const link_ticket& ticket);
  task<reply> log_in(exchange& of, click c, link_ticket ticket);

  std::optional<reply> not_to_open(exchange& of, const click& c, ticket_book::admission) const;
  reply waiting(exchange& of, const click& c, opening& held, clock::duration wait);
  reply failed(exchange& of, const click& c, opening& held, const mint_error&);
  reply redirect(exchange& of, const click& c, opening& held, const ephemeral_token&);

  hub& hub_;
  login_pages pages_;
  std::minstd_rand chance_{std::random_device{}()};
};

reply shown(exchange& of, std::string_view code, reply with, std::string why = {}) {
  of.log.code = code;
  of.log.why = std::move(why);
  return with;
}

// --- what is asked for ---

task<reply> login_face::answer(exchange& of) {
  click asked;
  if (auto refused = misdirected(of, asked)) co_return std::move(*refused);
  if (auto refused = not_a_persons(of, asked)) co_return std::move(*refused);

  const auto& options = hub_.options();
  const ticket_rules rules{options.public_url, options.max_link_age};
  ticket_reading read = read_ticket(asked.ticket, hub_.link_keys, rules, wall_clock::now());
  if (read.fault) {
    const bool ours = read.fault->what == ticket_fault::kind::ill_formed;
    co_return shown(of, ours ? "ill_formed" : "refused", pages_.dead(ours ? 400 : 403), read.fault->why);
  }
  of.log.account = read.ticket->account.str();
  if (auto page = to_confirm(of, asked, *read.ticket)) co_return std::move(*page);
  auto logged_in = log_in(of, asked, std::move(*read.ticket));
  co_return co_await std::move(logged_in);
}

/// Finds the ticket's text, unless the request is for none of our pages.
std::optional<reply> login_face::misdirected(exchange& of, click& c) const {
  c.by_form = hub_.options().confirm && of.path() == form_path;
  if (!c.by_form && !of.path().starts_with(ticket_path)) return shown(of, "not_found", pages_.other(404));
  of.log.route = "login";
  if (of.asked.method() != (c.by_form ? http::verb::post : http::verb::get)) {
    reply refused = pages_.other(405);
    refused.headers.emplace_back(http::field::allow, c.by_form ? "POST" : "GET");
    return shown(of, "method_not_allowed", std::move(refused));
  }
  if (of.query()) return shown(of, "ill_formed", pages_.dead(400), "something stands behind the ticket");
  if (!c.by_form) {
    c.ticket = of.path().substr(ticket_path.size());
    return std::nullopt;
  }
  const auto is_form = [](auto type) { return type.starts_with("application/x-www-form-urlencoded"); };
  if (!any_line(of.asked, "Content-Type", is_form))
    return shown(of, "unsupported_media_type", pages_.other(415));
  // A form doesn't encode any of a ticket's characters.
  constexpr std::string_view begin = "ticket=";
  c.ticket = of.asked.body();
  if (!c.ticket.starts_with(begin) || c.ticket.find('&') != c.ticket.npos)
    return shown(of, "ill_formed", pages_.dead(400), "the form has not just a ticket");
  c.ticket.remove_prefix(begin.size());
  return std::nullopt;
}

/// A request that a program made in advance, or from within another page, must not spend a ticket.
std::optional<reply> login_face::not_a_persons(exchange& of, const click& c) const {
  if (is_prefetch(of.asked)) return shown(of, "prefetch", pages_.unopened());
  if (is_no_navigation(of.asked)) return shown(of, "not_navigation", pages_.unopened());
  // The form belongs to our own page. A link in a mail comes from another site, and only shows that page.
  const bool must_be_near = c.by_form || (hub_.options().same_site && !hub_.options().confirm);
  if (must_be_near && comes_from(of.asked, "cross-site")) return shown(of, "cross_site", pages_.unopened());
  return std::nullopt;
}

/// The page with the button, unless it was pressed. A waiting page that followed the button goes on by
/// itself: mail scanners don't come from our pages.
std::optional<reply> login_face::to_confirm(exchange& of, const click& c, const link_ticket& ticket) {
  if (c.by_form || !hub_.options().confirm) return std::nullopt;
  if (hub_.tickets().is_spent(ticket.id)) return shown(of, "spent", pages_.dead(403));
  const bool waits = hub_.tickets().waits(ticket.id, clock::now());
  if (waits && comes_from(of.asked, "same-origin")) return std::nullopt;
  const bool over = is_over(ticket, wall_clock::now()) && !waits;
  return over ? shown(of, "expired", pages_.dead(403)) : shown(of, "confirm", pages_.confirm(c.ticket));
}

// --- a ticket of ours ---

task<reply> login_face::log_in(exchange& of, click c, link_ticket ticket) {
  opening held{hub_, std::move(ticket)};
  if (auto refused = not_to_open(of, c, held.open())) co_return std::move(*refused);
  const auto wait = hub_.minter().estimate(priority::interactive, held.ahead());
  const bool came_back = hub_.tickets().waits(held.ticket().id, clock::now());
  const bool must_wait = wait > (came_back ? patience_once_told : patience);
  // If the key is refused there is nothing to wait for: the mint fails, and says so.
  if (must_wait && !hub_.key_is_refused()) co_return waiting(of, c, held, wait);
  if (const auto later = held.count())  // perhaps because of reloads: this page doesn't reload by itself
    co_return shown(of, "account_limited",
                    pages_.unable(429, std::chrono::ceil<std::chrono::seconds>(*later)));

  const mint_request wanted{
      .account = held.ticket().account, .deadline = hub_.options().deadline, .tag = hub_.notes().next_tag()};
  auto minting = hub_.mint(of, wanted);
  const mint_result minted = co_await minting;
  const mint_note note = hub_.notes().take(wanted.tag);
  of.log.request_id = note.request_id;
  if (!minted && minted.error().value() == mint_errc::cancelled && note.attempts > 0) held.keep_count();
  if (!minted) co_return failed(of, c, held, minted.error());
  co_return redirect(of, c, held, *minted);
}

std::optional<reply> login_face::not_to_open(exchange& of, const click& c, ticket_book::admission is) const {
  switch (is) {
    case ticket_book::admission::opened:
      break;
    case ticket_book::admission::busy:
      return shown(of, "busy", pages_.busy(c.again()));
    case ticket_book::admission::spent:
      return shown(of, "spent", pages_.dead(403));
    case ticket_book::admission::over:
      return shown(of, "expired", pages_.dead(403));
    case ticket_book::admission::doubtful:
      return shown(of, "spent", pages_.dead(403), "it may have been, before the clock was set back");
    case ticket_book::admission::full:
      return shown(of, "full", pages_.unable(503, until_it_may_be_better));
  }
  return std::nullopt;
}

reply login_face::waiting(exchange& of, const click& c, opening& held, clock::duration wait) {
  const auto now = clock::now();
  const std::chrono::seconds seconds = told(wait, std::generate_canonical<double, 10>(chance_));
  if (of.log.code.empty()) of.log.code = "waiting";
  if (now + seconds >= held.dies())
    return pages_.unable(503, seconds);  // no place in line if it would come back too late
  held.wait_until(now + seconds);
  return pages_.waiting(seconds, held.ahead(), c.again());
}

/// A failure that may pass gets the waiting page. So does a request while this gateway is closing: another
/// gateway may be there later.
reply login_face::failed(exchange& of, const click& c, opening& held, const mint_error& error) {
  of.log.code = to_string(error.value());
  of.log.why = error.message();
  of.log.request_id = error.request_id();
  const bool may_be_better = error.code() == mint_condition::retry_later || error.code() == mint_errc::closed;
  if (!may_be_better) return pages_.unable(status_of(error.value()));
  const auto in_line = hub_.minter().estimate(priority::interactive, held.ahead());
  return waiting(of, c, held, std::max(error.retry_after().value_or(until_it_may_be_better), in_line));
}

reply login_face::redirect(exchange& of, const click& c, opening& held, const ephemeral_token& token) {
  const link_ticket& ticket = held.ticket();
  auto url = token.login_url({.theme_id = ticket.theme_id, .redirect_to = ticket.redirect_to});
  if (!url) return failed(of, c, held, url.error());
  of.log.remaining = std::chrono::duration_cast<std::chrono::milliseconds>(token.remaining());
  reply there{.status = c.by_form ? 303u : 302u};
  there.headers.emplace_back(http::field::location, std::move(*url));
  there.told = held.on_told();
  return there;
}

}  // namespace

std::unique_ptr<face> make_login_face(hub& of) { return std::make_unique<login_face>(of); }

}  // namespace ephemint::inline v0::gateway
