#include "own_host.hpp"

#include <algorithm>

namespace ephemint::inline v0::gateway {
namespace {

struct host_parts {
  std::string_view name, port;
};

/// Without a port: HTTP's own.
host_parts parts_of(std::string_view host) noexcept {
  const std::size_t colon = host.find(':', host.starts_with('[') ? host.find(']') : 0);
  if (colon == host.npos) return {host, "80"};
  return {host.substr(0, colon), host.substr(colon + 1)};
}

bool is_localhost(std::string_view name) noexcept {
  const auto lower_case = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(name, std::string_view{"localhost"}, {}, lower_case);
}

}  // namespace

bool is_own_host(std::string_view host, std::string_view address) noexcept {
  constexpr std::string_view scheme = "http://";
  const auto [name, port] = parts_of(host);
  if (!address.starts_with(scheme))
    return is_localhost(name) && !port.empty() && port.find_first_not_of("0123456789") == port.npos;
  const auto [own_name, own_port] = parts_of(address.substr(scheme.size()));
  return (is_localhost(name) || name == own_name) && port == own_port;
}

}  // namespace ephemint::inline v0::gateway
