#include "fault_text.hpp"

#include "check.hpp"
#include "text.hpp"

#include <ephemint/sandbox/fault.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

// The text form of faults. One table lists the names, and what each does with its value.

namespace ephemint::inline v0::sandbox {
namespace {

char escaped(std::string_view spec, std::size_t& at) {
  if (at == spec.size()) fail("a value breaks off after its \\");
  switch (const char c = spec[at++]; c) {
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '0':
      return '\0';
    case '"':
    case '\\':
      return c;
    case 'x': {
      unsigned byte = 0;
      const std::string_view digits = spec.substr(at, 2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
      if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2)
        fail("\\x needs two hexadecimal digits");
      at += 2;
      return static_cast<char>(byte);
    }
    default:
      fail(fmt::format("unknown escape {}: use \\r \\n \\t \\0 \\\" \\\\ or \\xHH", in_quotes({&c, 1})));
  }
}

/// Reads a value at `at`, up to the next comma.
std::string read_value(std::string_view spec, std::size_t& at) {
  if (at == spec.size() || spec[at] != '"') {
    const std::size_t end = std::min(spec.find(',', at), spec.size());
    std::string value{spec.substr(at, end - at)};
    at = end;
    return value;
  }
  std::string value;
  for (++at; at < spec.size() && spec[at] != '"';) {
    const char c = spec[at++];
    value += c == '\\' ? escaped(spec, at) : c;
  }
  if (at == spec.size()) fail("a value has no closing quote");
  if (++at < spec.size() && spec[at] != ',') fail("after a closing quote comes a comma or the end");
  return value;
}

std::vector<fault_part> split(std::string_view spec) {
  std::vector<fault_part> parts;
  std::size_t at = 0;
  while (true) {
    const std::size_t end = std::min(spec.find_first_of("=,", at), spec.size());
    fault_part p{spec.substr(at, end - at), std::nullopt};
    at = end;
    if (p.name.empty()) fail(fmt::format("fault {}: a part is empty", in_quotes(spec)));
    if (at < spec.size() && spec[at] == '=') p.value = read_value(spec, ++at);
    parts.push_back(std::move(p));
    if (at == spec.size()) return parts;
    ++at;  // the comma
  }
}

fault_body body_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, fault_body>, 4> bodies{
      {{"api", fault_body::api_error},
       {"html", fault_body::html},
       {"empty", fault_body::empty},
       {"malformed", fault_body::malformed_json}}};
  for (const auto& [known, body] : bodies)
    if (known == name) return body;
  fail(fmt::format("{} is not a body: give api, html, empty or malformed", in_quotes(name)));
}

handshake_fault handshake_named(std::string_view name) {
  if (name == "stall") return handshake_fault::stall;
  if (name == "close") return handshake_fault::close;
  if (name == "reset") return handshake_fault::reset;
  fail(fmt::format("{} is not a handshake's end: give stall, close or reset", in_quotes(name)));
}

void set_end(fault& f, connection_end end, end_point usual, const std::optional<std::string>& where) {
  if (f.end != connection_end::keep) fail("only one of close, cut, reset and stall can be");
  f.end = end;
  f.end_at = usual;
  if (!where) return;
  constexpr std::string_view inside = "inside:";
  if (*where == "before") {
    f.end_at = end_point::before_reply;
  } else if (*where == "after") {
    f.end_at = end_point::after_reply;
  } else if (where->starts_with(inside)) {
    f.end_at = end_point::inside_reply;
    f.end_after = bounded<std::size_t>(std::string_view{*where}.substr(inside.size()));
  } else {
    fail(fmt::format("{} is not a place: give before, inside:N or after", in_quotes(*where)));
  }
}

void set_tail(fault& f, std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == value.npos)
    fail(fmt::format("{} is not PROBABILITY:DURATION, such as 0.01:2s", in_quotes(value)));
  f.tail_probability = parse_probability(value.substr(0, colon));
  f.tail_delay = parse_duration(value.substr(colon + 1));
}

void set_interim(fault& f, std::string_view value) {
  const std::size_t colon = value.find(':');
  f.interim = bounded<unsigned>(value.substr(0, colon));
  if (colon != value.npos) f.interim_status = bounded<unsigned>(value.substr(colon + 1));
}

using setter = void (*)(fault&, std::string_view);
constexpr std::pair<std::string_view, setter> valued[] = {
    {"account", [](fault& f, std::string_view v) { f.account = v; }},
    {"nth", [](fault& f, std::string_view v) { f.nth_on_connection = parse_number(v); }},
    {"skip", [](fault& f, std::string_view v) { f.skip = parse_number(v); }},
    {"every", [](fault& f, std::string_view v) { f.every = parse_number(v); }},
    {"probability", [](fault& f, std::string_view v) { f.probability = parse_probability(v); }},
    {"seed", [](fault& f, std::string_view v) { f.seed = parse_number(v); }},
    {"count", [](fault& f, std::string_view v) { f.count = parse_number(v); }},
    {"delay", [](fault& f, std::string_view v) { f.delay = parse_duration(v); }},
    {"jitter", [](fault& f, std::string_view v) { f.jitter = parse_duration(v); }},
    {"tail", set_tail},
    {"status", [](fault& f, std::string_view v) { f.status = bounded<unsigned>(v); }},
    {"body", [](fault& f, std::string_view v) { f.body = body_named(v); }},
    {"text", [](fault& f, std::string_view v) { f.body = fault_body::custom, f.body_text = v; }},
    {"content_type", [](fault& f, std::string_view v) { f.content_type = v; }},
    {"source", [](fault& f, std::string_view v) { f.error_source = v; }},
    {"type", [](fault& f, std::string_view v) { f.error_type = v; }},
    {"code", [](fault& f, std::string_view v) { f.error_code = v; }},
    {"message", [](fault& f, std::string_view v) { f.error_message = v; }},
    {"retry_after", [](fault& f, std::string_view v) { f.retry_after = v; }},
    {"header", [](fault& f, std::string_view v) { f.headers.emplace_back(v); }},
    {"header_padding", [](fault& f, std::string_view v) { f.header_padding = bounded<std::size_t>(v); }},
    {"body_padding", [](fault& f, std::string_view v) { f.body_padding = bounded<std::size_t>(v); }},
    {"interim", set_interim},
    {"raw", [](fault& f, std::string_view v) { f.raw_reply = v, f.raw_expands = false; }},
    {"template", [](fault& f, std::string_view v) { f.raw_reply = v, f.raw_expands = true; }},
    {"keep_alive", [](fault& f, std::string_view v) { f.keep_alive_timeout = bounded<unsigned>(v); }},
    {"missing", [](fault& f, std::string_view v) { f.missing_bytes = bounded<std::size_t>(v); }},
    {"extra", [](fault& f, std::string_view v) { f.extra_bytes = v; }},
    {"drip", [](fault& f, std::string_view v) { f.drip = parse_duration(v); }},
    {"handshake", [](fault& f, std::string_view v) { f.handshake = handshake_named(v); }},
};

using flag = void (*)(fault&);
constexpr std::pair<std::string_view, flag> flags[] = {
    {"chunked", [](fault& f) { f.framing = body_framing::chunked; }},
    {"until_close", [](fault& f) { f.framing = body_framing::until_close; }},
    {"announce_close", [](fault& f) { f.announce_close = true; }},
    {"one_byte_records", [](fault& f) { f.one_byte_records = true; }},
};

struct named_end {
  std::string_view name;
  connection_end end;
  end_point usual;
};
constexpr named_end ends[] = {
    {"close", connection_end::close, end_point::after_reply},
    {"cut", connection_end::cut, end_point::after_reply},
    {"reset", connection_end::reset, end_point::before_reply},
    {"stall", connection_end::stall, end_point::before_reply},
};

std::string all_names() {
  std::string names;
  for (const auto& [name, set] : valued) (names += name) += ", ";
  for (const auto& [name, set] : flags) (names += name) += ", ";
  for (const named_end& e : ends) (names += e.name) += &e == &ends[3] ? "" : ", ";
  return names + http2_names();
}

void apply(fault& f, const fault_part& p) {
  for (const auto& [name, set] : valued) {
    if (name != p.name) continue;
    if (!p.value) fail(fmt::format("{} needs a value: {}=…", name, name));
    return set(f, *p.value);
  }
  for (const auto& [name, set] : flags) {
    if (name != p.name) continue;
    if (p.value) fail(fmt::format("{} takes no value", name));
    return set(f);
  }
  for (const named_end& e : ends)
    if (e.name == p.name) return set_end(f, e.end, e.usual, p.value);
  if (apply_http2(f.http2, p)) return;
  fail(fmt::format("it must be one of {}", all_names()));
}

}  // namespace

fault fault::raw(std::string bytes) {
  fault f;
  f.raw_reply = std::move(bytes);
  return f;
}

fault fault::refuse() { return reset_stream(http2_error::refused_stream); }

fault fault::reset_stream(http2_error code, reset_point at) {
  fault f;
  f.http2.reset = code;
  f.http2.reset_at = at;
  return f;
}

fault fault::go_away(http2_error code, goaway_reach reach) {
  fault f;
  f.http2.go_away = goaway{code, reach};
  return f;
}

fault fault::limit_streams(std::uint32_t most) {
  fault f;
  f.http2.max_streams = most;
  return f;
}

fault parse_fault(std::string_view spec) {
  fault f;
  for (const fault_part& p : split(spec)) {
    try {
      apply(f, p);
    } catch (const std::invalid_argument& why) {
      fail(fmt::format("fault {}: {}: {}", in_quotes(spec), in_quotes(p.name), why.what()));
    }
  }
  try {
    check(f);
  } catch (const std::invalid_argument& why) {
    fail(fmt::format("fault {}: {}", in_quotes(spec), why.what()));
  }
  return f;
}

}  // namespace ephemint::inline v0::sandbox
