// Any bytes as a reply: read without a crash, and the result is within the rules.
//
// Input: two bytes of status, then four texts that end with a zero byte each (Retry-After, Date, request id,
// content type), then the body.

#include "codec/redirect_check.hpp"
#include "codec/reply.hpp"
#include "fuzz/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace {

using namespace ephemint;
using namespace ephemint::detail;
using ephemint::fuzz::is_clean;
using ephemint::fuzz::require;

class input {
 public:
  input(const std::uint8_t* data, std::size_t size) : rest_{reinterpret_cast<const char*>(data), size} {}

  int status() {
    if (rest_.size() < 2) return 200;
    const int value = static_cast<unsigned char>(rest_[0]) * 256 + static_cast<unsigned char>(rest_[1]);
    rest_.remove_prefix(2);
    return value % 1000;
  }
  std::string_view text() {
    const auto end = std::min(rest_.find('\0'), rest_.size());
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return taken;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

void check_error(const api_error& error) {
  for (const auto name : {error.source.text(), error.type.text(), error.code.text()})
    require(name.size() <= 64 && is_clean(name));
  require(error.message.size() <= 512 && is_clean(error.message));
  for (const auto* field : {&error.carrier_id, &error.carrier_code, &error.field_name})
    require(field->size() <= 128 && is_clean(*field));
}

void check(const understood_reply& reply, const redirect_policy& policy, bool token_only) {
  const bool minted = reply.verdict == reply_verdict::minted;
  require(minted == !reply.token.value().empty());
  require(minted == reply.message.empty());
  if (minted) {
    require(is_token(reply.token.value()));
    if (token_only && reply.token.redirect_url().empty()) return;
    require(redirect_fault(reply.token.redirect_url(), reply.token.value(), policy) == nullptr);
    // Boost.URL must agree that it is a URL; a login may fail only because of its length.
    const auto url = reply.token.login_url({.redirect_to = portal_page::billing});
    require(url || reply.token.redirect_url().size() + 20 > max_login_url_size);
  }
  require(is_clean(reply.message));
  require(reply.request_id.size() <= 128 && is_clean(reply.request_id));
  require(reply.api_errors.size() <= 16);
  for (const auto& error : reply.api_errors) check_error(error);
  if (reply.retry_after)
    require(*reply.retry_after >= clock::duration::zero() && *reply.retry_after <= std::chrono::minutes{5});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const redirect_policy policy{{"dashboard.shipengine.com"}, "127.0.0.1"};
  static const secret key{"TEST_planted"};
  static reply_reader reader{policy, {key.reveal()}};

  input in{data, size};
  http_reply reply;
  reply.status = in.status();
  reply.retry_after = in.text();
  reply.date = in.text();
  reply.request_id = in.text();
  reply.content_type = in.text();

  // A block of its own, so that the address sanitizer detects reads past the padding.
  constexpr std::size_t padding = 64;
  const auto body = in.rest();
  const auto memory = std::make_unique<char[]>(body.size() + padding);
  body.copy(memory.get(), body.size());
  reply.body = {memory.get(), body.size()};

  for (const bool token_only : {false, true})
    check(reader.read(reply, {}, {}, token_only), policy, token_only);
  return 0;
}
