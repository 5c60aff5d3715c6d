#include "reply.hpp"

#include "random.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

std::string_view reason(unsigned status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

std::string error_entry(const api_error& e) {
  std::string text = fmt::format(
      R"({{"error_source":"{}","error_type":"{}","error_code":"{}","message":"{}")", json_escaped(e.source),
      json_escaped(e.type), json_escaped(e.code), json_escaped(e.message));
  if (!e.field_name.empty()) text += fmt::format(R"(,"field_name":"{}")", json_escaped(e.field_name));
  return text + "}";
}

api_error error_of(const fault& f) {
  api_error e = usual_error(f.status);
  if (!f.error_source.empty()) e.source = f.error_source;
  if (!f.error_type.empty()) e.type = f.error_type;
  if (!f.error_code.empty()) e.code = f.error_code;
  if (!f.error_message.empty()) e.message = f.error_message;
  return e;
}

void set_body(reply& r, const fault& f) {
  switch (f.body) {
    case fault_body::api_error:
      break;
    case fault_body::html:
      r.content_type = "text/html";
      r.body = fmt::format("<html><head><title>{0} {1}</title></head><body><h1>{0} {1}</h1></body></html>\n",
                           r.status, reason(r.status));
      break;
    case fault_body::empty:
      r.body.clear();
      break;
    case fault_body::malformed_json:
      r.body.resize(r.body.size() / 2);
      break;
    case fault_body::custom:
      r.body = f.body_text;
      r.content_type = f.content_type;
      break;
  }
}

void append_head(std::string& wire, const reply& r, const fault& f, bool closes) {
  auto out = std::back_inserter(wire);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", r.status, reason(r.status));
  if (!r.body.empty()) fmt::format_to(out, "Content-Type: {}\r\n", r.content_type);
  fmt::format_to(out, "X-ShipEngine-RequestID: {}\r\n", r.request_id);
  for (const std::string& line : r.headers) fmt::format_to(out, "{}\r\n", line);
  if (f.retry_after) fmt::format_to(out, "Retry-After: {}\r\n", *f.retry_after);
  for (const std::string& line : f.headers) fmt::format_to(out, "{}\r\n", line);
  if (f.header_padding != 0) ((wire += "X-Padding: ").append(f.header_padding, '.')) += "\r\n";
  if (f.keep_alive_timeout) fmt::format_to(out, "Keep-Alive: timeout={}\r\n", *f.keep_alive_timeout);
  if (closes) wire += "Connection: close\r\n";
  if (f.framing == body_framing::chunked)
    wire += "Transfer-Encoding: chunked\r\n";
  else if (f.framing == body_framing::content_length && !never_has_body(r.status))
    fmt::format_to(out, "Content-Length: {}\r\n", r.body.size() + f.missing_bytes);
  wire += "\r\n";
}

void append_body(std::string& wire, std::string_view body, const fault& f) {
  if (f.framing != body_framing::chunked) {
    wire += body;
    return;
  }
  // Two chunks if the body is long enough: with one chunk, a client that only reads the first would go
  // unnoticed.
  const std::size_t half = body.size() / 2;
  for (std::string_view chunk : {body.substr(0, half), body.substr(half)})
    if (!chunk.empty()) fmt::format_to(std::back_inserter(wire), "{:x}\r\n{}\r\n", chunk.size(), chunk);
  wire += "0\r\n\r\n";
}

connection_end end_of(const fault& f, const request& asked) {
  if (f.end != connection_end::keep) return f.end;
  const bool closes =
      !asked.keep_alive || f.announce_close || f.missing_bytes != 0 || f.framing == body_framing::until_close;
  return closes ? connection_end::close : connection_end::keep;
}

}  // namespace

bool never_has_body(unsigned status) { return status == 204 || status == 304; }

void shape_body(reply& r, const fault& f) {
  set_body(r, f);
  r.body.append(f.body_padding, ' ');
  if (never_has_body(r.status)) r.body.clear();
}

std::string expanded(std::string text, const reply& r) {
  const std::string length = std::to_string(r.body.size());
  const std::pair<std::string_view, std::string_view> names[] = {
      {"$TOKEN", r.token}, {"$REDIRECT_URL", r.redirect_url}, {"$BODY", r.body}, {"$LENGTH", length}};
  for (const auto& [name, value] : names)
    for (std::size_t at = 0; (at = text.find(name, at)) != text.npos; at += value.size())
      text.replace(at, name.size(), value);
  return text;
}

api_error usual_error(unsigned status) {
  switch (status) {
    case 400:
      return {.type = "validation", .code = "invalid_field_value", .message = "The request is invalid."};
    case 401:
      return {.type = "security",
              .code = "unauthorized",
              .message = "The API key is invalid. Please see https://www.shipengine.com/docs/auth"};
    case 403:
      return {.type = "security", .code = "forbidden", .message = "You are not allowed to do this."};
    case 404:
      return {.type = "validation", .code = "unspecified", .message = "There is nothing here."};
    case 405:
      return {.type = "validation", .code = "unspecified", .message = "The method is not allowed here."};
    case 429:
      return {.type = "system",
              .code = "rate_limit_exceeded",
              .message =
                  "You have exceeded the rate limit. Please see "
                  "https://www.shipengine.com/docs/rate-limits"};
    default:
      return {.type = "system", .code = "unspecified", .message = "An unexpected error occurred."};
  }
}

reply error_reply(unsigned status, const api_error& e) {
  reply r{.status = status, .request_id = random_uuid()};
  r.body = fmt::format(R"({{"request_id":"{}","errors":[{}]}})", r.request_id, error_entry(e));
  return r;
}

reply faulty_reply(const fault& f, const reply& minted) {
  reply r = error_reply(f.status, error_of(f));
  if (f.status >= 300) return r;
  const std::string url =
      minted.redirect_url.empty() ? "" : fmt::format(R"("redirect_url":"{}",)", minted.redirect_url);
  r.body = fmt::format(R"({{"request_id":"{}","token":"{}",{}"errors":[{}]}})", r.request_id, minted.token,
                       url, error_entry(error_of(f)));
  return r;
}

exchange to_exchange(reply r, const fault& f, const request& asked) {
  exchange e{
      .drip = f.drip, .one_byte_records = f.one_byte_records, .end = end_of(f, asked), .status = r.status};
  if (f.raw_reply) {
    e.status = 0;
    e.wire = f.raw_expands ? expanded(*f.raw_reply, r) : *f.raw_reply;
  } else {
    shape_body(r, f);
    for (unsigned i = 0; i < f.interim; ++i)
      fmt::format_to(std::back_inserter(e.wire), "HTTP/1.1 {} {}\r\n\r\n", f.interim_status,
                     reason(f.interim_status));
    append_head(e.wire, r, f, !asked.keep_alive || f.announce_close);
    if (asked.method != "HEAD" && !never_has_body(r.status)) append_body(e.wire, r.body, f);
    e.wire += f.extra_bytes;
  }
  if (f.end_at == end_point::before_reply) e.wire.clear();
  if (f.end_at == end_point::inside_reply) e.wire.resize(std::min(e.wire.size(), f.end_after));
  if (e.wire.empty()) e.status = 0;
  return e;
}

}  // namespace ephemint::inline v0::sandbox
