#include "codec/base_url.hpp"

#include "codec/ascii.hpp"

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::detail {
namespace {

namespace urls = boost::urls;

constexpr bool is_label_character(char c) noexcept {
  return ascii::is_letter(c) || ascii::is_digit(c) || c == '-' || c == '_';
}

bool is_label(std::string_view text) noexcept {
  constexpr std::size_t longest = 63;  // RFC 1035
  return !text.empty() && text.size() <= longest && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), is_label_character);
}

/// Browsers and resolvers read `127.1` and `0x7f000001` as IPv4 addresses, so no name may end with such a
/// label.
bool is_address_part(std::string_view label) noexcept {
  if (std::all_of(label.begin(), label.end(), ascii::is_digit)) return true;
  return ascii::equal_ignoring_case(label.substr(0, 2), "0x") &&
         std::all_of(label.begin() + 2, label.end(), ascii::is_hex);
}

constexpr std::size_t longest_url = 2048;
constexpr const char* too_long = "is too long; give at most 2048 characters";
constexpr const char* no_host_name = "names a host that is neither a host name nor an address";

const char* take_host(const urls::url_view& url, const char* no_host, base_url& out) {
  if (!url.has_authority() || url.encoded_host().empty()) return no_host;
  if (url.host_type() == urls::host_type::ipv6) {
    const auto address = url.host_ipv6_address();
    out.host = address.to_string();
    out.is_ipv6 = true;
    out.is_loopback = address.is_loopback();
    return nullptr;
  }
  const auto encoded = url.encoded_host();
  out.host = ascii::lower({encoded.data(), encoded.size()});
  out.is_absolute = out.host.ends_with('.');
  if (out.is_absolute) out.host.pop_back();
  if (url.host_type() == urls::host_type::ipv4) {
    out.is_loopback = url.host_ipv4_address().is_loopback();
    return nullptr;
  }
  out.is_loopback = out.host == "localhost" || out.host.ends_with(".localhost");
  return is_host_name(out.host) ? nullptr : no_host_name;
}

const char* take_port(const urls::url_view& url, base_url& out) {
  if (!url.has_port()) return nullptr;
  const auto digits = url.port();  // Boost 1.81's port_number() reads 99999 as 34463
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);  // a number that doesn't fit leaves 0
  if (port == 0) return "has a port that is not 1 to 65535";
  out.port = port;
  return nullptr;
}

}  // namespace

std::string base_url::host_header() const {
  std::string text = is_ipv6 ? '[' + host + ']' : host;
  if (port != 443) text += ':' + std::to_string(port);
  return text;
}

const char* parse_base_url(std::string_view text, base_url& out) {
  constexpr const char* no_url = "is not an https URL; give one like https://api.shipengine.com";
  constexpr const char* no_host = "has no host; give one like https://api.shipengine.com";
  out = {};
  if (text.size() > longest_url) return too_long;
  const auto parsed = urls::parse_uri(text);
  if (!parsed || parsed->scheme_id() != urls::scheme::https) return no_url;
  const urls::url_view& url = *parsed;
  if (url.has_userinfo()) return "has user info; the key goes into api_key";
  if (url.has_query() || url.has_fragment())
    return "has a query or fragment; give scheme, host, port and path only";
  if (const char* fault = take_host(url, no_host, out)) return fault;
  if (const char* fault = take_port(url, out)) return fault;
  const auto path = url.encoded_path();
  // Boost 1.81 ends the host of `1.2.3.4.example` behind the `4`, and takes the rest for a path.
  if (!path.empty() && path.front() != '/') return no_host_name;
  out.prefix.assign(path.data(), path.size());
  out.prefix.erase(out.prefix.find_last_not_of('/') + 1);
  return nullptr;
}

const char* parse_proxy_url(std::string_view text, base_url& out) {
  constexpr const char* no_url = "is not an http URL; give one like http://proxy.example.com:3128";
  constexpr const char* no_host = "has no host; give one like http://proxy.example.com:3128";
  out = {};
  if (text.size() > longest_url) return too_long;
  const auto parsed = urls::parse_uri(text);
  if (parsed && parsed->scheme_id() == urls::scheme::https)
    return "is an https URL; what is said to a proxy itself goes without TLS: give http://host:port";
  if (!parsed || parsed->scheme_id() != urls::scheme::http) return no_url;
  const urls::url_view& url = *parsed;
  if (url.has_userinfo()) return "has user info; credentials go into proxy_credentials";
  if (const char* fault = take_host(url, no_host, out)) return fault;
  const auto path = url.encoded_path();
  if (!path.empty() && path.front() != '/') return no_host_name;  // as above
  if (path.size() > 1 || url.has_query() || url.has_fragment())
    return "has a path, query or fragment; give scheme, host and port only";
  if (!url.has_port()) return "has no port; give one like http://proxy.example.com:3128";
  return take_port(url, out);
}

bool is_host_name(std::string_view text) noexcept {
  constexpr std::size_t longest = 253;
  if (text.size() > longest) return false;
  while (true) {
    const auto label = text.substr(0, text.find('.'));
    if (!is_label(label)) return false;
    if (label.size() == text.size()) return !is_address_part(label);
    text.remove_prefix(label.size() + 1);
  }
}

bool is_ipv4_address(std::string_view text) noexcept { return !urls::parse_ipv4_address(text).has_error(); }

}  // namespace ephemint::inline v0::detail
