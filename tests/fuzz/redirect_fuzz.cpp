// Any text as an API's `redirect_url`: if we accept it, Boost.URL reads a URL with the same host, port and
// token, and so does a simple reader that cuts the text by hand.
//
// Input: a token that ends with a line feed, then the URL, in which each `$` stands for the token.

#include "codec/ascii.hpp"
#include "codec/redirect_check.hpp"
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

/// Converts the string view type of this release of Boost.
template <class Text>
std::string text_of(const Text& text) {
  return {text.data(), text.size()};
}

/// The host as a careless reader sees it: between `//` and its end.
std::string host_as_it_stands(std::string_view url) {
  url.remove_prefix(url.find("//") + 2);
  return ascii::lower(url.substr(0, url.find_first_of("/?#:\\@")));
}

bool has_parameter(const urls::url_view& url, std::string_view value) {
  const auto parameters = url.encoded_params();
  return std::any_of(parameters.begin(), parameters.end(), [&](const auto& each) {
    std::string decoded;
    const std::string encoded = text_of(each.value);
    for (std::size_t at = 0; at < encoded.size(); ++at) {
      const bool escaped = encoded[at] == '%';
      decoded += escaped ? static_cast<char>(std::stoi(encoded.substr(at + 1, 2), nullptr, 16)) : encoded[at];
      at += escaped ? 2 : 0;
    }
    return decoded == value;
  });
}

void check_taken(std::string_view url, std::string_view token, const redirect_policy& policy) {
  const auto read = urls::parse_uri(url);
  require(read.has_value());
  require(read->scheme_id() == urls::scheme::https);
  require(!read->has_userinfo() && !read->has_fragment());
  const std::string host = ascii::lower(text_of(read->encoded_host()));
  require(host == host_as_it_stands(url));
  const bool named = std::find(policy.hosts.begin(), policy.hosts.end(), host) != policy.hosts.end();
  require(named || host == policy.any_port_host);
  require(host == policy.any_port_host || !read->has_port() || text_of(read->port()) == "443");
  require(has_parameter(*read, token));
  for (const char c : url) require(c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>');
}

std::string filled(std::string_view url, std::string_view token) {
  std::string all;
  for (const char c : url) {
    if (c == '$')
      all += token;
    else
      all += c;
    if (all.size() > 2 * max_redirect_url_size) break;
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const redirect_policy production{{"dashboard.shipengine.com", "other.example"}, ""};
  static const redirect_policy loopback{{"dashboard.shipengine.com"}, "127.0.0.1"};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::size_t line = text.find('\n');
  if (line == text.npos) return 0;
  const std::string_view token = text.substr(0, line);
  if (!is_token(token)) return 0;
  const std::string url = filled(text.substr(line + 1), token);
  for (const redirect_policy* policy : {&production, &loopback})
    if (redirect_fault(url, token, *policy) == nullptr) check_taken(url, token, *policy);
  return 0;
}
