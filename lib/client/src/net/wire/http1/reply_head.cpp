#include "net/wire/http1/reply_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include <algorithm>
#include <charconv>

namespace ephemint::inline v0::net {

namespace {

namespace http = boost::beast::http;

bool same_ignoring_case(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower,
                            [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

/// Beast checks the grammar and computes lengths; the fields' callback refuses what Beast accepts but we
/// don't. Beast is given heads only: its chunk parser accepts control characters in extensions, merges
/// trailers into the fields, and (1.81) fails an assertion if the last chunk comes in pieces.
class head_parser final : public http::basic_parser<false> {
 public:
  head_parser(const char* begin, reply_head& head) : begin_{begin}, head_{head} {
    header_limit(1 << 20);    // the caller has limited it
    body_limit(boost::none);  // likewise; Beast's own error would hide ours
  }

  const char* refusal() const noexcept { return refusal_; }
  int version() const noexcept { return version_; }
  bool last_request() const noexcept { return last_request_; }

 private:
  using text = boost::beast::string_view;
  using code = boost::beast::error_code;

  void on_response_impl(int status, text, int version, code& ec) override {
    head_.status = status;
    version_ = version;
    if (status < 100) refuse("an impossible status", ec);
  }

  void on_field_impl(http::field name, text name_text, text value, code& ec) override {
    const std::string_view worth{value.data(), value.size()};
    switch (name) {
      case http::field::transfer_encoding:
        if (!same_ignoring_case(worth, "chunked")) refuse("a transfer coding other than `chunked`", ec);
        if (version_ < 11) refuse("a transfer coding in HTTP/1.0", ec);
        break;
      case http::field::content_encoding:
        on_content_encoding(ec);
        break;
      case http::field::content_type:
        head_.content_type = part(worth);
        break;
      case http::field::date:
        head_.date = part(worth);
        break;
      case http::field::retry_after:
        on_retry_after(worth);
        break;
      case http::field::keep_alive:
        on_keep_alive(worth);
        break;
      case http::field::unknown:
        if (same_ignoring_case({name_text.data(), name_text.size()}, "x-shipengine-requestid"))
          head_.request_id = part(worth);
        break;
      default:
        break;
    }
  }

  /// Only the body is encoded: the status is still valid.
  void on_content_encoding(code& ec) {
    static constexpr const char* unasked_for = "a Content-Encoding, which was not asked for";
    if (has_no_body(head_.status)) return refuse(unasked_for, ec);
    head_.body_fault = unasked_for;
  }

  void on_retry_after(std::string_view worth) {
    if (retry_after_seen_ && head_.retry_after.of(begin_) != worth) worth = worth.substr(0, 0);
    head_.retry_after = part(worth);
    retry_after_seen_ = true;
  }

  void on_keep_alive(std::string_view worth) {
    const keep_alive_hint hint = parse_keep_alive(worth);
    last_request_ |= hint.last_request;
    if (hint.timeout && (!head_.keep_alive || *hint.timeout < *head_.keep_alive))
      head_.keep_alive = hint.timeout;
  }

  reply_head::part part(std::string_view worth) const {
    return {static_cast<std::uint32_t>(worth.data() - begin_), static_cast<std::uint32_t>(worth.size())};
  }

  void refuse(const char* why, code& ec) {
    refusal_ = why;
    ec = http::error::bad_field;
  }

  void on_header_impl(code&) override {}
  void on_finish_impl(code&) override {}
  // Never called: neither requests nor bodies are parsed here.
  void on_request_impl(http::verb, text, text, int, code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, code&) override {}
  std::size_t on_body_impl(text, code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, text, code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, text, code&) override { return 0; }

  const char* begin_;
  reply_head& head_;
  const char* refusal_ = nullptr;
  int version_ = 0;
  bool retry_after_seen_ = false;
  bool last_request_ = false;
};

void settle_framing(const head_parser& parsed, std::size_t max_body, reply_head& head) {
  const auto length = parsed.content_length();
  if (has_no_body(head.status))
    head.body = reply_head::framing::none;
  else if (parsed.chunked())
    head.body = reply_head::framing::chunked;
  else if (!length)
    head.body = reply_head::framing::until_close;
  else if (*length > max_body)
    head.body_fault =
        "a body of " + std::to_string(*length) + " bytes; " + std::to_string(max_body) + " are taken at most";
  else {
    head.body = *length == 0 ? reply_head::framing::none : reply_head::framing::length;
    head.length = static_cast<std::size_t>(*length);
  }
}

}  // namespace

keep_alive_hint parse_keep_alive(std::string_view value) {
  keep_alive_hint hint;
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const std::string_view item = trimmed(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    const auto equals = item.find('=');
    if (equals == item.npos) continue;
    const std::string_view name = trimmed(item.substr(0, equals));
    const std::string_view number = trimmed(item.substr(equals + 1));
    std::uint32_t parsed = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), parsed);
    if (error != std::errc{} || end != number.data() + number.size()) continue;
    if (same_ignoring_case(name, "timeout")) hint.timeout = std::chrono::seconds{parsed};
    if (same_ignoring_case(name, "max")) hint.last_request = parsed == 0;
  }
  return hint;
}

std::string parse_head(std::string_view text, std::size_t max_body, reply_head& head) {
  head = {};
  head_parser parser{text.data(), head};
  boost::beast::error_code error;
  parser.put(boost::asio::const_buffer{text.data(), text.size()}, error);
  if (parser.refusal() != nullptr) return parser.refusal();
  if (error) return "a header that breaks HTTP/1.1: " + error.message();
  if (!parser.is_header_done()) return "a header that breaks HTTP/1.1: it ends too early";
  if (head.status == 101) return "status 101, which was not asked for";
  settle_framing(parser, max_body, head);
  const bool hinted_end =
      parser.last_request() || (head.keep_alive && *head.keep_alive <= std::chrono::seconds{1});
  head.keeps_alive = parser.version() == 11 && !hinted_end && head.body != reply_head::framing::until_close &&
                     parser.keep_alive();
  return {};
}

}  // namespace ephemint::inline v0::net
