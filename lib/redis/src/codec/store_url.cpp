#include "codec/store_url.hpp"

#include "codec/ascii.hpp"
#include "codec/base_url.hpp"

#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace ephemint::inline v0::redis {
namespace {

namespace urls = boost::urls;
namespace ascii = detail::ascii;

constexpr std::uint16_t usual_sentinel_port = 26379;
constexpr std::size_t most_sentinels = 16;

std::string_view plain(boost::core::string_view text) { return {text.data(), text.size()}; }

/// Decodes percent-encodings, which were checked, in memory that is overwritten.
secret decoded(std::string_view encoded) {
  std::string text;
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      text += encoded[i];
      continue;
    }
    text += static_cast<char>(ascii::hex_value(encoded[i + 1]) * 16 + ascii::hex_value(encoded[i + 2]));
    i += 2;
  }
  secret made{text};
  wipe(text.data(), text.size());
  return made;
}

constexpr std::string_view no_host = "has a host that is neither a host name nor an address";

std::string take_host(const urls::url_view& url, store_address& out) {
  if (!url.has_authority() || url.encoded_host().empty())
    return "has no host; give one like redis://localhost:6379";
  if (url.host_type() == urls::host_type::ipv6)
    out.host = url.host_ipv6_address().to_string();
  else
    out.host = ascii::lower(plain(url.encoded_host()));
  const std::string_view path = plain(url.encoded_path());
  // Boost 1.81 ends the host of `1.2.3.4.example` after the `4`, and takes the rest for a path.
  if ((!path.empty() && path.front() != '/') || !address_of(out.host, "1")) return std::string{no_host};
  if (!url.has_port()) return {};
  const std::string_view digits = plain(url.port());  // Boost 1.81's port_number() reads 99999 as 34463
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);  // a number that doesn't fit leaves 0
  if (port == 0) return "has a port that is not 1 to 65535";
  out.port = port;
  return {};
}

std::string take_database(std::string_view text, std::uint32_t& out) {
  if (text.empty()) return {};
  constexpr std::uint32_t most = 65535;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc{} && end == text.data() + text.size() && out <= most) return {};
  return "has a database that is not a number, 0 to 65535";
}

void take_credentials(const urls::url_view& url, store_url& out) {
  out.user = std::string{decoded(plain(url.encoded_user())).reveal()};
  out.password = decoded(plain(url.encoded_password()));
}

std::string parse_one(std::string_view text, store_url& out) {
  const auto parsed = urls::parse_uri(text);
  if (!parsed) return "is not a URL; give one like redis://localhost:6379";
  const urls::url_view& url = *parsed;
  if (url.has_query() || url.has_fragment())
    return "has a query or fragment; give host, port and database only";
  store_address& host = out.hosts.emplace_back();
  if (std::string fault = take_host(url, host); !fault.empty()) return fault;
  take_credentials(url, out);
  return take_database(plain(url.encoded_path()).substr(std::min<std::size_t>(1, url.encoded_path().size())),
                       out.database);
}

bool is_master_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return ascii::is_letter(c) || ascii::is_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

/// A URL's authority can't hold several hosts with ports, so each is parsed as a URL of its own.
std::string parse_sentinels(std::string_view rest, store_url& out) {
  const auto slash = rest.find('/');
  std::string_view hosts = rest.substr(0, slash);
  std::string_view master = slash == rest.npos ? std::string_view{} : rest.substr(slash + 1);
  std::string_view database;
  if (const auto next = master.find('/'); next != master.npos) {
    database = master.substr(next + 1);
    master = master.substr(0, next);
  }
  if (!is_master_name(master))
    return "names no master; give a URL like redis-sentinel://localhost:26379/mymaster";
  out.master = master;
  if (std::string fault = take_database(database, out.database); !fault.empty()) return fault;
  for (bool more = true; more;) {
    const auto comma = hosts.find(',');
    more = comma != hosts.npos;
    // User and password come before the first host.
    secret url{"redis://", hosts.substr(0, comma)};
    store_url one;
    if (std::string fault = parse_one(url.reveal(), one); !fault.empty()) return fault;
    store_address host = std::move(one.hosts.front());
    // A Sentinel's default port differs from a server's.
    if (!url.reveal().ends_with(':' + std::to_string(host.port))) host.port = usual_sentinel_port;
    const bool has_credentials = !one.user.empty() || !one.password.empty();
    if (has_credentials && !out.hosts.empty()) return "has user info behind its first host";
    if (has_credentials) {
      out.user = std::move(one.user);
      out.password = std::move(one.password);
    }
    out.hosts.push_back(std::move(host));
    if (out.hosts.size() > most_sentinels) return "has more than 16 Sentinels";
    hosts.remove_prefix(more ? comma + 1 : 0);
  }
  return {};
}

std::string not_of_ours(std::string_view scheme) {
  std::string text = "must be redis://, rediss:// or redis-sentinel://";
  const bool is_scheme = !scheme.empty() && scheme.size() <= 32 && std::ranges::all_of(scheme, [](char c) {
    return ascii::is_letter(c) || ascii::is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  if (is_scheme) text += ", got \"" + std::string{scheme} + "://…\"";
  return text;
}

}  // namespace

std::string store_url::shown() const {
  std::string text = by_sentinel() ? "redis-sentinel://" : tls ? "rediss://" : "redis://";
  for (const store_address& host : hosts) {
    if (&host != &hosts.front()) text += ',';
    text += host.text();
  }
  if (by_sentinel()) text.append("/").append(master);
  if (database != 0) text.append("/").append(std::to_string(database));
  return text;
}

std::string parse_store_url(std::string_view text, store_url& out) {
  constexpr std::size_t longest = 2048;
  out = {};
  if (text.empty()) return "is missing; give one like redis://localhost:6379";
  if (text.size() > longest) return "is too long; give at most 2048 characters";
  const auto colon = text.find("://");
  const std::string scheme = colon == text.npos ? std::string{} : ascii::lower(text.substr(0, colon));
  if (scheme == "redis-sentinel") return parse_sentinels(text.substr(colon + 3), out);
  out.tls = scheme == "rediss";
  if (!out.tls && scheme != "redis") return not_of_ours(scheme);
  return parse_one(text, out);
}

}  // namespace ephemint::inline v0::redis
