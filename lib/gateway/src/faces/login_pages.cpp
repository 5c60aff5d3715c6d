#include "faces/login_pages.hpp"

#include "text/origin.hpp"
#include "tickets/signing.hpp"

#include <boost/url/parse.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

using std::chrono::seconds;

constexpr std::string_view page_style =
    ":root{color-scheme:light dark;--back:#f3f5f8;--card:#fff;--text:#1b2430;--soft:#4b5666;--mark:#1d5fbf;"
    "--on-mark:#fff;--line:#dfe4ea}"
    "@media(prefers-color-scheme:dark){:root{--back:#12161c;--card:#1c222b;--text:#eef1f5;--soft:#b4becb;"
    "--mark:#8ab4f8;--on-mark:#10151c;--line:#323b47}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1.5rem;"
    "background:var(--back);color:var(--text);font:1rem/1.55 system-ui,sans-serif}"
    "main{width:100%;max-width:27rem;margin-bottom:6vh;padding:2.5rem 2rem;background:var(--card);border:1px "
    "solid var(--line);"
    "border-radius:14px;text-align:center;text-wrap:balance}"
    "h1{margin:0 0 .75rem;font-size:1.35rem;line-height:1.3;font-weight:600}"
    "p{margin:.75rem 0 0;color:var(--soft)}"
    ".bar{height:4px;margin:1.5rem 0;border-radius:2px;background:var(--line);overflow:hidden}"
    ".bar i{display:block;height:100%;background:var(--mark);transform-origin:left;"
    "animation:fill 1s linear both}"
    "@keyframes fill{from{transform:scaleX(0)}to{transform:scaleX(1)}}"
    "form{margin:1.5rem 0 0}"
    ".act{display:inline-block;margin-top:1.25rem;padding:.7rem 1.6rem;border:0;border-radius:8px;"
    "background:var(--mark);color:var(--on-mark);font:inherit;font-weight:600;text-decoration:none;"
    "cursor:pointer}"
    ".act:focus-visible{outline:3px solid var(--text);outline-offset:2px}"
    "@media(prefers-reduced-motion:reduce){.bar{display:none}}";

/// What differs from page to page.
struct login_page {
  unsigned status;
  std::string_view title{};
  std::string content{};  // HTML
  std::string head{};     // HTML
  std::string style{};
  std::string_view form_action = "'none'";
  std::optional<seconds> wait{};  ///< the wait before it may be requested again
};

std::string hash_of(std::string_view style) {
  const auto hash = sha256(style);
  std::array<unsigned char, 45> base64{};  // null-terminated
  EVP_EncodeBlock(base64.data(), hash.data(), static_cast<int>(hash.size()));
  return {base64.begin(), base64.end() - 1};
}

reply made_of(const login_page& shown) {
  const std::string style = std::string{page_style} + shown.style;
  reply made{.status = shown.status, .content_type = "text/html; charset=utf-8"};
  made.content_policy = fmt::format(
      "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; frame-ancestors 'none'; form-action {}",
      hash_of(style), shown.form_action);
  made.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"robots\" content=\"noindex\">{}<title>{}</title><style>{}</style></head>\n"
      "<body><main><h1>{}</h1>\n{}\n</main></body></html>\n",
      shown.head, shown.title, style, shown.title, shown.content);
  if (shown.wait) made.headers.emplace_back(http::field::retry_after, std::to_string(shown.wait->count()));
  return made;
}

/// A page that reloads by itself, from `again`; empty: from its own address.
reply going_on(login_page shown, seconds wait, std::string_view again) {
  shown.title = "Opening your carrier portal…";
  shown.head = fmt::format("<meta http-equiv=\"refresh\" content=\"{}{}{}\">", wait.count(),
                           again.empty() ? "" : ";url=", html_escaped(again));
  shown.wait = wait;
  return made_of(shown);
}

std::string in_words(seconds wait) {
  if (wait > seconds{90}) return fmt::format("{} minutes", (wait.count() + 59) / 60);
  return wait == seconds{1} ? "1 second" : fmt::format("{} seconds", wait.count());
}

/// The targets to which a form's answer may lead: browsers apply the policy to redirects too, and would drop
/// a minted login. The client checks the hosts; here only characters that would end the directive matter.
std::string form_targets(const client_options& client) {
  std::string targets = "'self'";
  if (client.redirect_hosts.empty()) targets += " https://dashboard.shipengine.com";
  for (const std::string& host : client.redirect_hosts)
    if (host.find_first_of(" ;,\t\r\n") == host.npos) targets += " https://" + host;
  const auto base = boost::urls::parse_uri(client.base_url);
  if (base && is_loopback(*base)) {
    const auto origin = base->encoded_origin();
    targets.append(" ").append(origin.data(), origin.size());
  }
  return targets;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    constexpr std::string_view special = "&<>\"'";
    if (special.find(c) == special.npos)
      escaped += c;
    else
      escaped += fmt::format("&#{};", static_cast<int>(c));
  }
  return escaped;
}

login_pages::login_pages(const server_options& options)
    : back_{options.back_url.empty()
                ? "<p>Please go back to the page that you came from, and press its button again.</p>"
                : fmt::format("<a class=\"act\" href=\"{}\">Go back</a>", html_escaped(options.back_url))},
      form_action_{form_targets(options.client)} {}

reply login_pages::waiting(seconds wait, std::size_t ahead, std::string_view again) const {
  login_page shown{.status = 503};
  shown.style = fmt::format(".bar i{{animation-duration:{}s}}", wait.count());
  shown.content = fmt::format(
      "<div class=\"bar\" aria-hidden=\"true\"><i></i></div>\n"
      "<p role=\"status\">You are number {} in line; this takes about {}. This page goes on by itself.</p>",
      ahead + 1, in_words(wait));
  return going_on(std::move(shown), wait, again);
}

reply login_pages::busy(std::string_view again) const {
  return going_on(
      {.status = 409, .content = "<p role=\"status\">Just a moment. This page goes on by itself.</p>"},
      seconds{1}, again);
}

reply login_pages::dead(unsigned status) const {
  return made_of(
      {.status = status,
       .title = "This link can't be used any more",
       .content = "<p>A link opens the carrier portal once, and only for a short time.</p>" + back_});
}

reply login_pages::unable(unsigned status, std::optional<seconds> wait) const {
  login_page shown{.status = status, .title = "Your carrier portal can't be opened just now"};
  shown.content = wait ? fmt::format("<p role=\"status\">Please try again in {}.</p>", in_words(*wait))
                       : "<p role=\"status\">If this happens again, please tell the support team.</p>";
  shown.content += back_;
  shown.wait = wait;
  return made_of(shown);
}

reply login_pages::unopened() const {
  return made_of(
      {.status = 403,
       .title = "Your carrier portal wasn't opened",
       .content = "<p>This link opens it by a click, on the page that it belongs to.</p>" + back_});
}

reply login_pages::confirm(std::string_view ticket) const {
  login_page shown{.status = 200, .title = "Open your carrier portal"};
  shown.form_action = form_action_;
  shown.content = fmt::format(
      "<p>The button opens it once.</p>\n<form method=\"post\" action=\"/login\">"
      "<input type=\"hidden\" name=\"ticket\" value=\"{}\"><button class=\"act\">Continue</button></form>",
      html_escaped(ticket));
  return made_of(shown);
}

reply login_pages::other(unsigned status) const {
  if (status == 404) return made_of({.status = 404, .title = "There is nothing here"});
  if (status >= 500) return made_of({.status = status, .title = "Something went wrong", .content = back_});
  return made_of({.status = status, .title = "This can't be answered"});
}

}  // namespace ephemint::inline v0::gateway
