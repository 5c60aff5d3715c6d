#include "net/wire/http2/http2_reply.hpp"

#include "codec/ascii.hpp"
#include "net/wire/reply_limits.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// What a field counts in addition to its name and value (RFC 9113, 10.5.1).
constexpr std::size_t field_overhead = 32;

constexpr std::string_view unasked_for = "a Content-Encoding, which was not asked for";

/// 0: not a valid status.
std::uint16_t status_code_of(std::string_view text) noexcept {
  std::uint16_t code = 0;
  if (text.size() == 3 && std::ranges::all_of(text, detail::ascii::is_digit))
    std::from_chars(text.data(), text.data() + text.size(), code);
  return code >= 100 ? code : 0;
}

}  // namespace

http2_reply::status http2_reply::refuse(std::string why) {
  if (status_ != status::incomplete) return status_;
  problem_ = "the reply was refused: " + std::move(why);
  return status_ = status::refused;
}

http2_reply::status http2_reply::on_frame(std::size_t size) {
  bytes_ += size;
  if (bytes_ > reply_limits::bytes)
    return refuse("a reply of more than " + std::to_string(reply_limits::bytes) + " bytes");
  return status_;
}

http2_reply::status http2_reply::on_field(std::string_view name, std::string_view value) {
  if (status_ != status::incomplete) return status_;
  head_bytes_ += name.size() + value.size() + field_overhead;
  if (head_bytes_ > reply_limits::head)
    return refuse("a header of more than " + std::to_string(reply_limits::head) + " bytes");
  if (++fields_ > reply_limits::fields)
    return refuse("more than " + std::to_string(reply_limits::fields) + " header fields");
  if (head_over_) return status_;
  if (name == ":status") {
    code_ = status_code_of(value);
    return code_ == 0 || code_ == 101 ? refuse("an impossible status") : status_;
  }
  if (!interim()) take_field(name, value);
  return status_;
}

void http2_reply::take_field(std::string_view name, std::string_view value) {
  if (name == "content-type")
    content_type_ = keep(value);
  else if (name == "x-shipengine-requestid")
    request_id_ = keep(value);
  else if (name == "retry-after")
    take_retry_after(value);
  else if (name == "date")
    date_ = keep(value);
  else if (name == "content-length")
    take_length(value);
  else if (name == "content-encoding")
    coded_ = true;
}

void http2_reply::take_retry_after(std::string_view value) {
  if (retry_after_seen_ && text_of(retry_after_) != value)
    retry_after_.size = 0;
  else if (!retry_after_seen_)
    retry_after_ = keep(value);
  retry_after_seen_ = true;
}

/// Only checks whether the length is too large: that it matches the data was checked before.
void http2_reply::take_length(std::string_view value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), declared_);
  if (error == std::errc::result_out_of_range) declared_ = reply_limits::bytes + 1;
}

http2_reply::part http2_reply::keep(std::string_view value) {
  assert(text_);
  const auto begin = static_cast<std::uint32_t>(text_->size());
  text_->append(value);
  return {begin, static_cast<std::uint32_t>(value.size())};
}

std::string_view http2_reply::text_of(part which) const noexcept {
  return text_ ? text_->view(which.begin, which.size) : std::string_view{};
}

http2_reply::status http2_reply::on_block_end() {
  if (status_ != status::incomplete || head_over_) return status_;
  if (code_ == 0) return refuse("a header without a status");
  if (interim()) {
    code_ = 0;
    if (++interims_ > reply_limits::interim)
      return refuse("more than " + std::to_string(reply_limits::interim) + " interim replies");
    return status_;
  }
  head_over_ = true;
  body_begin_ = text_ ? static_cast<std::uint32_t>(text_->size()) : 0;
  if (coded_ && has_no_body()) return refuse(std::string{unasked_for});
  if (coded_) problem_ = unasked_for;
  if (!coded_ && !has_no_body() && declared_ > reply_limits::body)
    problem_ = "a body of more than " + std::to_string(reply_limits::body) + " bytes";
  return problem_.empty() ? status_ : status_ = status::body_refused;
}

http2_reply::status http2_reply::on_data(std::string_view bytes) {
  if (status_ != status::incomplete) return status_;
  if (!head_over_ || !text_) return refuse("data before a header");
  body_size_ += bytes.size();
  if (body_size_ > reply_limits::body) {
    problem_ = "a body of more than " + std::to_string(reply_limits::body) + " bytes";
    return status_ = status::body_refused;
  }
  text_->append(bytes);
  return status_;
}

http2_reply::status http2_reply::on_end() {
  if (status_ != status::incomplete) return status_;
  if (!head_over_) return refuse("it ended before its status");
  return status_ = status::complete;
}

detail::http_reply http2_reply::reply() const {
  assert(status_ == status::complete || status_ == status::body_refused);
  const bool taken = status_ == status::complete;
  return {.status = code_,
          .body = text_of({body_begin_, taken ? static_cast<std::uint32_t>(body_size_) : 0}),
          .body_fault = taken ? std::string_view{} : std::string_view{problem_},
          .content_type = text_of(content_type_),
          .request_id = text_of(request_id_),
          .retry_after = text_of(retry_after_),
          .date = text_of(date_),
          .reusable = true,
          .keep_alive = {}};
}

std::unique_ptr<wiped_buffer> http2_reply::reset() noexcept {
  auto used = std::move(text_);
  *this = {};
  return used;
}

}  // namespace ephemint::inline v0::net
