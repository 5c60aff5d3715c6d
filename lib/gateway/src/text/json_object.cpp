#include "text/json_object.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>

namespace ephemint::inline v0::gateway {

json_object& json_object::text(std::string_view name, std::string_view value) {
  begin(name);
  append(value);
  return *this;
}

json_object& json_object::number(std::string_view name, std::int64_t value) {
  return json(name, fmt::format_int{value}.c_str());
}

json_object& json_object::json(std::string_view name, std::string_view json) {
  begin(name);
  out_ += json;
  return *this;
}

void json_object::begin(std::string_view name) {
  out_ += out_.empty() ? '{' : ',';
  append(name);
  out_ += ':';
}

void json_object::append(std::string_view text) {
  const bool utf8 = simdjson::validate_utf8(text.data(), text.size());
  out_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out_ += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f)
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", byte);
    else if (byte >= 0x80 && !utf8)
      out_ += "\xef\xbf\xbd";
    else
      out_ += c;
  }
  out_ += '"';
}

}  // namespace ephemint::inline v0::gateway
