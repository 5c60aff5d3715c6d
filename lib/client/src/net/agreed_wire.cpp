#include "net/agreed_wire.hpp"

#include "net/dial/shared_endpoint.hpp"
#include "net/tls_stream.hpp"
#include "net/wire/http1/http1_wire.hpp"

#include <algorithm>
#include <string>

#ifdef EPHEMINT_HTTP2
#include "net/wire/http2/http2_stock.hpp"
#include "net/wire/http2/http2_wire.hpp"
#endif

namespace ephemint::inline v0::net {

namespace {

failure only_http2_was_allowed(const endpoint& host, const std::string& what) {
  return {mint_errc::tls_failed, host.host + what + ", and the option http2 allows nothing else", false};
}

#ifdef EPHEMINT_HTTP2
std::unique_ptr<wire> http2_over(endpoint& with, tls_stream& stream) {
  if (!with.stock) with.stock = std::make_shared<http2_stock>();
  stream.read_into(with.stock->ciphertext());
  stream.tls().share_buffers();
  const std::uint32_t first =
      std::min(http2_wire::usual_first_streams, std::max<std::uint32_t>(with.known_streams, 1));
  return std::make_unique<http2_wire>(
      with.host, *with.stock, http2_wire::settings{.max_streams = with.max_streams, .first_streams = first});
}
#endif

}  // namespace

std::unique_ptr<wire> agreed_wire(endpoint& with, tls_stream& stream, failure& why) {
  const bool is_http2 = stream.tls().chosen() == tls_session::protocol::http2;
  if (with.only_http2 && !is_http2) {
    why = only_http2_was_allowed(with, " doesn't speak HTTP/2");
    return nullptr;
  }
  if (!is_http2) {
    stream.read_into(with.ciphertext);
    return std::make_unique<http1_wire>(with.host);
  }
  if (!stream.tls().fit_for_http2()) {
    why = with.only_http2 ? only_http2_was_allowed(with, " chose a cipher that HTTP/2 forbids")
                          : connection_lost(with.host, "the server chose a cipher that HTTP/2 forbids");
    why.other_protocol = !with.only_http2;
    if (why.other_protocol) with.tls.offer_http1_only();
    return nullptr;
  }
#ifdef EPHEMINT_HTTP2
  return http2_over(with, stream);
#else
  why = connection_lost(with.host, "the server chose HTTP/2, which it wasn't offered");
  return nullptr;
#endif
}

}  // namespace ephemint::inline v0::net
