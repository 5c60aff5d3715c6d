#include "face/shared_quota_check.hpp"

#include "codec/ascii.hpp"
#include "codec/base_url.hpp"
#include "codec/untrusted_text.hpp"
#include "core/key/key_state.hpp"
#include "shell/credential_access.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0::redis {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

[[noreturn]] void refuse(std::string_view option, std::string_view what) {
  throw std::invalid_argument{fmt::format("{}: {}", option, what)};
}

std::string text_of(milliseconds time) {
  const bool whole = time.count() != 0 && time % 1s == 0ms;
  return whole ? fmt::format("{} s", time / 1s) : fmt::format("{} ms", time.count());
}

/// 32 hex digits: enough to make a collision practically impossible.
std::string digest_of(std::initializer_list<std::string_view> texts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc{};
  const char* between = nullptr;
  for (const std::string_view text : texts) {
    if (between != nullptr) EVP_DigestUpdate(context.get(), between, 1);
    EVP_DigestUpdate(context.get(), text.data(), text.size());
    between = "";
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) throw std::bad_alloc{};
  std::string hex;
  for (std::size_t i = 0; i < 16; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

void check_declared(const char* option, const char* otherwise, const quota& rate) {
  if (rate.how() != quota::mode::declared) refuse(option, otherwise);
  if (rate.requests() < 1 || rate.requests() > 1'000'000)
    refuse(option, fmt::format("requests must be 1 to 1,000,000 a window, got {}", rate.requests()));
  if (rate.window() < 100ms || rate.window() > 24h)
    refuse(option, fmt::format("the window must be 100 ms to 24 h, got {} ms", rate.window().count()));
}

void check_rates(const shared_quota_options& o) {
  check_declared("rate", "a shared quota must be declared", o.rate);
  if (!o.share_if_lost) return;
  check_declared("share_if_lost", "must be declared", *o.share_if_lost);
  const auto a_day = [](const quota& q) {
    return static_cast<double>(q.requests()) * (24h / milliseconds{1}) /
           static_cast<double>(q.window().count());
  };
  if (a_day(*o.share_if_lost) > a_day(o.rate))
    refuse("share_if_lost", "is more than rate, of which it is a share");
}

void check_choices(const shared_quota_options& o) {
  if (o.scope != quota_scope::per_api_key && o.scope != quota_scope::per_account)
    refuse("scope", fmt::format("{} is not a scope; give per_api_key or per_account", int(o.scope)));
  using when_lost = shared_quota_options::when_lost;
  if (o.lost != when_lost::use_share && o.lost != when_lost::stop)
    refuse("lost", fmt::format("{} is no choice; give use_share or stop", int(o.lost)));
  if (o.lease < 1s || o.lease > 60s)
    refuse("lease", fmt::format("must be 1 s to 60 s, got {}", text_of(o.lease)));
}

void check_name(const std::string& name) {
  constexpr std::size_t longest = 64;
  const bool good =
      name.size() <= longest && std::ranges::all_of(name, [](char c) {
        return detail::ascii::is_letter(c) || detail::ascii::is_digit(c) || c == '_' || c == '.' || c == '-';
      });
  if (!good)
    refuse("name", fmt::format("must be 1 to 64 of A-Z a-z 0-9 _ . -, got {}", detail::in_quotes(name)));
}

store_settings store_of(shared_quota_options& o) {
  store_settings store;
  if (const std::string fault = parse_store_url(o.url, store.where); !fault.empty()) refuse("url", fault);
  // A password of its own overrides that in the URL, which may be older.
  if (!o.password.empty()) store.where.password = std::move(o.password);
  if (!store.where.tls && !(o.authority_file.empty() && o.authority_pem.empty()))
    refuse(o.authority_file.empty() ? "authority_pem" : "authority_file",
           "is given, but url asks for no TLS; give a rediss:// URL");
  store.trust = {o.system_authorities, std::move(o.authority_file), std::move(o.authority_pem)};
  return store;
}

std::string name_of(const credential& key, std::string_view base_url, const shared_quota_options& o) {
  detail::base_url api;
  if (const char* fault = detail::parse_base_url(base_url, api)) refuse("base_url", fault);
  if (!o.name.empty()) return o.name;
  const auto held = detail::credential_access::state(key)->current();
  if (held.text->empty())
    refuse("key", "is empty, and name isn't given, by which the others could be found; give one of them");
  return quota_name_of(api.host, held.text->reveal());
}

}  // namespace

std::string quota_name_of(std::string_view host, std::string_view api_key) {
  return digest_of({"ephemint quota", host, api_key});
}

std::string key_of_all(std::string_view quota_name) { return fmt::format("ephemint:{{{}}}:q", quota_name); }

std::string key_of_account(std::string_view quota_name, std::string_view account) {
  return fmt::format("ephemint:{{{}}}:a:{}", quota_name, digest_of({account}));
}

std::string tag_of_key(std::string_view quota_name, std::string_view api_key) {
  return digest_of({"ephemint key", quota_name, api_key}).substr(0, 16);
}

driver_settings check(const credential& key, std::string_view base_url, shared_quota_options o,
                      std::uint64_t seed) {
  driver_settings checked{.governor = {}, .store = store_of(o)};
  check_rates(o);
  check_choices(o);
  check_name(o.name);
  const std::string name = name_of(key, base_url, o);
  leasing_governor::settings& governor = checked.governor;
  governor.rate = o.rate;
  governor.scope = o.scope;
  governor.share_if_lost = o.share_if_lost;
  governor.stop_if_lost = o.lost == shared_quota_options::when_lost::stop;
  governor.lease = o.lease;
  governor.key = key_of_all(name);
  governor.key_of_account = [name](std::string_view account) { return key_of_account(name, account); };
  governor.seed = seed;
  governor.credential = detail::credential_access::state(key);
  governor.tag_of_key = [name](std::string_view api_key) { return tag_of_key(name, api_key); };
  return checked;
}

}  // namespace ephemint::inline v0::redis
