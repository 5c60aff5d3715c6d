#include "fault_text.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

// The parts of a fault's text that apply only to HTTP/2.

namespace ephemint::inline v0::sandbox {
namespace {

/// RFC 9113 §7, in the order of their numbers.
constexpr std::array<std::string_view, 14> errors{"NO_ERROR",
                                                  "PROTOCOL_ERROR",
                                                  "INTERNAL_ERROR",
                                                  "FLOW_CONTROL_ERROR",
                                                  "SETTINGS_TIMEOUT",
                                                  "STREAM_CLOSED",
                                                  "FRAME_SIZE_ERROR",
                                                  "REFUSED_STREAM",
                                                  "CANCEL",
                                                  "COMPRESSION_ERROR",
                                                  "CONNECT_ERROR",
                                                  "ENHANCE_YOUR_CALM",
                                                  "INADEQUATE_SECURITY",
                                                  "HTTP_1_1_REQUIRED"};

http2_error error_named(std::string_view text) {
  for (std::size_t i = 0; i < errors.size(); ++i)
    if (errors[i] == text) return static_cast<http2_error>(i);
  const bool hexadecimal = text.starts_with("0x");
  const std::string_view digits = hexadecimal ? text.substr(2) : text;
  std::uint32_t code = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size())
    fail(fmt::format("{} is not an error code: give a name such as REFUSED_STREAM, or a number",
                     in_quotes(text)));
  return http2_error{code};
}

/// The text before a colon, and the text after it.
std::pair<std::string_view, std::string_view> at_colon(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

void set_reset(http2_fault& f, std::string_view value) {
  const auto [code, where] = at_colon(value);
  f.reset = error_named(code);
  if (where == "inside")
    f.reset_at = reset_point::inside_reply;
  else if (where == "after")
    f.reset_at = reset_point::after_reply;
  else if (!where.empty() && where != "before")
    fail(fmt::format("{} is not a place: give before, inside or after", in_quotes(where)));
}

std::uint32_t stream_named(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (problem != std::errc{} || end != text.data() + text.size() || id == 0)
    fail(fmt::format("{} is not a stream: give this, earlier, every or an id", in_quotes(text)));
  return id;
}

void set_goaway(http2_fault& f, std::string_view value) {
  const auto [code, last] = at_colon(value);
  goaway& g = f.go_away.emplace();
  g.code = error_named(code);
  if (last == "earlier")
    g.reach = goaway_reach::earlier_requests;
  else if (last == "every")
    g.reach = goaway_reach::every_request;
  else if (!last.empty() && last != "this")
    g.last_stream = stream_named(last);
}

using http2_setter = void (*)(http2_fault&, std::string_view);
constexpr std::pair<std::string_view, http2_setter> http2_valued[] = {
    {"rst", set_reset},
    {"trailer", [](http2_fault& f, std::string_view v) { f.trailers.emplace_back(v); }},
    {"padding", [](http2_fault& f, std::string_view v) { f.padding = bounded<unsigned>(v); }},
    {"continuations", [](http2_fault& f, std::string_view v) { f.continuations = bounded<unsigned>(v); }},
    {"data_size", [](http2_fault& f, std::string_view v) { f.data_size = bounded<std::size_t>(v); }},
    {"empty_data", [](http2_fault& f, std::string_view v) { f.empty_data = bounded<unsigned>(v); }},
    {"goaway", set_goaway},
    {"max_streams", [](http2_fault& f, std::string_view v) { f.max_streams = bounded<std::uint32_t>(v); }},
    {"settings_delay", [](http2_fault& f, std::string_view v) { f.settings_delay = parse_duration(v); }},
    {"window", [](http2_fault& f, std::string_view v) { f.window = bounded<std::uint32_t>(v); }},
};

using http2_flag = void (*)(http2_fault&);
constexpr std::pair<std::string_view, http2_flag> http2_flags[] = {
    {"refuse", [](http2_fault& f) { f.reset = http2_error::refused_stream; }},
    {"unfinished", [](http2_fault& f) { f.end = stream_end::unfinished; }},
    {"silent", [](http2_fault& f) { f.end = stream_end::silent; }},
};

}  // namespace

std::string http2_names() {
  std::string names;
  for (const auto& [name, set] : http2_valued) (names += ", ") += name;
  for (const auto& [name, set] : http2_flags) (names += ", ") += name;
  return names + ", ping";
}

bool apply_http2(http2_fault& f, const fault_part& p) {
  if (p.name == "ping") {
    f.pings = p.value ? bounded<unsigned>(*p.value) : 1;
    return true;
  }
  for (const auto& [name, set] : http2_valued) {
    if (name != p.name) continue;
    if (!p.value) fail(fmt::format("{} needs a value: {}=…", name, name));
    set(f, *p.value);
    return true;
  }
  for (const auto& [name, set] : http2_flags) {
    if (name != p.name) continue;
    if (p.value) fail(fmt::format("{} takes no value", name));
    set(f);
    return true;
  }
  return false;
}

}  // namespace ephemint::inline v0::sandbox
