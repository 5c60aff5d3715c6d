#include "faces/problem.hpp"

#include "text/json_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct refusal_kind {
  unsigned status;
  std::string_view code;
};

constexpr std::array refusals{
    refusal_kind{400, "invalid_request"},    refusal_kind{401, "bearer_required"},
    refusal_kind{403, "forbidden"},          refusal_kind{404, "not_found"},
    refusal_kind{405, "method_not_allowed"}, refusal_kind{408, "request_timeout"},
    refusal_kind{413, "too_large"},          refusal_kind{415, "unsupported_media_type"},
    refusal_kind{421, "foreign_host"},       refusal_kind{429, "account_limited"},
    refusal_kind{431, "header_too_large"},   refusal_kind{500, "internal_error"},
};

/// The members that every problem has.
json_object problem(unsigned status, std::string_view code, std::string_view detail) {
  std::string title{code};
  std::ranges::replace(title, '_', ' ');
  json_object body;
  body.text("type", fmt::format(EPHEMINT_DOCS_URL "guide/errors.md#{}", code));
  body.text("title", title).number("status", status).text("detail", detail).text("code", code);
  return body;
}

std::string in_json(const api_error& error) {
  json_object entry;
  const auto add = [&entry](std::string_view name, std::string_view text) {
    if (!text.empty()) entry.text(name, text);
  };
  add("error_source", error.source.text());
  add("error_type", error.type.text());
  add("error_code", error.code.text());
  add("message", error.message);
  return std::move(entry).take();
}

std::string in_json(const std::vector<api_error>& errors) {
  std::string list;
  for (const api_error& error : errors) (list += list.empty() ? '[' : ',') += in_json(error);
  return list += ']';
}

/// In milliseconds for the caller, and in whole seconds for HTTP: at least one, as with 0 many would come
/// back at once.
void add_retry_after(clock::duration wait, json_object& body, reply& to) {
  body.number("retry_after_ms", std::chrono::ceil<milliseconds>(wait).count());
  const auto whole = std::max(std::chrono::ceil<seconds>(wait), seconds{1});
  to.headers.emplace_back(http::field::retry_after, std::to_string(whole.count()));
}

reply finished(reply to, json_object body) {
  to.content_type = "application/problem+json";
  to.body = std::move(body).take();
  return to;
}

}  // namespace

std::string_view refusal_code(unsigned status) noexcept {
  const auto found = std::ranges::find(refusals, status, &refusal_kind::status);
  return (found == refusals.end() ? &refusals.back() : found)->code;
}

reply refusal_reply(unsigned status, std::string_view detail, std::optional<clock::duration> retry_after) {
  reply answer{.status = status};
  json_object body = problem(status, refusal_code(status), detail);
  if (retry_after) add_retry_after(*retry_after, body, answer);
  return finished(std::move(answer), std::move(body));
}

reply refusal_of(const exchange& of, unsigned status, std::string_view detail, std::string_view why,
                 std::optional<clock::duration> retry_after) {
  of.log.code = refusal_code(status);
  of.log.why = why.empty() ? detail : why;
  return refusal_reply(status, detail, retry_after);
}

reply refusal_of_method(const exchange& of, std::string_view takes) {
  reply refused = refusal_of(of, 405, fmt::format("the route takes {}", takes));
  refused.headers.emplace_back(http::field::allow, takes);
  return refused;
}

unsigned status_of(mint_errc code) noexcept {
  switch (code) {
    case mint_errc::invalid_request:
      return 400;
    case mint_errc::rejected:
      return 422;
    case mint_errc::unauthorized:  // the key is ours: after a 401 callers would check their own
    case mint_errc::server_error:
    case mint_errc::bad_response:
    case mint_errc::connect_failed:
    case mint_errc::tls_failed:
      return 502;
    case mint_errc::timed_out:
      return 504;
    case mint_errc::rate_limited:
    case mint_errc::overloaded:
    case mint_errc::closed:
    case mint_errc::cancelled:  // the peer is gone: nobody reads this
      return 503;
  }
  return 500;
}

reply failure_of(const exchange& of, const mint_error& error) {
  of.log.code = to_string(error.value());
  of.log.request_id = error.request_id();
  reply answer{.status = status_of(error.value())};
  json_object body = problem(answer.status, of.log.code, error.message());
  // A 503 says when to come again. If the time isn't known (a full line, a gateway that is being replaced),
  // soon.
  auto wait = error.retry_after();
  if (!wait && answer.status == 503) wait = seconds{1};
  if (wait) add_retry_after(*wait, body, answer);
  if (!error.request_id().empty()) body.text("request_id", error.request_id());
  body.number("attempts", error.attempts());
  if (!error.api_errors().empty()) body.json("api_errors", in_json(error.api_errors()));
  return finished(std::move(answer), std::move(body));
}

}  // namespace ephemint::inline v0::gateway
