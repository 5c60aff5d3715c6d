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
  // The account comes last, so that nothing after it has to be moved.
  const std::array<std::string_view, 12> head{"POST ",
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
  std::array<std::string_view, head.size()> copied;
  char* end = buffer_.get();
  for (std::size_t i = 0; i != head.size(); ++i) {
    copied[i] = {end, head[i].size()};
    end = std::copy(head[i].begin(), head[i].end(), end);
  }
  // The account is kept out of the header compression tables too: a million accounts would only evict the
  // fields that are worth keeping.
  fields_ = {{{":method", "POST"},
              {":scheme", "https"},
              {":authority", copied[3]},
              {":path", copied[1]},
              {"user-agent", copied[5]},
              {"accept", "application/json"},
              {"content-type", "application/json"},
              {"content-length", "0"},
              {"api-key", copied[10], true},
              {"on-behalf-of", {}, true}}};
}

prepared_request request_writer::write(const account_id& account) noexcept {
  assert(account.valid());
  const auto text = account.str();
  char* const begin = buffer_.get();
  char* end = std::copy(text.begin(), text.end(), begin + head_size_);
  fields_.back().value = {begin + head_size_, text.size()};
  end = std::copy(end_of_head.begin(), end_of_head.end(), end);
  return {{begin, static_cast<std::size_t>(end - begin)}, fields_};
}

}  // namespace ephemint::inline v0::detail
