#include "codec/request.hpp"

#include <algorithm>
#include <cassert>

namespace ephemint::inline v0::detail {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

}  // namespace

void request_writer::wiped_and_deleted::operator()(char* text) const noexcept {
  wipe(text, size);
  delete[] text;
}

request_writer::request_writer(std::string_view host_header, std::string_view target, const secret& api_key,
                               std::string_view user_agent)
    : head_size_{0} {
  // The account comes last, so that nothing behind it has to be moved.
  const std::string_view head[]{"POST ",
                                target,
                                " HTTP/1.1\r\nHost: ",
                                host_header,
                                "\r\nUser-Agent: ",
                                user_agent,
                                "\r\nAccept: application/json",
                                "\r\nContent-Type: application/json",
                                "\r\nContent-Length: 0",
                                "\r\nAPI-Key: ",
                                api_key.reveal(),
                                "\r\nOn-Behalf-Of: "};
  for (const auto piece : head) head_size_ += piece.size();
  const std::size_t size = head_size_ + account_id::max_size + end_of_head.size();
  buffer_ = {new char[size], wiped_and_deleted{size}};
  char* end = buffer_.get();
  for (const auto piece : head) end = std::copy(piece.begin(), piece.end(), end);
}

std::string_view request_writer::write(const account_id& account) noexcept {
  assert(account.valid());
  const auto text = account.str();
  char* const begin = buffer_.get();
  char* end = std::copy(text.begin(), text.end(), begin + head_size_);
  end = std::copy(end_of_head.begin(), end_of_head.end(), end);
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace ephemint::inline v0::detail
