#include "request_reader.hpp"

#include "limits.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace ephemint::inline v0::sandbox {
namespace {

// The limit of a chunked body including its framing.
constexpr std::size_t chunked_limit = 2 * body_limit;

bool is_word_character(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// The size of the header with its blank line; 0: not complete yet. Bytes that can't become a header count as
/// a complete one at once.
std::size_t end_of_header(std::string_view bytes) {
  if (!bytes.empty() && !is_word_character(bytes.front())) return 1;
  for (std::size_t at = bytes.find('\n'); at != bytes.npos; at = bytes.find('\n', at + 1)) {
    if (bytes[at - 1] != '\r') return at + 1;
    if (bytes.substr(0, at).ends_with("\r\n\r")) return at + 1;
  }
  return bytes.size() >= header_limit ? bytes.size() : 0;
}

}  // namespace

void request_reader::next() {
  parser_.emplace();
  parser_->header_limit(header_limit);
  // Beast (1.81) fails an assertion on some chunked bodies, for instance on an empty body that comes in
  // pieces.
  parser_->skip(true);
  now_ = state::incomplete;
  stage_ = stage::header;
  left_ = body_ = 0;
}

std::size_t request_reader::put(std::string_view bytes) {
  const std::size_t all = bytes.size();
  bool going_on = now_ == state::incomplete;
  while (going_on) going_on = step(bytes);
  return all - bytes.size();
}

bool request_reader::step(std::string_view& bytes) {
  switch (stage_) {
    case stage::header:
      return take_header(bytes);
    case stage::body:
    case stage::chunk:
      return take_data(bytes);
    case stage::chunk_size:
    case stage::chunk_end:
    case stage::trailer:
      return take_line(bytes);
  }
  return false;
}

bool request_reader::take_header(std::string_view& bytes) {
  const std::size_t size = end_of_header(bytes);
  if (size == 0) return false;
  boost::system::error_code wrong;
  const std::size_t used = parser_->put(boost::asio::buffer(bytes.data(), size), wrong);
  bytes.remove_prefix(size);
  if (wrong || used != size || !parser_->is_done()) return garbage();
  if (parser_->chunked()) return stage_ = stage::chunk_size, true;
  left_ = parser_->content_length().value_or(0);
  if (left_ > body_limit) return garbage();
  return stage_ = stage::body, true;
}

bool request_reader::take_data(std::string_view& bytes) {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  bytes.remove_prefix(taken);
  left_ -= taken;
  if (left_ != 0) return false;
  if (stage_ == stage::body) return complete();
  return stage_ = stage::chunk_end, true;
}

bool request_reader::take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t size = end == bytes.npos ? bytes.size() : end + 1;
  if (size > header_limit || body_ + size > chunked_limit) return garbage();
  if (end == bytes.npos) return false;
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(size);
  body_ += size;
  if (!line.ends_with('\r')) return garbage();
  if (stage_ == stage::chunk_size) return begin_chunk(line.substr(0, end - 1));
  const bool empty = line.size() == 1;
  if (stage_ == stage::trailer) return empty ? complete() : true;
  return empty ? (stage_ = stage::chunk_size, true) : garbage();
}

bool request_reader::begin_chunk(std::string_view line) {
  std::string_view digits = line.substr(0, line.find(';'));
  while (digits.ends_with(' ') || digits.ends_with('\t')) digits.remove_suffix(1);
  const auto number = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (number.ec != std::errc{} || number.ptr != digits.data() + digits.size()) return garbage();
  if (left_ > body_limit || body_ + left_ > chunked_limit) return garbage();
  body_ += static_cast<std::size_t>(left_);
  return stage_ = left_ == 0 ? stage::trailer : stage::chunk, true;
}

}  // namespace ephemint::inline v0::sandbox
