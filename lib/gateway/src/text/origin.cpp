#include "text/origin.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace ephemint::inline v0::gateway {
namespace {

namespace urls = boost::urls;

/// Stores the origin in `out` and returns null, or returns what is wrong.
const char* read_origin(std::string_view text, std::string& out) {
  const auto parsed = urls::parse_uri(text);
  if (!parsed) return "is not a URL";
  urls::url url{*parsed};
  url.normalize_scheme().normalize_authority();
  const bool is_https = url.scheme_id() == urls::scheme::https;
  if (!is_https && url.scheme_id() != urls::scheme::http) return "is not an https URL";
  const auto path = url.encoded_path();
  if (url.has_userinfo() || !(path.empty() || path == "/") || url.has_query() || url.has_fragment())
    return "has more than a scheme, a host and a port";
  if (!is_https && !is_loopback(url)) return "is http, which is for loopback hosts alone";
  // Boost 1.81's port_number() reads 99999 as 34463.
  if (url.has_port() && (url.port_number() == 0 || url.port() != std::to_string(url.port_number())))
    return "has a port that is not 1 to 65535";
  if (url.port_number() == (is_https ? 443 : 80)) url.remove_port();
  constexpr std::string_view of_hosts = "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]";
  const std::string_view authority{url.encoded_authority().data(), url.encoded_authority().size()};
  constexpr std::size_t longest = 262;  // 253 of the name, and a port
  if (url.encoded_host().empty() || authority.size() > longest ||
      authority.find_first_not_of(of_hosts) != authority.npos)
    return "has no host name or address";
  out = (is_https ? "https://" : "http://") + std::string{authority};
  return nullptr;
}

}  // namespace

bool is_loopback(const urls::url_view& url) {
  if (url.host_type() == urls::host_type::ipv4) return url.host_ipv4_address().is_loopback();
  if (url.host_type() == urls::host_type::ipv6) return url.host_ipv6_address().is_loopback();
  return url.encoded_host() == "localhost" || url.encoded_host().ends_with(".localhost");
}

std::string checked_origin(std::string_view text, std::string_view option_name) {
  std::string origin;
  if (const char* fault = read_origin(text, origin))
    throw std::invalid_argument{
        fmt::format("{}: {}; give an origin like https://login.example.com", option_name, fault)};
  return origin;
}

}  // namespace ephemint::inline v0::gateway
