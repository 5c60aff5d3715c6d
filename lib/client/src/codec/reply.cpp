#include "codec/reply.hpp"

#include "codec/redirect_check.hpp"
#include "codec/reply_body.hpp"
#include "codec/untrusted_text.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::detail {
namespace {

using errors_view = const std::vector<api_error>&;

/// The reference promises 200, and a POST that creates something may also answer 201. Nothing is promised
/// about the rest of 2xx (203 from an intermediary, 206 with a part of a body).
constexpr bool can_mint(int status) noexcept { return status == 200 || status == 201; }

constexpr bool is_class(int status, int hundreds) noexcept { return status / 100 == hundreds; }

/// Request Timeout, Misdirected Request, Too Early: each says that the same request may succeed on another
/// connection (RFC 9110, 15.5.9 and 15.5.20; RFC 8470, 5.2).
constexpr bool is_about_connection(int status) noexcept {
  return status == 408 || status == 421 || status == 425;
}

/// Whether the same request is worth another try. Only then does the server's `Retry-After` matter.
constexpr bool may_be_tried_again(reply_verdict verdict) noexcept {
  return verdict == reply_verdict::rate_limited || verdict == reply_verdict::throttled ||
         verdict == reply_verdict::elsewhere || verdict == reply_verdict::server_error;
}

constexpr bool is_refusal(int status) noexcept { return status == 401 || status == 403; }

/// A refusal without an API error comes from a gateway or a firewall, and says nothing about the key.
bool is_gateways(int status, errors_view errors) noexcept { return is_refusal(status) && errors.empty(); }

bool from_elsewhere(const api_error& error) noexcept {
  return error.source == api_error_source::carrier || error.source == api_error_source::order_source;
}

bool is_limit(const api_error& error) noexcept { return error.code == api_error_code::rate_limit_exceeded; }

bool key_is_limited(errors_view errors) {
  return std::any_of(errors.begin(), errors.end(), [](const api_error& error) {
    return is_limit(error) && error.source == api_error_source::shipengine;
  });
}

bool others_are_limited(errors_view errors) {
  return std::any_of(errors.begin(), errors.end(),
                     [](const api_error& error) { return is_limit(error) && from_elsewhere(error); });
}

/// Whether the API itself refuses the key, by an API error of its own.
bool key_is_refused(int status, errors_view errors) {
  return is_refusal(status) && !std::all_of(errors.begin(), errors.end(), from_elsewhere);
}

/// What a reply without a usable token means.
reply_verdict verdict_of(int status, errors_view errors) {
  if (key_is_limited(errors)) return reply_verdict::rate_limited;
  // A carrier's limit is a passing problem behind the API, and must not pause the key.
  if (status == 429)
    return others_are_limited(errors) ? reply_verdict::throttled : reply_verdict::rate_limited;
  if (key_is_refused(status, errors)) return reply_verdict::key_refused;
  if (is_about_connection(status)) return reply_verdict::elsewhere;
  if (is_class(status, 5) || is_gateways(status, errors)) return reply_verdict::server_error;
  if (is_class(status, 3) || is_class(status, 4)) return reply_verdict::rejected;
  if (is_class(status, 2) && !errors.empty()) return reply_verdict::rejected;
  return reply_verdict::malformed;
}

/// Why no token can be taken from this reply; empty if one can.
std::string_view fault_of(const http_reply& reply, const reply_fields& fields,
                          const redirect_policy& redirects, bool token_only) noexcept {
  if (!can_mint(reply.status)) return "its status is neither 200 nor 201";
  if (!reply.body_fault.empty()) return reply.body_fault;
  if (fields.fault) return fields.fault;
  if (!fields.token) return "it has no token";
  if (!fields.redirect_url && !token_only) return "it has no redirect_url";
  if (!is_token(*fields.token)) return "its token is empty, too long, or has characters that no token has";
  if (!fields.redirect_url) return {};
  const char* const fault = redirect_fault(*fields.redirect_url, *fields.token, redirects);
  return fault ? std::string_view{fault} : std::string_view{};
}

/// Whether its code can be shown as a reason: a known code, so that its text is ours, and not an unspecific
/// one.
bool is_reason(const api_error& error) noexcept {
  const api_error_code code = error.code.value();
  return code != api_error_code::other && code != api_error_code::unspecified &&
         code != api_error_code::unknown;
}

std::string with_status(std::string_view what, int status) {
  return std::string{what}.append(" (HTTP ").append(std::to_string(status)).append(")");
}

/// `what`, and the first code that the API gave for it.
std::string with_reason(std::string_view what, int status, errors_view errors) {
  const auto known = std::find_if(errors.begin(), errors.end(), is_reason);
  std::string line = with_status(what, status);
  if (known != errors.end()) return line.append(": ").append(known->code.text());
  return line += errors.empty() ? ", and gave no reason" : ": see its errors";
}

std::string message_of(reply_verdict verdict, int status, errors_view errors, std::string_view fault) {
  switch (verdict) {
    case reply_verdict::minted:
      return {};
    case reply_verdict::rate_limited:
      return with_status("the API's rate limit is reached", status);
    case reply_verdict::key_refused:
      return with_reason("the API refused the key", status, errors);
    case reply_verdict::rejected:
      if (is_class(status, 3) && errors.empty())
        return with_status("the API answered with a redirect", status) +
               ", and those are never followed: is the base URL right?";
      return with_reason("the API rejected the request", status, errors);
    case reply_verdict::throttled:
      return with_reason("a carrier's rate limit is reached", status, errors);
    case reply_verdict::elsewhere:
      return with_reason("the API didn't take the request on this connection", status, errors);
    case reply_verdict::server_error:
      if (is_gateways(status, errors))
        return with_status("something in front of the API refused the request", status) +
               ": its reply has no API error, as a gateway's or a firewall's";
      return with_reason("the API failed", status, errors);
    case reply_verdict::malformed:
      break;
  }
  return with_status("the reply can't be used", status).append(": ").append(fault);
}

}  // namespace

struct reply_reader::impl {
  impl(redirect_policy policy, std::vector<std::string_view> keys)
      : redirects{std::move(policy)}, known{std::move(keys)} {}

  void explain(understood_reply& understood, const http_reply& reply, reply_fields& fields,
               std::string_view fault, std::chrono::system_clock::time_point wall) {
    understood.verdict = verdict_of(reply.status, fields.errors);
    understood.message = message_of(understood.verdict, reply.status, fields.errors, fault);
    understood.request_id = id_of(reply, fields);
    understood.api_errors = std::move(fields.errors);
    if (may_be_tried_again(understood.verdict))
      understood.retry_after = parse_retry_after(reply.retry_after, reply.date, wall);
  }

  /// The body's request id or else the header's: the first that is well formed and holds no secret.
  std::string id_of(const http_reply& reply, const reply_fields& fields) const {
    const redactor redacted = secrets_of(fields, known);
    for (const std::string_view id : {fields.request_id, reply.request_id})
      if (is_request_id(id) && !redacted.finds(id)) return std::string{id};
    return {};
  }

  redirect_policy redirects;
  known_keys known;
  body_reader body{known};
};

reply_reader::reply_reader(redirect_policy redirects, std::vector<std::string_view> keys)
    : impl_{std::make_unique<impl>(std::move(redirects), std::move(keys))} {}
reply_reader::~reply_reader() = default;

void reply_reader::look_for(std::vector<std::string_view> keys) noexcept { impl_->known.swap(keys); }

understood_reply reply_reader::read(const http_reply& reply, clock::time_point sent_at,
                                    std::chrono::system_clock::time_point wall, bool token_only) {
  struct fields_that_are_forgotten {
    body_reader& reader;
    reply_fields fields;
    ~fields_that_are_forgotten() { reader.forget(fields); }
  } said{impl_->body, impl_->body.read(reply.body)};

  understood_reply understood;
  understood.http_status = reply.status;
  if (const std::string_view fault = fault_of(reply, said.fields, impl_->redirects, token_only);
      !fault.empty()) {
    impl_->explain(understood, reply, said.fields, fault, wall);
  } else {
    understood.verdict = reply_verdict::minted;
    understood.token = ephemeral_token{*said.fields.token, said.fields.redirect_url.value_or(""), sent_at};
  }
  return understood;
}

std::string_view reply_reader::request_id_beside(const ephemeral_token& token,
                                                 const http_reply& reply) const noexcept {
  redactor redacted;
  redacted.hide_all(impl_->known);
  redacted.hide(token.value());
  redacted.hide(token.redirect_url());
  const bool is_one = is_request_id(reply.request_id) && !redacted.finds(reply.request_id);
  return is_one ? reply.request_id : std::string_view{};
}

}  // namespace ephemint::inline v0::detail
