#include "http/request_reader.hpp"

#include "text/words.hpp"

#include <ephemint/secret.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

bool is_control(char c) noexcept { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }
bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// Why a header that Beast accepts is refused here; empty: it isn't.
std::string_view fault_of(const request& asked) {
  const std::size_t hosts = asked.count(http::field::host);
  const std::size_t codings = asked.count(http::field::transfer_encoding);
  const std::size_t lengths = asked.count(http::field::content_length);
  const std::string_view length = asked[http::field::content_length];
  if (hosts > 1) return "more than one Host";
  if (hosts == 0 && asked.version() == 11) return "no Host";
  if (codings > 1 || lengths > 1 || (codings == 1 && lengths == 1)) return "more than one length of the body";
  if (codings == 1 && (asked.version() == 10 || !same_word(asked[http::field::transfer_encoding], "chunked")))
    return "an unknown Transfer-Encoding";
  if (length.find_first_not_of("0123456789") != length.npos) return "a malformed Content-Length";
  return {};
}

void wipe_text(std::string_view text) noexcept { wipe(const_cast<char*>(text.data()), text.size()); }

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
  const std::string_view fields = bytes.substr(0, last);
  if (fields.find("\r\n ") != fields.npos || fields.find("\r\n\t") != fields.npos)
    return refuse(400, "a folded header");  // some programs read it as one line, others as two
  feed(bytes.starts_with("\r\n") ? 2 : last + 4);
  if (refusal_.status != 0) return;
  if (const std::string_view fault = fault_of(asked()); !fault.empty()) return refuse(400, fault);
  begin_body();
}

// Beast doesn't parse bodies: some chunks make its parser fail an assertion (1.81).
void request_reader::read_body() {
  if (chunked_)
    read_chunks();
  else
    take_data();
  if (!chunked_ && left_ == 0) stage_ = stage::complete;
  if (refusal_.status == 0 && stage_ == stage::body && read_ + unread().size() >= chunked_limit)
    refuse(413, "a body that is too large");
}

void request_reader::read_chunks() {
  while (refusal_.status == 0 && stage_ == stage::body) {
    take_data();
    if (left_ != 0 || read_ >= chunked_limit) return;
    const std::string_view bytes = unread().substr(0, chunked_limit - read_);
    const std::size_t end = bytes.find('\n');
    if (end == bytes.npos) return;
    take_chunk_line(bytes.substr(0, end));
    consume(end + 1);
  }
}

void request_reader::take_data() {
  const std::string_view bytes = unread().substr(0, left_);
  parser_->get().body().append(bytes);
  left_ -= bytes.size();
  consume(bytes.size());
}

void request_reader::take_chunk_line(std::string_view line) {
  const bool whole = line.ends_with('\r');
  line.remove_suffix(whole ? 1 : 0);
  if (!whole || std::any_of(line.begin(), line.end(), is_control)) return refuse(400, "a malformed body");
  switch (std::exchange(next_line_, chunk_line::size)) {
    case chunk_line::size:
      return begin_chunk(line);
    case chunk_line::end:
      if (!line.empty()) refuse(400, "a malformed body");
      return;
    case chunk_line::last:  // some programs take fields here for fields of the header
      if (!line.empty()) return refuse(400, "fields behind the body");
      stage_ = stage::complete;
  }
}

void request_reader::begin_chunk(std::string_view line) {
  std::string_view digits = line.substr(0, line.find(';'));
  while (digits.ends_with(' ') || digits.ends_with('\t')) digits.remove_suffix(1);
  std::uint64_t size = 0;
  const auto number = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (number.ec == std::errc::invalid_argument || number.ptr != digits.data() + digits.size())
    return refuse(400, "a malformed body");
  if (number.ec != std::errc{} || size > body_limit - asked().body().size())
    return refuse(413, "a body that is too large");
  left_ = static_cast<std::size_t>(size);
  next_line_ = size == 0 ? chunk_line::last : chunk_line::end;
}

void request_reader::begin_body() {
  const auto length = asked()[http::field::content_length];
  chunked_ = asked().count(http::field::transfer_encoding) != 0;
  next_line_ = chunk_line::size;
  left_ = read_ = 0;
  const auto number = std::from_chars(length.data(), length.data() + length.size(), left_);
  if (number.ec == std::errc::result_out_of_range || left_ > body_limit)
    return refuse(413, "a body that is too large");
  stage_ = chunked_ || left_ != 0 ? stage::body : stage::complete;
  // Reserved at once: growing would leave copies in memory.
  if (stage_ == stage::body) parser_->get().body().reserve(body_limit);
  expects_ = stage_ == stage::body && asked().version() == 11 && unread().empty() &&
             same_word(asked()[http::field::expect], "100-continue");
}

void request_reader::feed(std::size_t size) {
  boost::system::error_code wrong;
  const std::size_t used = parser_->put(boost::asio::buffer(bytes_.data() + begin_, size), wrong);
  consume(used);
  if (used != size || (wrong && wrong != http::error::need_more)) refuse(400, "a malformed header");
}

bool request_reader::take_expectation() noexcept { return std::exchange(expects_, false); }

void request_reader::next() {
  if (parser_) wipe_request();
  wipe(bytes_.data(), begin_);
  wipe(bytes_.data() + end_, bytes_.size() - end_);
  parser_.emplace();
  parser_->header_limit(2 * header_limit);  // we count ourselves, as Beast counts the first line separately
  parser_->skip(true);
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
