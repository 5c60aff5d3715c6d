#include "request_reader.hpp"

#include <ephemint/secret.hpp>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// `word` is in small letters.
bool says(boost::beast::string_view text, std::string_view word) noexcept {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                    [](char c, char small) { return (c >= 'A' && c <= 'Z' ? c + 32 : c) == small; });
}

/// Why a header that Beast takes isn't taken here; empty: it is.
std::string_view fault_of(const request& asked) {
  const std::size_t hosts = asked.count(http::field::host);
  const std::size_t codings = asked.count(http::field::transfer_encoding);
  const std::size_t lengths = asked.count(http::field::content_length);
  const auto length = asked[http::field::content_length];
  if (hosts > 1) return "more than one Host";
  if (hosts == 0 && asked.version() == 11) return "no Host";
  if (codings > 1 || lengths > 1 || (codings == 1 && lengths == 1)) return "more than one length of the body";
  if (codings == 1 && (asked.version() == 10 || !says(asked[http::field::transfer_encoding], "chunked")))
    return "an unknown Transfer-Encoding";
  if (!std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return "a malformed Content-Length";
  return {};
}

void wipe_text(boost::beast::string_view text) noexcept { wipe(const_cast<char*>(text.data()), text.size()); }

}  // namespace

request_reader::request_reader() : bytes_(chunked_limit) { next(); }

request_reader::~request_reader() {
  wipe_request();
  wipe(bytes_.data(), bytes_.size());
}

boost::asio::mutable_buffer request_reader::room() {
  if (begin_ != 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return boost::asio::buffer(bytes_.data() + end_, bytes_.size() - end_);
}

boost::asio::mutable_buffer request_reader::scrap() {
  begin_ = end_ = 0;
  return room();
}

request_reader::state request_reader::look() {
  if (stage_ == stage::line && refusal_.status == 0) read_line();
  if (stage_ == stage::fields && refusal_.status == 0) read_fields();
  if (stage_ == stage::body && refusal_.status == 0) read_body();
  if (refusal_.status != 0) return state::refused;
  return stage_ == stage::complete ? state::complete : state::incomplete;
}

void request_reader::read_line() {
  const std::string_view bytes = unread().substr(0, header_limit);
  if (bytes.empty()) return;
  if (!is_letter(bytes.front())) return refuse(400, "not HTTP");
  const std::size_t end = bytes.find('\n');
  if (end == bytes.npos) {
    if (bytes.size() == header_limit) refuse(431, "a header that is too large");
    return;
  }
  feed(end + 1);
  stage_ = stage::fields;
}

void request_reader::read_fields() {
  const std::string_view bytes = unread().substr(0, header_limit - read_);
  const std::size_t last = bytes.starts_with("\r\n") ? 0 : bytes.find("\r\n\r\n");
  if (last == bytes.npos) {
    if (bytes.size() == header_limit - read_) refuse(431, "a header that is too large");
    return;
  }
  feed(bytes.starts_with("\r\n") ? 2 : last + 4);
  if (refusal_.status != 0) return;
  if (const std::string_view fault = fault_of(asked()); !fault.empty()) return refuse(400, fault);
  fields_ = static_cast<std::size_t>(std::distance(asked().begin(), asked().end()));
  stage_ = parser_->is_done() ? stage::complete : stage::body;
  expects_ = stage_ == stage::body && asked().version() == 11 && unread().empty() &&
             says(asked()[http::field::expect], "100-continue");
  read_ = 0;
}

void request_reader::read_body() {
  const std::string_view bytes = unread().substr(0, chunked_limit - read_);
  if (bytes.empty()) return;
  boost::system::error_code wrong;
  const std::size_t size = parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), wrong);
  begin_ += size;
  read_ += size;
  if (wrong == http::error::body_limit) return refuse(413, "a body that is too large");
  if (wrong && wrong != http::error::need_more) return refuse(400, "a malformed body");
  if (parser_->is_done()) {
    // Fields behind a chunked body would look like the header's own.
    if (std::distance(asked().begin(), asked().end()) != static_cast<std::ptrdiff_t>(fields_))
      return refuse(400, "fields behind the body");
    stage_ = stage::complete;
  } else if (read_ + (bytes.size() - size) == chunked_limit) {
    refuse(413, "a body that is too large");
  }
}

void request_reader::feed(std::size_t size) {
  boost::system::error_code wrong;
  const std::size_t used = parser_->put(boost::asio::buffer(bytes_.data() + begin_, size), wrong);
  begin_ += used;
  read_ += used;
  if (wrong == http::error::body_limit) return refuse(413, "a body that is too large");
  if (used != size || (wrong && wrong != http::error::need_more)) refuse(400, "a malformed header");
}

bool request_reader::take_expectation() noexcept { return std::exchange(expects_, false); }

void request_reader::next() {
  if (parser_) wipe_request();
  wipe(bytes_.data(), begin_);
  wipe(bytes_.data() + end_, bytes_.size() - end_);
  parser_.emplace();
  parser_->header_limit(2 * header_limit);  // we count by ourselves: Beast counts the first line apart
  parser_->body_limit(body_limit);
  parser_->eager(true);
  stage_ = stage::line;
  read_ = 0;
  expects_ = false;
  refusal_ = {};
}

void request_reader::wipe_request() noexcept {
  request& over = parser_->get();
  wipe(over.body().data(), over.body().size());
  wipe_text(over.target());
  for (const auto& field : over) wipe_text(field.value());
}

}  // namespace ephemint::inline v0::gateway
