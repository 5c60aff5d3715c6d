#include "codec/store_address.hpp"

#include "codec/ascii.hpp"
#include "codec/base_url.hpp"

#include <boost/url/ipv6_address.hpp>

#include <algorithm>
#include <charconv>

namespace ephemint::inline v0::redis {
namespace {

bool is_host(std::string_view text) {
  const auto name = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  return detail::is_host_name(name) || detail::is_ipv4_address(text) ||
         !boost::urls::parse_ipv6_address(text).has_error();
}

}  // namespace

std::string store_address::text() const {
  const bool six = host.find(':') != host.npos;
  return (six ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::optional<store_address> address_of(std::string_view host, std::string_view port) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0) return std::nullopt;
  if (!is_host(host)) return std::nullopt;
  return store_address{detail::ascii::lower(host), number};
}

std::optional<store_address> redirected_to(std::string_view host_and_port, std::string_view said_by) {
  const auto colon = host_and_port.rfind(':');
  if (colon == host_and_port.npos) return std::nullopt;
  std::string_view host = host_and_port.substr(0, colon);
  if (host.empty() || host == "?") host = said_by;
  return address_of(host, host_and_port.substr(colon + 1));
}

}  // namespace ephemint::inline v0::redis
