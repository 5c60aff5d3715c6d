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

bool is_number(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

constexpr char lower_case(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower_case, lower_case);
}

}  // namespace

own_host::own_host(std::string_view address) {
  constexpr std::string_view scheme = "http://";
  if (!address.starts_with(scheme)) return;
  const host_parts own = parts_of(address.substr(scheme.size()));
  name_ = own.name;
  port_ = own.port;
}

bool own_host::is(std::string_view host) const noexcept {
  const host_parts called = parts_of(host);
  const bool local = same_name(called.name, "localhost");
  if (name_.empty()) return local && is_number(called.port);
  return (local || same_name(called.name, name_)) && called.port == port_;
}

}  // namespace ephemint::inline v0::gateway
