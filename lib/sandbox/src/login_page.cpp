#include "login_page.hpp"

#include "random.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>

namespace ephemint::inline v0::sandbox {
namespace {

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#222}"
    "h1{font-size:1.5rem}dt{color:#666}dd{margin:0 0 .75rem;font-weight:600;overflow-wrap:anywhere}"
    "footer{color:#888;font-size:.85rem;margin-top:3rem}";

reply page(unsigned status, std::string_view title, std::string_view content) {
  reply r{.status = status, .content_type = "text/html; charset=utf-8", .request_id = random_uuid()};
  r.headers = {"Cache-Control: no-store", "Referrer-Policy: no-referrer",
               "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'"};
  r.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta "
      "charset=\"utf-8\"><title>{0}</title><style>{1}</style></head>\n"
      "<body><h1>{0}</h1>\n{2}\n<footer>Ephemint's sandbox: a stand-in for the carrier "
      "portal</footer></body></html>\n",
      title, style, content);
  return r;
}

reply refusal(unsigned status, std::string_view why) {
  return page(status, "Not logged in", fmt::format("<p>{}</p>", html_escaped(why)));
}

/// The parameters of a query; none if one comes twice or is badly encoded.
std::optional<std::map<std::string, std::string>> parameters(std::string_view query) {
  std::map<std::string, std::string> found;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, equals));
    const auto value = percent_decoded(pair.substr(std::min(pair.size(), equals + 1)));
    if (!name || !value || !found.emplace(*name, *value).second) return std::nullopt;
  }
  return found;
}

std::string_view explanation(token_fault fault) {
  switch (fault) {
    case token_fault::expired:
      return "The token has expired: it opens this page for a few seconds only.";
    case token_fault::forged:
      return "The token was not issued by this server.";
    default:
      return "The token is malformed.";
  }
}

}  // namespace

reply login_page(std::string_view query, const token_signer& signer, wall_clock::time_point now) {
  const auto given = parameters(query);
  if (!given) return refusal(400, "The query is malformed, or has a parameter twice.");
  const auto parameter = [&given](const char* name) {
    const auto found = given->find(name);
    return found == given->end() ? std::string{} : found->second;
  };
  const std::string token = parameter("token");
  const std::string page_name = given->contains("redirect_to") ? parameter("redirect_to") : "carriers";
  const std::string theme = parameter("theme_id");
  if (token.empty()) return refusal(400, "The URL has no token.");
  if (page_name != "carriers" && page_name != "billing" && page_name != "onboarding")
    return refusal(400,
                   "redirect_to must be carriers, billing or onboarding, not " + in_quotes(page_name) + ".");
  if (given->contains("theme_id") && !is_uuid(theme))
    return refusal(400, "theme_id must be a UUID, not " + in_quotes(theme) + ".");

  const token_check checked = signer.verify(token, now);
  if (checked.fault != token_fault::none) return refusal(403, explanation(checked.fault));
  const std::chrono::duration<double> left = checked.claims->expires_at - now;
  return page(
      200, "Logged in",
      fmt::format("<dl><dt>Account</dt><dd id=\"account\">{}</dd>\n<dt>Page</dt><dd id=\"page\">{}</dd>\n"
                  "<dt>Theme</dt><dd id=\"theme\">{}</dd>\n"
                  "<dt>Seconds the token had left</dt><dd id=\"left\">{:.1f}</dd></dl>",
                  html_escaped(checked.claims->account), page_name,
                  theme.empty() ? "default" : html_escaped(theme), left.count()));
}

}  // namespace ephemint::inline v0::sandbox
