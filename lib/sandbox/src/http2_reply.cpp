#include "http2_reply.hpp"

#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

header_fields head_of(const reply& r, const fault& f) {
  header_fields head{{":status", std::to_string(r.status)}};
  if (!r.body.empty()) head.push_back({"content-type", r.content_type});
  head.push_back({"x-shipengine-requestid", r.request_id});
  for (const std::string& line : r.headers) head.push_back(to_field(line));
  if (f.retry_after) head.push_back({"retry-after", *f.retry_after});
  for (const std::string& line : f.headers) head.push_back(to_field(line));
  if (f.header_padding != 0) head.push_back({"x-padding", std::string(f.header_padding, '.')});
  if (f.framing == body_framing::content_length && !never_has_body(r.status))
    head.push_back({"content-length", std::to_string(r.body.size() + f.missing_bytes)});
  return head;
}

/// The most bytes in one DATA frame: the smallest of the sizes that the fault asks for.
std::size_t data_size_of(const fault& f, std::size_t body) {
  if (f.drip.count() > 0) return 1;
  if (f.http2.data_size != 0) return f.http2.data_size;
  return f.framing == body_framing::chunked ? (body + 1) / 2 : 0;
}

http2_reply reply_of(reply r, const fault& f, const request& asked) {
  shape_body(r, f);
  http2_reply out{.interim = f.interim, .interim_status = f.interim_status, .head = head_of(r, f)};
  if (asked.method != "HEAD" && !never_has_body(r.status)) out.body = std::move(r.body);
  for (const std::string& line : f.http2.trailers) out.trailers.push_back(to_field(line));
  const bool reset_in_place_of_end = f.http2.reset && f.http2.reset_at == reset_point::inside_reply;
  const bool cut_short = f.missing_bytes != 0 && f.end != connection_end::keep;
  out.finishes = f.http2.end == stream_end::finish && !reset_in_place_of_end && !cut_short;
  out.data_size = data_size_of(f, out.body.size());
  out.paced = f.drip.count() > 0;
  out.padding = f.http2.padding;
  return out;
}

bool has_reply(const http2_exchange& e, std::uint32_t stream) {
  const bool reset_first = e.own.reset && e.own.reset_at == reset_point::before_reply;
  return !e.raw && !reset_first && e.own.end != stream_end::silent && !keeps_from_api(e.own, stream) &&
         e.end_at != end_point::before_reply;
}

connection_end end_of(const fault& f) {
  if (f.end == connection_end::keep && f.framing == body_framing::until_close) return connection_end::close;
  return f.end;
}

}  // namespace

std::uint32_t last_stream_of(const goaway& g, std::uint32_t stream) {
  if (g.last_stream != 0) return g.last_stream;
  switch (g.reach) {
    case goaway_reach::this_request:
      break;
    case goaway_reach::earlier_requests:
      return stream < 2 ? 0 : stream - 2;
    case goaway_reach::every_request:
      return 0x7fffffff;
  }
  return stream;
}

bool keeps_from_api(const http2_fault& f, std::uint32_t stream) {
  if (f.go_away && last_stream_of(*f.go_away, stream) < stream) return true;
  return f.reset == http2_error::refused_stream && f.reset_at == reset_point::before_reply;
}

header_field to_field(std::string_view line) {
  const std::size_t colon = line.find(':', 1);  // the first colon may begin a pseudo-header
  header_field field{std::string{line.substr(0, colon)}, {}};
  for (char& c : field.name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (colon == line.npos) return field;
  const std::size_t value = line.find_first_not_of(' ', colon + 1);
  if (value != line.npos) field.value = line.substr(value);
  return field;
}

http2_exchange to_http2_exchange(reply r, const fault& f, const request& asked) {
  http2_exchange e{.own = f.http2,
                   .extra = f.extra_bytes,
                   .drip = f.drip,
                   .one_byte_records = f.one_byte_records,
                   .end = end_of(f),
                   .end_at = f.end_at,
                   .end_after = f.end_after};
  if (f.announce_close && !e.own.go_away) e.own.go_away = goaway{};
  if (f.raw_reply) e.raw = f.raw_expands ? expanded(*f.raw_reply, r) : *f.raw_reply;
  e.status = r.status;
  if (has_reply(e, asked.stream))
    e.reply = reply_of(std::move(r), f, asked);
  else
    e.status = 0;
  return e;
}

}  // namespace ephemint::inline v0::sandbox
