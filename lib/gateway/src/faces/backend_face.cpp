#include "access/callers.hpp"
#include "faces/mint_body.hpp"
#include "faces/problem.hpp"
#include "hub.hpp"
#include "text/json_object.hpp"
#include "text/words.hpp"

#include <ephemint/secret.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view tokens_route = "tokens", estimates_route = "estimates";

/// The field's value; empty if the field is absent or comes more than once.
std::string_view only_value(const request& asked, http::field name) {
  return asked.count(name) == 1 ? std::string_view{asked[name]} : std::string_view{};
}

/// The requested host: that of the target if it begins with an origin, which overrides `Host`.
std::string_view host_in(const request& asked) {
  constexpr std::string_view scheme = "http://";
  const std::string_view target = asked.target();
  if (!target.starts_with(scheme)) return only_value(asked, http::field::host);
  const std::string_view rest = target.substr(scheme.size());
  return rest.substr(0, rest.find('/'));
}

/// The token after `Bearer `; empty: none.
std::string_view bearer_token(std::string_view authorization) noexcept {
  if (!same_word(take_word(authorization), "bearer")) return {};
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

bool is_json(std::string_view content_type) noexcept {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return same_word(type, "application/json");
}

class backend_face final : public face {
 public:
  backend_face(hub& of, std::string_view address) : hub_{of}, address_{address} {}

  std::string_view name() const noexcept override { return "backend"; }
  task<reply> answer(exchange& of) override;
  reply refusal(unsigned status, std::string_view why) override { return refusal_reply(status, why); }

 private:
  std::optional<reply> refused_unread(exchange& of, const bearer*& by);
  std::optional<reply> refused_bearer(exchange& of, const bearer*& by);
  std::optional<reply> refused_account(exchange& of, const mint_body& asked, const bearer* by);
  reply estimate(const exchange& of);
  task<reply> mint(exchange& of, mint_body asked);
  reply handed_over(exchange& of, const mint_body& asked, const ephemeral_token& token,
                    const mint_note& note);

  hub& hub_;
  std::string address_;
};

task<reply> backend_face::answer(exchange& of) {
  if (of.path() == "/v1/tokens") of.log.route = tokens_route;
  if (of.path() == "/v1/estimates") of.log.route = estimates_route;
  const bearer* by = nullptr;  // valid until the first await: then the bearers may be replaced
  if (auto refused = refused_unread(of, by)) co_return std::move(*refused);
  mint_body asked;
  try {
    if (of.log.route == estimates_route) co_return estimate(of);
    asked = read_mint_body(of.asked.body(), hub_.options().deadline);
  } catch (const bad_body& bad) {
    co_return refusal_of(of, 400, bad.what(), bad.why());
  }
  if (auto refused = refused_account(of, asked, by)) co_return std::move(*refused);
  auto minting = mint(of, std::move(asked));
  reply minted = co_await std::move(minting);
  co_return minted;
}

/// Checks whether the request was meant for us and sent by a program; then what it asks for, and who asks.
std::optional<reply> backend_face::refused_unread(exchange& of, const bearer*& by) {
  const request& asked = of.asked;
  if (!is_own_host(host_in(asked), address_))
    return refusal_of(of, 421, "Host isn't a name of this listener");
  if (asked.count(http::field::origin) != 0 || asked.count("Sec-Fetch-Site") != 0)
    return refusal_of(of, 403, "it comes from a browser; this listener is for programs");
  if (of.log.route != tokens_route && of.log.route != estimates_route)
    return refusal_of(of, 404, "there are POST /v1/tokens and POST /v1/estimates");
  if (asked.method() != http::verb::post) return refusal_of_method(of, "POST");
  if (auto refused = refused_bearer(of, by)) return refused;
  if (!is_json(only_value(asked, http::field::content_type)))
    return refusal_of(of, 415, "give Content-Type: application/json");
  if (of.query()) return refusal_of(of, 400, "the route takes no query");
  return std::nullopt;
}

std::optional<reply> backend_face::refused_bearer(exchange& of, const bearer*& by) {
  if (hub_.bearers.empty()) return std::nullopt;
  const std::string_view token = bearer_token(only_value(of.asked, http::field::authorization));
  by = token.empty() ? nullptr : find_bearer(hub_.bearers, token);
  if (by) {
    of.log.who = by->name;
    return std::nullopt;
  }
  reply refused = refusal_of(of, 401, "give Authorization: Bearer with a token that is known here",
                             token.empty() ? "no bearer token" : "an unknown bearer token");
  refused.headers.emplace_back(http::field::www_authenticate, "Bearer");
  return refused;
}

/// Checks whether this caller may ask for that account, and whether the account may have a login now.
std::optional<reply> backend_face::refused_account(exchange& of, const mint_body& asked, const bearer* by) {
  const std::string_view account = asked.account.str();
  of.log.account = account;
  if (by && !may_ask_for(*by, account))
    return refusal_of(of, 403, "this bearer may not ask for this account");
  const auto wait = hub_.limits().take(account, clock::now());
  if (!wait) return std::nullopt;
  return refusal_of(of, 429, "this account has had as many logins as it may for now", {}, wait);
}

reply backend_face::estimate(const exchange& of) {
  const auto wait = hub_.minter().estimate(read_estimate_body(of.asked.body()));
  return {.content_type = "application/json",
          .body = fmt::format(R"({{"wait_ms":{}}})", std::chrono::ceil<milliseconds>(wait).count())};
}

/// A login that the account's limit has allowed. The destructor gives it back, unless it was used.
class allowed_login {
 public:
  allowed_login(account_limits& by, const std::string& account) : by_{by}, account_{account} {}
  allowed_login(const allowed_login&) = delete;
  allowed_login& operator=(const allowed_login&) = delete;
  ~allowed_login() {
    if (!used_) by_.give_back(account_);
  }
  void use() noexcept { used_ = true; }

 private:
  account_limits& by_;
  const std::string& account_;
  bool used_ = false;
};

/// If a peer goes away while the API is asked, its login counts as used: it cost a request, and the limit is
/// meant for pages that are reloaded again and again.
task<reply> backend_face::mint(exchange& of, mint_body asked) {
  allowed_login login{hub_.limits(), of.log.account};
  const mint_request request{.account = asked.account,
                             .urgency = asked.urgency,
                             .deadline = asked.deadline.value_or(hub_.options().deadline),
                             .tag = hub_.notes().next_tag()};
  auto minting = hub_.mint(of, request);
  const mint_result minted = co_await minting;
  const mint_note note = hub_.notes().take(request.tag);
  reply answer = minted ? handed_over(of, asked, *minted, note) : failure_of(of, minted.error());
  const bool left_at_the_api = !minted && minted.error().value() == mint_errc::cancelled && note.attempts > 0;
  if (answer.status == 200 || left_at_the_api) login.use();
  co_return answer;
}

reply backend_face::handed_over(exchange& of, const mint_body& asked, const ephemeral_token& token,
                                const mint_note& note) {
  auto login_url = token.login_url({.theme_id = asked.theme_id, .redirect_to = asked.redirect_to});
  if (!login_url) return failure_of(of, login_url.error());
  of.log.request_id = note.request_id;
  of.log.remaining = std::max(std::chrono::floor<milliseconds>(token.remaining()), milliseconds{0});
  json_object body{4 *
                   max_login_url_size};  // the URL, the same without its additions, the token, and the rest
  body.text("account", asked.account.str()).text("login_url", *login_url);
  wipe(login_url->data(), login_url->size());
  if (asked.token) body.text("token", token.value());
  if (asked.redirect_url) body.text("redirect_url", token.redirect_url());
  body.number("expires_in_ms", of.log.remaining->count()).number("attempts", std::max(note.attempts, 1));
  if (!note.request_id.empty()) body.text("request_id", note.request_id);
  return {.content_type = "application/json", .body = std::move(body).take()};
}

}  // namespace

std::unique_ptr<face> make_backend_face(hub& of, std::string_view address) {
  return std::make_unique<backend_face>(of, address);
}

}  // namespace ephemint::inline v0::gateway
