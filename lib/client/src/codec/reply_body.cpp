#include "codec/reply_body.hpp"

#include "codec/ascii.hpp"
#include "codec/untrusted_text.hpp"

#include <ephemint/secret.hpp>

#include <simdjson.h>

#include <algorithm>
#include <new>

namespace ephemint::inline v0::detail {
namespace {

namespace dom = simdjson::dom;

/// The string in `value`; nothing for any other type.
std::optional<std::string_view> text_of(dom::element value) noexcept {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

/// Makes one entry of `errors[]` fit to be shown.
class entry_reader {
 public:
  entry_reader(dom::object entry, const redactor& redacted) : entry_{entry}, redacted_{redacted} {}

  api_error read() const {
    return {name<api_error_source>("error_source", parse_api_error_source),
            name<api_error_type>("error_type", parse_api_error_type),
            name<api_error_code>("error_code", parse_api_error_code),
            shown("message", body_reader::max_message),
            shown("carrier_id", body_reader::max_field),
            shown("carrier_code", body_reader::max_field),
            shown("field_name", body_reader::max_field)};
  }

 private:
  std::string_view raw(std::string_view key) const noexcept {
    dom::element value;
    return entry_.at_key(key).get(value) == simdjson::SUCCESS ? text_of(value).value_or("") : "";
  }

  std::string shown(std::string_view key, std::size_t cap) const { return cleaned(redacted_(raw(key)), cap); }

  template <class Enum, class Parse>
  open_enum<Enum> name(std::string_view key, Parse parse) const {
    const Enum value = parse(raw(key));
    if (value != Enum::other) return value;
    return {value, shown(key, body_reader::max_name)};
  }

  dom::object entry_;
  const redactor& redacted_;
};

/// One pass over the top level's members.
struct top_level {
  reply_fields fields;
  std::optional<dom::array> errors;
  bool token_seen = false;
  bool redirect_url_seen = false;

  void take(std::string_view key, dom::element value) noexcept {
    if (key == "token")
      take_string(value, fields.token, token_seen, "it has two tokens", "its token isn't a string");
    else if (key == "redirect_url")
      take_redirect_url(value);
    else if (key == "request_id")
      fields.request_id = text_of(value).value_or("");
    else if (key == "errors")
      take_errors(value);
  }

 private:
  /// Some servers send `null` for a member that they don't have.
  void take_redirect_url(dom::element value) noexcept {
    if (value.is_null() && !redirect_url_seen)
      redirect_url_seen = true;
    else
      take_string(value, fields.redirect_url, redirect_url_seen, "it has two redirect_urls",
                  "its redirect_url isn't a string");
  }

  void take_string(dom::element value, std::optional<std::string_view>& field, bool& seen,
                   const char* said_twice, const char* wrong_type) noexcept {
    const auto text = text_of(value);
    if (seen) {
      fields.fault = said_twice;
    } else if (text) {
      field = text;
    } else {
      fields.fault = wrong_type;
    }
    seen = true;
  }

  void take_errors(dom::element value) noexcept {
    dom::array list;
    if (value.get(list) == simdjson::SUCCESS)
      errors = list;
    else if (!value.is_null())
      fields.fault = "its errors aren't a list";
  }
};

void wipe_text(const std::optional<std::string_view>& text) noexcept {
  // This is the parser's own memory, to which it gives read-only access.
  if (text) wipe(const_cast<char*>(text->data()), text->size());
}

}  // namespace

struct body_reader::impl {
  // Most replies are far smaller than this; the parser grows by itself up to the limit.
  static constexpr std::size_t usual_size = 4096;

  explicit impl(const known_keys& keys) : parser{max_size}, known{keys} {
    // simdjson refuses a depth equal to its limit, and doesn't count an empty container as a level.
    if (parser.allocate(usual_size, max_depth + 1) != simdjson::SUCCESS) throw std::bad_alloc{};
    // Otherwise it would allocate the result's memory again for each document that is longer than all before.
    std::string spacious(usual_size, ' ');
    spacious.replace(usual_size - 2, 2, "{}");
    if (parser.parse(spacious).error() != simdjson::SUCCESS) throw std::bad_alloc{};
  }

  /// Null if the text is one whole JSON object, otherwise what is wrong with it.
  const char* parse(std::string_view body, dom::object& root) {
    if (body.empty()) return "it is empty";
    if (body.size() > max_size) return "it is too long";
    // RFC 8259 forbids a sender to add a byte order mark; some versions of simdjson skip it.
    if (body.starts_with("\xef\xbb\xbf")) return "it begins with a byte order mark";
    constexpr bool copy_first = false;
    dom::element document;
    const auto error = parser.parse(body.data(), body.size(), copy_first).get(document);
    if (error == simdjson::MEMALLOC) throw std::bad_alloc{};
    if (error == simdjson::DEPTH_ERROR) return "it is nested too deeply";
    if (error != simdjson::SUCCESS) return "it isn't valid JSON";
    if (document.get(root) != simdjson::SUCCESS) return "it isn't a JSON object";
    return nullptr;
  }

  dom::parser parser;
  const known_keys& known;
};

body_reader::body_reader(const known_keys& known) : impl_{std::make_unique<impl>(known)} {}
body_reader::~body_reader() = default;

reply_fields body_reader::read(std::string_view body) {
  dom::object root;
  if (const char* fault = impl_->parse(body, root)) {
    reply_fields nothing;
    nothing.fault = fault;
    return nothing;
  }
  top_level top;
  for (const auto [key, value] : root) top.take(key, value);
  if (!top.errors) return std::move(top.fields);
  const redactor redacted = secrets_of(top.fields, impl_->known);
  if (top.errors->size() != 0 && !top.fields.fault) top.fields.fault = "it lists errors";
  for (const dom::element entry : *top.errors) {
    if (top.fields.errors.size() == max_errors) break;
    dom::object members;
    if (entry.get(members) == simdjson::SUCCESS)
      top.fields.errors.push_back(entry_reader{members, redacted}.read());
  }
  return std::move(top.fields);
}

void body_reader::forget(const reply_fields& fields) noexcept {
  wipe_text(fields.token);
  wipe_text(fields.redirect_url);
}

redactor secrets_of(const reply_fields& fields, const known_keys& known) noexcept {
  redactor redacted;
  redacted.hide_all(known);
  if (fields.redirect_url) redacted.hide(*fields.redirect_url);
  if (fields.token) redacted.hide(*fields.token);
  return redacted;
}

bool is_request_id(std::string_view text) noexcept {
  constexpr std::size_t longest = 128;
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), ascii::is_visible);
}

}  // namespace ephemint::inline v0::detail
