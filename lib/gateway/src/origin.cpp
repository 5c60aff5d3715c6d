#include "origin.hpp"

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

namespace urls = boost::urls;

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

struct origin_host {
  std::string text;  ///< empty: there is none that could be looked up
  bool is_loopback = false;
};

origin_host host_of(const urls::url_view& url) {
  if (url.host_type() == urls::host_type::ipv6) {
    const auto address = url.host_ipv6_address();
    return {'[' + address.to_string() + ']', address.is_loopback()};
  }
  const auto encoded = url.encoded_host();
  std::string name = lower({encoded.data(), encoded.size()});
  if (url.host_type() == urls::host_type::ipv4)
    return {std::move(name), url.host_ipv4_address().is_loopback()};
  constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  constexpr std::size_t longest = 253;
  if (name.size() > longest || name.find_first_not_of(of_names) != name.npos) return {};
  const bool is_loopback = name == "localhost";
  return {std::move(name), is_loopback};
}

/// Null if `out` has the origin, otherwise what is wrong with it.
const char* read_origin(std::string_view text, std::string& out) {
  const auto parsed = urls::parse_uri(text);
  const bool is_https = parsed && parsed->scheme_id() == urls::scheme::https;
  if (!is_https && !(parsed && parsed->scheme_id() == urls::scheme::http)) return "is not an https URL";
  const urls::url_view& url = *parsed;
  const auto path = url.encoded_path();
  if (url.has_userinfo() || !(path.empty() || path == "/") || url.has_query() || url.has_fragment())
    return "has more than a scheme, a host and a port";
  const origin_host host = host_of(url);
  if (host.text.empty()) return "has no host name or address";
  if (!is_https && !host.is_loopback) return "is http, which is for loopback hosts alone";
  out = (is_https ? "https://" : "http://") + host.text;
  if (!url.has_port()) return nullptr;
  const unsigned port = url.port_number();  // 0 as well: what doesn't fit
  if (port == 0) return "has a port that is not 1 to 65535";
  if (port != (is_https ? 443 : 80)) out += ':' + std::to_string(port);
  return nullptr;
}

}  // namespace

std::string checked_origin(std::string_view text, std::string_view option_name) {
  std::string origin;
  if (const char* fault = read_origin(text, origin))
    throw std::invalid_argument{
        fmt::format("{}: {}; give an origin like https://login.example.com", option_name, fault)};
  return origin;
}

}  // namespace ephemint::inline v0::gateway
