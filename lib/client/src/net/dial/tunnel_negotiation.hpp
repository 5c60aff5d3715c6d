#pragma once

#include "net/dial/endpoint.hpp"
#include "net/failure.hpp"
#include "net/wire/http1/reply_parser.hpp"
#include "net/wire/wiped_buffer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::inline v0::net {

/// The request to a proxy before TLS begins (CONNECT: RFC 9110, 9.3.6), and the meaning of its answer. Bytes
/// in, bytes out: it has no socket and no clock.
class tunnel_negotiation {
 public:
  enum class status : std::uint8_t {
    incomplete,
    open,     ///< from now on the socket leads to the host
    refused,  ///< `problem()` says why
  };

  /// `target`: the host's name or address and its port. Throws `std::bad_alloc`.
  tunnel_negotiation(const proxy_settings&, std::string_view target);

  /// The whole request, without anything of the API's. It may hold credentials; it is overwritten when this
  /// object is destroyed.
  std::string_view request() noexcept { return request_.view(0, request_.size()); }

  /// The buffer for the next bytes of the answer. Never empty.
  std::span<char> room() { return reply_.room(); }
  /// That many bytes were put there.
  status commit(std::size_t size);
  /// Why it was refused.
  const failure& problem() const noexcept { return problem_; }

  /// The failure if the connection ended, because of `cause`, before the answer came.
  failure broken_off(std::string_view cause) const;
  /// The failure if no answer came in time.
  failure stalled(std::chrono::milliseconds patience) const;

 private:
  status judge(int answered);
  status refuse(std::string_view why, bool retryable);
  failure no_tunnel(std::string_view why, bool retryable) const;

  const std::string called_;  // the tunnel's name in messages
  const bool has_credentials_;
  wiped_buffer request_;
  reply_parser reply_;
  failure problem_;
};

}  // namespace ephemint::inline v0::net
