#include "net/dial/endpoint.hpp"

#include "net/dial/shared_endpoint.hpp"

#include <utility>

namespace ephemint::inline v0::net {

bool speaks_http2() noexcept {
#ifdef EPHEMINT_HTTP2
  return true;
#else
  return false;
#endif
}

std::string authority_of(std::string_view host, std::uint16_t port) {
  const bool bare_v6 = host.find(':') != host.npos;
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string text;
  if (bare_v6) text += '[';
  text += host;
  if (bare_v6) text += ']';
  return text.append(":").append(std::to_string(port));
}

std::shared_ptr<endpoint> make_endpoint(const boost::asio::any_io_executor& executor,
                                        std::shared_ptr<serial_gate> gate,
                                        const endpoint_settings& settings) {
  return std::make_shared<endpoint>(executor, std::move(gate), settings);
}

}  // namespace ephemint::inline v0::net
