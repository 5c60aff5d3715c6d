#include "net/wire/http1/reply_parser.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

constexpr std::string_view refused_because = "the reply was refused: ";

}  // namespace

reply_parser::status reply_parser::commit(std::size_t size) {
  buffer_.commit(size);
  if (status_ == status::complete && size != 0) surplus_ = true;
  if (status_ != status::incomplete) return status_;
  status_ = parse();
  if (status_ == status::incomplete && buffer_.size() >= max_bytes)
    return refuse("a reply of more than " + std::to_string(max_bytes) + " bytes");
  return status_;
}

reply_parser::status reply_parser::end(bool clean) {
  if (status_ != status::incomplete) return status_;
  if (in_body_ && head_.body == reply_head::framing::until_close && clean) return finish(buffer_.size());
  problem_ = begun() ? "the reply was cut off" : "no reply came";
  return status_;
}

reply_parser::status reply_parser::parse() {
  if (!in_body_)
    if (const status now = parse_lines(); now != status::incomplete) return now;
  return in_body_ ? parse_body() : status::incomplete;
}

/// Finds the ends of lines and of heads. The form of each line is checked here already, so that a server
/// which breaks the rules and then waits doesn't make us wait too.
reply_parser::status reply_parser::parse_lines() {
  while (!in_body_) {
    if (!version_is_possible()) return refuse("a reply that isn't HTTP/1.0 or HTTP/1.1");
    const auto* found =
        static_cast<const char*>(std::memchr(buffer_.data() + searched_, '\n', buffer_.size() - searched_));
    const std::size_t end =
        found == nullptr ? buffer_.size() : static_cast<std::size_t>(found - buffer_.data()) + 1;
    searched_ = end;
    if (end - head_begin_ > max_head || (found == nullptr && end - head_begin_ == max_head))
      return refuse("a header of more than " + std::to_string(max_head) + " bytes");
    if (found == nullptr) return status::incomplete;
    if (const status now = check_line(end); now != status::incomplete) return now;
  }
  return status::incomplete;
}

reply_parser::status reply_parser::check_line(std::size_t end) {
  const char* line = buffer_.data() + line_begin_;
  const std::size_t size = end - line_begin_;
  if (size < 2 || line[size - 2] != '\r') return refuse("a header line that doesn't end in CRLF");
  if (lines_ > 0 && (line[0] == ' ' || line[0] == '\t')) return refuse("a folded header line");
  line_begin_ = end;
  if (lines_ > 0 && size == 2) return take_head(end);
  if (lines_++ > max_fields) return refuse("more than " + std::to_string(max_fields) + " header fields");
  return status::incomplete;
}

reply_parser::status reply_parser::take_head(std::size_t end) {
  std::string why = parse_head(buffer_.view(head_begin_, end - head_begin_), max_body, head_);
  if (!why.empty()) return refuse(std::move(why));
  lines_ = 0;
  if (head_.interim()) {
    if (++interims_ > max_interim)
      return refuse("more than " + std::to_string(max_interim) + " interim replies");
    head_begin_ = end;
    return status::incomplete;
  }
  in_body_ = true;
  body_begin_ = body_end_ = chunks_read_ = end;
  if (!head_.body_fault.empty()) return refuse(head_.body_fault);
  return status::incomplete;
}

reply_parser::status reply_parser::parse_body() {
  const std::size_t arrived = buffer_.size() - body_begin_;
  switch (head_.body) {
    case reply_head::framing::none:
      return finish(body_begin_);
    case reply_head::framing::length:
      return arrived < head_.length ? status::incomplete : finish(body_begin_ + head_.length);
    case reply_head::framing::until_close:
      return arrived > max_body ? refuse("a body of more than " + std::to_string(max_body) + " bytes")
                                : status::incomplete;
    case reply_head::framing::chunked:
      break;
  }
  switch (chunks_.decode(buffer_.data(), chunks_read_, buffer_.size(), body_end_)) {
    case chunk_decoder::status::refused:
      return refuse(chunks_.problem());
    case chunk_decoder::status::incomplete:
      return status::incomplete;
    case chunk_decoder::status::complete:
      break;
  }
  surplus_ = chunks_read_ != buffer_.size();
  return status::complete;
}

reply_parser::status reply_parser::finish(std::size_t end) {
  body_end_ = end;
  surplus_ = end != buffer_.size();
  return status_ = status::complete;
}

reply_parser::status reply_parser::refuse(std::string why) {
  problem_ = refused_because;
  problem_ += why;
  return status_ = status::refused;
}

/// Checks as many bytes as there are: what can't become `HTTP/1.0 ` or `HTTP/1.1 ` is refused at its first
/// wrong byte.
bool reply_parser::version_is_possible() const {
  static constexpr std::string_view begin = "HTTP/1.";
  const std::string_view come =
      buffer_.view(head_begin_, std::min<std::size_t>(buffer_.size() - head_begin_, 9));
  if (come.substr(0, begin.size()) != begin.substr(0, come.size())) return false;
  return (come.size() < 8 || come[7] == '0' || come[7] == '1') && (come.size() < 9 || come[8] == ' ');
}

detail::http_reply reply_parser::reply() const {
  const char* head = buffer_.view(head_begin_, 0).data();
  const std::string_view body_fault =
      body_refused() ? std::string_view{problem_}.substr(refused_because.size()) : "";
  return {.status = head_.status,
          .body = buffer_.view(body_begin_, body_refused() ? 0 : body_end_ - body_begin_),
          .body_fault = body_fault,
          .content_type = head_.content_type.of(head),
          .request_id = head_.request_id.of(head),
          .retry_after = head_.retry_after.of(head),
          .date = head_.date.of(head),
          .reusable = head_.keeps_alive && !surplus_ && !body_refused(),
          .keep_alive = head_.keep_alive};
}

void reply_parser::reset() noexcept {
  buffer_.clear();
  status_ = status::incomplete;
  in_body_ = surplus_ = false;
  interims_ = 0;
  head_begin_ = line_begin_ = searched_ = lines_ = body_begin_ = body_end_ = chunks_read_ = 0;
  head_ = {};
  chunks_ = chunk_decoder{max_body};
  problem_.clear();
}

}  // namespace ephemint::inline v0::net
