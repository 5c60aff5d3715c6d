#include "faces.hpp"
#include "hub.hpp"
#include "link_ticket.hpp"
#include "login_pages.hpp"
#include "statuses.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string_type.hpp>
#include <boost/url/grammar/ci_string.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>

namespace ephemint::inline v0::gateway {
namespace {

namespace beast = boost::beast;
using namespace std::chrono_literals;

constexpr clock::duration patience = 700ms;                // a person doesn't notice more of a redirect
constexpr std::chrono::seconds until_it_may_be_better{3};  // where nobody said how long
constexpr std::string_view ticket_path = "/login/";
constexpr std::string_view form_path = "/login";

/// One request for a ticket.
struct click {
  std::string_view ticket;  ///< its text
  bool by_form = false;

  /// Where a page that goes on by itself goes: by GET, so a form's own address won't do. Empty: to itself.
  std::string again() const { return by_form ? std::string{ticket_path}.append(ticket) : std::string{}; }
};

/// Whether a header, all of its lines, makes `what` true.
template <class Predicate>
bool any_of(const request& asked, std::string_view name, Predicate what) {
  const auto [first, last] = asked.equal_range(beast::string_view{name.data(), name.size()});
  return std::any_of(first, last, [&what](const auto& line) {
    return what(std::string_view{line.value().data(), line.value().size()});
  });
}

/// A browser's guess of what may be clicked next, and a mail program's: a full request, but for this.
bool is_prefetch(const request& asked) {
  const auto says_so = [](std::string_view value) {
    constexpr std::string_view word = "prefetch";
    const auto same = [](char a, char b) { return (a | 0x20) == b; };
    return std::search(value.begin(), value.end(), word.begin(), word.end(), same) != value.end();
  };
  return any_of(asked, "Sec-Purpose", says_so) || any_of(asked, "Purpose", says_so);
}

/// An image, a frame, a script's `fetch`. Browsers that don't say are believed.
bool is_no_navigation(const request& asked) {
  return any_of(asked, "Sec-Fetch-Dest", [](std::string_view to) { return to != "document"; }) ||
         any_of(asked, "Sec-Fetch-Mode", [](std::string_view mode) { return mode != "navigate"; });
}

bool comes_from(const request& asked, std::string_view site) {
  return any_of(asked, "Sec-Fetch-Site", [site](std::string_view from) { return from == site; });
}

/// When a time of the wall clock's comes.
clock::time_point on_our_clock(wall_clock::time_point when) {
  return clock::now() + std::chrono::duration_cast<clock::duration>(when - wall_clock::now());
}

/// A ticket that is being opened: open again when this goes, and its account's login given back, unless
/// something came of it.
class opening {
 public:
  opening(hub& of, link_ticket ticket) : hub_{of}, ticket_{std::move(ticket)} {}
  opening(const opening&) = delete;
  opening& operator=(const opening&) = delete;
  ~opening() {
    if (open_) give_back(hub_, ticket_, counted_);
  }

  ticket_book::admission open(clock::time_point now) {
    const auto admitted = hub_.tickets().open(ticket_.id, now, on_our_clock(ticket_.expires_at), dies());
    open_ = admitted == ticket_book::admission::opened;
    return admitted;
  }
  /// When it can't be kept alive any longer.
  clock::time_point dies() const { return on_our_clock(ticket_.issued_at + longest_link_age); }
  /// How many wait before it.
  std::size_t ahead() const { return hub_.tickets().ahead(ticket_.id, clock::now()); }
  /// Takes a login of the account's, or says how long from now one will be free.
  std::optional<clock::duration> count() {
    const auto later = hub_.limits().take(ticket_.account.str(), clock::now());
    counted_ = !later;
    return later;
  }

  void wait_until(clock::time_point then) {
    hub_.tickets().wait_until(ticket_.id, then);
    open_ = false;
    if (counted_) hub_.limits().give_back(ticket_.account.str());
  }
  /// The ticket is spent, or not, when the answer was told.
  std::function<void(bool)> on_told() {
    std::function<void(bool)> told = [&of = hub_, ticket = ticket_](bool handed_over) {
      if (handed_over)
        of.tickets().spend(ticket.id);
      else
        give_back(of, ticket, true);
    };
    open_ = false;
    return told;
  }

  const link_ticket& ticket() const noexcept { return ticket_; }

 private:
  static void give_back(hub& of, const link_ticket& ticket, bool counted) {
    of.tickets().give_back(ticket.id);
    if (counted) of.limits().give_back(ticket.account.str());
  }

  hub& hub_;
  link_ticket ticket_;
  bool open_ = false;
  bool counted_ = false;
};

class login_face final : public face {
 public:
  explicit login_face(hub& of) : hub_{of}, pages_{of.options()} {}

  std::string_view name() const noexcept override { return "login"; }
  reply refusal(unsigned status, std::string_view) override { return pages_.other(status); }
  asio::awaitable<reply> answer(exchange& of) override;

 private:
  std::optional<reply> misdirected(exchange& of, click& c) const;
  std::optional<reply> not_a_persons(exchange& of, const click& c) const;
  reply to_confirm(exchange& of, const click& c, const link_ticket& ticket);
  asio::awaitable<reply> log_in(exchange& of, click c, link_ticket ticket);

  std::optional<reply> not_to_open(exchange& of, const click& c, ticket_book::admission) const;
  reply limited(exchange& of, clock::duration later) const;
  reply waiting(exchange& of, const click& c, opening& held, clock::duration wait);
  reply failed(exchange& of, const click& c, opening& held, const mint_error&);
  reply redirect(exchange& of, const click& c, opening& held, const ephemeral_token&);

  bool confirmed(const exchange& of, const click& c, const link_ticket& ticket);
  std::chrono::seconds told(clock::duration wait);

  hub& hub_;
  login_pages pages_;
  std::minstd_rand chance_{std::random_device{}()};
};

reply refuse(exchange& of, std::string_view code, reply with, std::string why = {}) {
  of.log.code = code;
  of.log.why = std::move(why);
  return with;
}

// --- what is asked for ---

asio::awaitable<reply> login_face::answer(exchange& of) {
  click asked;
  if (auto refused = misdirected(of, asked)) co_return std::move(*refused);
  if (auto refused = not_a_persons(of, asked)) co_return std::move(*refused);

  const auto& options = hub_.options();
  const ticket_rules rules{options.public_url, options.max_link_age};
  ticket_reading read = read_ticket(asked.ticket, hub_.link_keys, rules, wall_clock::now());
  if (read.fault) {
    const bool ours = read.fault->what == ticket_fault::kind::ill_formed;
    co_return refuse(of, ours ? "ill_formed" : "refused", pages_.dead(ours ? 400 : 403), read.fault->why);
  }
  of.log.account = read.ticket->account.str();
  if (!confirmed(of, asked, *read.ticket)) co_return to_confirm(of, asked, *read.ticket);
  auto logged_in = log_in(of, asked, std::move(*read.ticket));
  co_return co_await std::move(logged_in);
}

/// The ticket's text, unless nothing of ours is asked for.
std::optional<reply> login_face::misdirected(exchange& of, click& c) const {
  c.by_form = hub_.options().confirm && of.path() == form_path;
  if (!c.by_form && !of.path().starts_with(ticket_path)) return refuse(of, "not_found", pages_.other(404));
  of.log.route = "login";
  if (of.asked.method() != (c.by_form ? http::verb::post : http::verb::get)) {
    reply refused = pages_.other(405);
    refused.headers.emplace_back(http::field::allow, c.by_form ? "POST" : "GET");
    return refuse(of, "method_not_allowed", std::move(refused));
  }
  if (of.query()) return refuse(of, "ill_formed", pages_.dead(400), "something stands behind the ticket");
  if (!c.by_form) {
    c.ticket = of.path().substr(ticket_path.size());
    return std::nullopt;
  }
  const auto is_a_form = [](std::string_view type) {
    const std::string_view media = type.substr(0, type.find_first_of("; \t"));
    return boost::urls::grammar::ci_is_equal(media, "application/x-www-form-urlencoded");
  };
  if (!any_of(of.asked, "Content-Type", is_a_form)) return refuse(of, "not_a_form", pages_.other(415));
  // A ticket's characters are those that a form leaves as they are.
  constexpr std::string_view begin = "ticket=";
  c.ticket = of.asked.body();
  if (!c.ticket.starts_with(begin) || c.ticket.find('&') != c.ticket.npos)
    return refuse(of, "ill_formed", pages_.dead(400), "the form has not just a ticket");
  c.ticket.remove_prefix(begin.size());
  return std::nullopt;
}

/// Nothing that a program asks for ahead of a person, or in another's page, may spend a ticket.
std::optional<reply> login_face::not_a_persons(exchange& of, const click& c) const {
  if (is_prefetch(of.asked)) return refuse(of, "prefetch", pages_.unopened());
  if (is_no_navigation(of.asked)) return refuse(of, "not_navigation", pages_.unopened());
  // The form is our own page's. A link in a mail comes from another site, and does nothing but show that.
  const bool must_be_near = c.by_form || (hub_.options().same_site && !hub_.options().confirm);
  if (must_be_near && comes_from(of.asked, "cross-site")) return refuse(of, "cross_site", pages_.unopened());
  return std::nullopt;
}

/// The waiting page goes on by itself, after a person has pressed the button. Programs that look into mail
/// don't come from our pages.
bool login_face::confirmed(const exchange& of, const click& c, const link_ticket& ticket) {
  return c.by_form || !hub_.options().confirm ||
         (comes_from(of.asked, "same-origin") && hub_.tickets().waits(ticket.id, clock::now()));
}

/// The button; or that it would do nothing.
reply login_face::to_confirm(exchange& of, const click& c, const link_ticket& ticket) {
  const bool over = is_over(ticket, wall_clock::now()) && !hub_.tickets().waits(ticket.id, clock::now());
  return over ? refuse(of, "expired", pages_.dead(403)) : refuse(of, "confirm", pages_.confirm(c.ticket));
}

// --- a ticket of ours ---

asio::awaitable<reply> login_face::log_in(exchange& of, click c, link_ticket ticket) {
  opening held{hub_, std::move(ticket)};
  if (auto refused = not_to_open(of, c, held.open(clock::now()))) co_return std::move(*refused);
  const auto wait = hub_.minter().estimate(priority::interactive, held.ahead());
  if (wait > patience) co_return waiting(of, c, held, wait);
  if (const auto later = held.count()) co_return limited(of, *later);

  const mint_request wanted{.account = held.ticket().account, .deadline = hub_.options().deadline};
  auto until_gone = asio::bind_cancellation_slot(of.gone, asio::use_awaitable);
  const mint_result minted = co_await hub_.minter().async_mint(wanted, std::move(until_gone));
  if (!minted) co_return failed(of, c, held, minted.error());
  co_return redirect(of, c, held, *minted);
}

std::optional<reply> login_face::not_to_open(exchange& of, const click& c, ticket_book::admission is) const {
  switch (is) {
    case ticket_book::admission::opened:
      break;
    case ticket_book::admission::busy:
      return refuse(of, "busy", pages_.busy(c.again()));
    case ticket_book::admission::spent:
      return refuse(of, "spent", pages_.dead(403));
    case ticket_book::admission::over:
      return refuse(of, "expired", pages_.dead(403));
    case ticket_book::admission::full:
      return refuse(of, "full", pages_.unable(503, until_it_may_be_better));
  }
  return std::nullopt;
}

/// The page doesn't go on by itself: it would be reloads that brought it here.
reply login_face::limited(exchange& of, clock::duration later) const {
  return refuse(of, "account_limited", pages_.unable(429, std::chrono::ceil<std::chrono::seconds>(later)));
}

/// Whole seconds, upwards, and a little more by chance, so that who was told together doesn't come together.
std::chrono::seconds login_face::told(clock::duration wait) {
  wait = std::min<clock::duration>(wait, 24h);
  std::uniform_int_distribution<clock::rep> more{0, std::min<clock::duration>(wait / 10, 1s).count()};
  return std::max(std::chrono::ceil<std::chrono::seconds>(wait + clock::duration{more(chance_)}), 1s);
}

reply login_face::waiting(exchange& of, const click& c, opening& held, clock::duration wait) {
  const auto now = clock::now();
  const std::chrono::seconds seconds = told(wait);
  if (of.log.code.empty()) of.log.code = "waiting";
  if (now + seconds >= held.dies())
    return pages_.unable(503, seconds);  // no line for who'd come back too late
  held.wait_until(now + seconds);
  return pages_.waiting(seconds, held.ahead(), c.again());
}

/// What may be better later waits, and so does who came when this gateway was to end: another one may be
/// there then.
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
