#include "own_authority.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ephemint::inline v0::sandbox {
namespace {

constexpr std::array<std::string_view, 3> own_names{"localhost", "127.0.0.1", "[::1]"};

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string own_authority(std::string_view host, std::uint16_t port) {
  for (const std::string_view name : own_names) {
    if (host == name) return fmt::format("{}:{}", name, port);
    if (host.size() > name.size() && host.starts_with(name) && host[name.size()] == ':' &&
        is_port(host.substr(name.size() + 1)))
      return std::string{host};
  }
  return fmt::format("{}:{}", own_names.front(), port);
}

}  // namespace ephemint::inline v0::sandbox
