#include "codec/redirect_check.hpp"

#include "codec/ascii.hpp"

#include <algorithm>
#include <optional>

namespace ephemint::inline v0::detail {
namespace {

// Every character of every reply is checked. The checks are comparisons in a loop without an early exit, so
// that the compiler can check sixteen characters at once. (`||` would be an early exit.)

constexpr bool any(auto... facts) noexcept { return (static_cast<int>(facts) | ...) != 0; }
constexpr bool is_between(char c, char first, char last) noexcept {
  return static_cast<unsigned char>(c - first) <= static_cast<unsigned char>(last - first);
}
constexpr bool is_letter(char c) noexcept { return is_between(static_cast<char>(c | 0x20), 'a', 'z'); }
/// The characters of Base64, JWT and RFC 6750's bearer tokens. (`+` to `9` are `+,-./` and the digits: with
/// several comparisons instead of this one g++ 12 checks one character at a time.)
constexpr bool is_token_character(char c) noexcept {
  return any(is_letter(c), is_between(c, '+', '9') & (c != ','), c == '_', c == '~', c == '=');
}
/// RFC 3986's `pchar`, `/` and `?`: what may follow the authority, apart from `#`. (`$` to `;` are
/// `$%&'()*+,-./`, the digits, `:` and `;`.)
constexpr bool is_path_character(char c) noexcept {
  return any(is_letter(c), is_between(c, '$', ';'), is_between(c, '?', '@'), c == '!', c == '=', c == '_',
             c == '~');
}

template <class Is>
constexpr bool all_of(std::string_view text, Is is) noexcept {
  unsigned char all = 1;
  for (char c : text) all &= static_cast<unsigned char>(is(c));
  return all != 0;
}

static_assert(all_of("._~+/=-", is_token_character));
static_assert(all_of("-._~!$&'()*+,;=:@/?%", is_path_character));
static_assert(
    [] {
      for (int c = 0; c < 256; ++c)
        if (is_token_character(static_cast<char>(c)) && !is_path_character(static_cast<char>(c)))
          return false;
      return true;
    }(),
    "a token that was checked is well-formed in a URL");

bool is_well_encoded(std::string_view text) noexcept {
  for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 3))
    if (at + 2 >= text.size() || !ascii::is_hex(text[at + 1]) || !ascii::is_hex(text[at + 2])) return false;
  return true;
}

/// Whether `encoded`, whose percent-encoding is valid, decodes to `plain`.
bool decodes_to(std::string_view encoded, std::string_view plain) noexcept {
  if (encoded == plain) return true;
  for (char c : plain) {
    if (encoded.empty()) return false;
    const bool escaped = encoded.front() == '%';
    const int here = escaped ? ascii::hex_value(encoded[1]) * 16 + ascii::hex_value(encoded[2])
                             : static_cast<unsigned char>(encoded.front());
    if (here != static_cast<unsigned char>(c)) return false;
    encoded.remove_prefix(escaped ? 3 : 1);
  }
  return encoded.empty();
}

bool has_parameter_value(std::string_view query, std::string_view value) noexcept {
  while (true) {
    const auto parameter = query.substr(0, query.find('&'));
    const auto equals = parameter.find('=');
    if (equals != parameter.npos && decodes_to(parameter.substr(equals + 1), value)) return true;
    if (parameter.size() == query.size()) return false;
    query.remove_prefix(parameter.size() + 1);
  }
}

struct authority {
  std::string_view host;                 ///< without brackets
  std::optional<std::string_view> port;  ///< the text after the colon, if there is a colon
};

std::optional<authority> split(std::string_view text) noexcept {
  authority parts;
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == text.npos) return std::nullopt;
    parts.host = text.substr(1, bracket - 1);
    if (parts.host.find(':') == text.npos) return std::nullopt;  // brackets are for IPv6 addresses
    text.remove_prefix(bracket + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
  } else {
    parts.host = text.substr(0, text.find(':'));
    text.remove_prefix(parts.host.size());
  }
  if (!text.empty()) parts.port = text.substr(1);
  return parts;
}

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), ascii::is_digit);
}

const char* authority_fault(std::string_view text, const redirect_policy& policy) noexcept {
  if (text.find('@') != text.npos) return "its redirect_url has user info";
  const auto parts = split(text);
  if (!parts || parts->host.empty()) return "its redirect_url has no host";
  const auto is_host = [&](const std::string& allowed) {
    return ascii::equal_ignoring_case(allowed, parts->host);
  };
  if (!policy.any_port_host.empty() && is_host(policy.any_port_host))
    return !parts->port || is_port(*parts->port) ? nullptr : "its redirect_url's port isn't a number";
  if (std::none_of(policy.hosts.begin(), policy.hosts.end(), is_host))
    return "its redirect_url names a host that redirect_hosts doesn't allow";
  if (parts->port && *parts->port != "443") return "its redirect_url names a port other than 443";
  return nullptr;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  constexpr std::size_t longest = 4096;
  return !text.empty() && text.size() <= longest &&
         all_of(text, [](char c) { return is_token_character(c); });
}

const char* redirect_fault(std::string_view url, std::string_view token,
                           const redirect_policy& policy) noexcept {
  constexpr std::string_view scheme = "https://";
  if (url.size() > max_redirect_url_size) return "its redirect_url is too long";
  if (!ascii::equal_ignoring_case(url.substr(0, scheme.size()), scheme))
    return "its redirect_url isn't an https URL";
  url.remove_prefix(scheme.size());
  // A browser reads `\` as `/` and drops tabs and line breaks: none of them may hide another host.
  const auto* const host_end = std::find_if(
      url.begin(), url.end(), [](char c) { return c == '/' || c == '?' || c == '#' || c == '\\'; });
  const auto authority_text = url.substr(0, static_cast<std::size_t>(host_end - url.begin()));
  if (const char* fault = authority_fault(authority_text, policy)) return fault;
  url.remove_prefix(authority_text.size());
  if (url.find('#') != url.npos) return "its redirect_url has a fragment";
  // Most URLs end with the token, whose characters were checked already.
  const auto unseen = url.ends_with(token) ? url.substr(0, url.size() - token.size()) : url;
  if (!all_of(unseen, [](char c) { return is_path_character(c); }) || !is_well_encoded(url))
    return "its redirect_url has characters that no URL has";
  const auto query = url.find('?');
  if (query == url.npos || !has_parameter_value(url.substr(query + 1), token))
    return "its redirect_url doesn't hold its token";
  return nullptr;
}

}  // namespace ephemint::inline v0::detail
