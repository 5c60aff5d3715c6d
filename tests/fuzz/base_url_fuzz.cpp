// Any text as a base URL or a proxy's: if we accept it, Boost.URL reads the same host and port, and so does a
// simple reader that cuts the text by hand. A text that Boost.URL and our rule for names both accept isn't
// refused.
//
// Input: the text.

#include "codec/ascii.hpp"
#include "codec/base_url.hpp"
#include "fuzz/bytes.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace ephemint::detail;
using ephemint::fuzz::require;
namespace urls = boost::urls;
using parser = const char*(std::string_view, base_url&);

/// Converts the string view type of this release of Boost.
template <class Text>
std::string text_of(const Text& text) {
  return {text.data(), text.size()};
}

/// The authority as a simple reader cuts it out: between `//` and the next `/`.
std::string_view authority_of(std::string_view url) {
  url.remove_prefix(url.find("//") + 2);
  return url.substr(0, url.find('/'));
}

std::string host_as_it_stands(std::string_view authority) {
  if (authority.starts_with('[')) return std::string{authority.substr(1, authority.find(']') - 1)};
  std::string host = ascii::lower(authority.substr(0, authority.find(':')));
  if (host.ends_with('.')) host.pop_back();
  return host;
}

void check_taken(std::string_view text, const base_url& taken, urls::scheme scheme) {
  const auto read = urls::parse_uri(text);
  require(read.has_value());
  require(read->scheme_id() == scheme && !read->has_userinfo());
  require(!read->has_query() && !read->has_fragment());
  if (taken.is_ipv6)
    require(read->host_type() == urls::host_type::ipv6 &&
            text_of(read->host_ipv6_address().to_string()) == taken.host);
  else
    require(host_as_it_stands(authority_of(text)) == taken.host);
  require(taken.is_ipv6 || is_host_name(taken.host) || is_ipv4_address(taken.host));
  if (read->has_port() && read->port_number() != 0) require(read->port_number() == taken.port);
  require(taken.port != 0);
  require(taken.prefix.empty() || (taken.prefix.front() == '/' && taken.prefix.back() != '/'));
  // Checks what goes into the request's lines.
  for (const char c : taken.host_header() + taken.prefix) require(c > 0x20 && c < 0x7f);
}

/// The URL that we make from it means the same.
void check_again(const base_url& taken, const char* scheme, parser parse) {
  std::string text = scheme + taken.host_header();
  if (taken.port == 443 && std::string_view{scheme} == "http://") text += ":443";
  base_url again;
  require(parse(text + taken.prefix, again) == nullptr);
  require(again.host == taken.host && again.port == taken.port && again.prefix == taken.prefix);
  require(again.is_loopback == taken.is_loopback && again.is_ipv6 == taken.is_ipv6);
}

/// Whether both Boost.URL and our own rule for names accept it.
bool is_surely_right(std::string_view text) {
  const auto read = urls::parse_uri(text);
  if (!read || text.size() > 2048 || read->scheme_id() != urls::scheme::https) return false;
  if (read->has_userinfo() || read->has_query() || read->has_fragment()) return false;
  // Boost 1.81 reads a port that is too large as another one.
  if (read->has_port() && text_of(read->port()) != std::to_string(read->port_number())) return false;
  if (read->has_port() && read->port_number() == 0) return false;
  // Boost 1.81 cuts some authorities in the middle.
  if (!read->encoded_path().empty() && read->encoded_path().front() != '/') return false;
  return read->host_type() == urls::host_type::name && is_host_name(text_of(read->encoded_host()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  base_url taken;
  const char* fault = parse_base_url(text, taken);
  if (fault == nullptr) {
    check_taken(text, taken, urls::scheme::https);
    check_again(taken, "https://", &parse_base_url);
  } else {
    require(!is_surely_right(text));
  }
  if (parse_proxy_url(text, taken) == nullptr) {
    check_taken(text, taken, urls::scheme::http);
    check_again(taken, "http://", &parse_proxy_url);
  }
  return 0;
}
