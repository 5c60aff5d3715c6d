#include "net/dial/tunnel_negotiation.hpp"

#include <ephemint/secret.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// Appends `text` in Base64, piece by piece, so that only a small buffer on the stack holds parts of it,
/// which is wiped.
void append_encoded(wiped_buffer& to, std::string_view text) {
  constexpr std::size_t piece = 48;  // a multiple of three, so that the encoded pieces can be joined
  std::array<unsigned char, piece / 3 * 4 + 1> encoded;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    const std::string_view next = text.substr(0, piece);
    const int size = EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(next.data()),
                                     static_cast<int>(next.size()));
    to.append({reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)});
  }
  wipe(encoded.data(), encoded.size());
}

std::string name_of_tunnel(const proxy_settings& proxy, std::string_view target) {
  std::string text{"no tunnel to "};
  text += target;
  return text.append(" through the proxy ").append(authority_of(proxy.host, proxy.port)).append(": ");
}

/// Whether another try, or another address of the proxy, may get a better answer.
bool may_pass(int status) noexcept { return status >= 500 || status == 408 || status == 429; }

std::string_view words_for(int status, bool has_credentials) noexcept {
  switch (status) {
    case 403:
      return ": its rules don't allow this host and port; ask who runs it";
    case 407:
      return has_credentials ? ": it refused proxy_credentials (they are sent as Basic; Digest, NTLM and "
                               "Negotiate aren't spoken)"
                             : ": it demands credentials; give proxy_credentials (Basic; Digest, NTLM and "
                               "Negotiate aren't spoken)";
    case 502:
    case 504:
      return ": it couldn't reach the host";
    default:
      return may_pass(status) ? "" : "; does it take CONNECT, and is it a proxy at all?";
  }
}

}  // namespace

tunnel_negotiation::tunnel_negotiation(const proxy_settings& proxy, std::string_view target)
    : called_{name_of_tunnel(proxy, target)}, has_credentials_{proxy.credentials != nullptr} {
  for (const std::string_view part :
       {std::string_view{"CONNECT "}, target, std::string_view{" HTTP/1.1\r\nHost: "}, target,
        std::string_view{"\r\n"}})
    request_.append(part);
  if (has_credentials_) {
    request_.append("Proxy-Authorization: Basic ");
    append_encoded(request_, proxy.credentials->reveal());
    request_.append("\r\n");
  }
  request_.append("\r\n");
}

tunnel_negotiation::status tunnel_negotiation::commit(std::size_t size) {
  const reply_parser::status known = reply_.commit(size);
  // Doesn't wait for a body: that of a refusal holds nothing that we would show, and a 2xx has none, whatever
  // its fields say.
  if (reply_.head_complete()) return judge(reply_.reply().status);
  if (known == reply_parser::status::refused) return refuse(reply_.problem(), false);
  return status::incomplete;
}

tunnel_negotiation::status tunnel_negotiation::judge(int answered) {
  std::string why{"it answered "};
  why += std::to_string(answered);
  if (answered / 100 != 2) {
    why += words_for(answered, has_credentials_);
    return refuse(why, may_pass(answered));
  }
  if (reply_.behind_head() == 0) return status::open;
  why += ", and sent something behind it before TLS had begun";
  return refuse(why, false);
}

failure tunnel_negotiation::broken_off(std::string_view cause) const {
  std::string why{reply_.begun() ? "its reply was cut off: " : "it didn't answer: "};
  why += cause;
  return no_tunnel(why, true);
}

failure tunnel_negotiation::stalled(std::chrono::milliseconds patience) const {
  std::string why{reply_.begun() ? "it stalled in its reply for " : "it didn't answer within "};
  why += std::to_string(patience.count());
  why += " ms; it may be overloaded, or not reach the host";
  return no_tunnel(why, true);
}

tunnel_negotiation::status tunnel_negotiation::refuse(std::string_view why, bool retryable) {
  problem_ = no_tunnel(why, retryable);
  return status::refused;
}

failure tunnel_negotiation::no_tunnel(std::string_view why, bool retryable) const {
  std::string text = called_;
  text += why;
  return {mint_errc::connect_failed, std::move(text), retryable};
}

}  // namespace ephemint::inline v0::net
