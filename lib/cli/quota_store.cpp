#include "quota_store.hpp"

#include "secret_input.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#ifdef EPHEMINT_HAS_REDIS
#include <ephemint/redis/shared_quota.hpp>
#endif

#include <cmath>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ephemint::cli {
namespace {

/// Whether there is a `user:password@` before the hosts.
bool has_password(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return false;
  url.remove_prefix(scheme + 3);
  // The last @ before the path; a password may hold more of them, and slashes too.
  const std::size_t at = url.rfind('@');
  return at != url.npos && url.substr(0, at).find(':') != url.npos;
}

}  // namespace

void check_quota_store(const quota_store_arguments& given, const std::optional<quota>& rate) {
  if (!given.url) {
    const char* const lonely = given.password_file  ? "--quota-store-password-file"
                               : given.share        ? "--quota-share"
                               : given.stop_if_lost ? "--quota-lost"
                                                    : nullptr;
    if (lonely)
      throw usage_error{
          fmt::format("{}: there is no quota store; name it with --quota-store redis://HOST", lonely)};
    return;
  }
  if (has_password(*given.url))
    throw usage_error{
        "--quota-store: everybody on this machine can read the command line; put the password into the "
        "environment as EPHEMINT_QUOTA_STORE_PASSWORD, or into a file for --quota-store-password-file"};
  if (rate && rate->how() != quota::mode::declared)
    throw usage_error{
        "--rate: a quota that is shared by a store must be declared; give requests/duration, such as "
        "200/60s"};
}

#ifdef EPHEMINT_HAS_REDIS

namespace {

/// `a minute`, `in 6 s`
std::string words_of_window(std::chrono::milliseconds window) {
  if (window == std::chrono::minutes{1}) return "a minute";
  if (window == std::chrono::seconds{1}) return "a second";
  if (window.count() % 1000 == 0) return fmt::format("in {} s", window.count() / 1000);
  return fmt::format("in {} ms", window.count());
}

std::optional<secret> password_of(const quota_store_arguments& given) {
  if (given.password_file)
    return read_secret_file(*given.password_file,
                            {"--quota-store-password-file", "the store's password", "a password"});
  return take_from_environment("EPHEMINT_QUOTA_STORE_PASSWORD");
}

/// Replaces the library's names of options by the command's.
std::string in_options_of_the_store(std::string_view message) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"url: ", "--quota-store: "},           {"password: ", "--quota-store-password-file: "},
      {"share_if_lost: ", "--quota-share: "}, {"rate: ", "--rate: "},
      {"authority_file: ", "--ca-file: "},    {"base_url: ", "--base-url: "}};
  for (const auto& [theirs, ours] : names)
    if (message.starts_with(theirs)) return std::string{ours}.append(message.substr(theirs.size()));
  return std::string{message};
}

}  // namespace

quota_store::quota_store(const boost::asio::any_io_executor& executor, const quota_store_arguments& given,
                         const credential& key, const std::string& base_url,
                         const std::string& authority_file, const quota& rate) {
  shared_quota_options options;
  options.url = given.url.value();
  if (auto password = password_of(given)) options.password = *std::move(password);
  options.rate = rate;
  options.share_if_lost = given.share;
  if (given.stop_if_lost.value_or(false)) options.lost = shared_quota_options::when_lost::stop;
  // The API's authorities may also have signed a store's certificate; a store without TLS needs none.
  if (given.url->starts_with("rediss://")) options.authority_file = authority_file;
  try {
    governor_ = make_shared_rate_governor(executor, key, base_url, std::move(options));
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{in_options_of_the_store(wrong.what())};
  }
  governor_->on_change([this, rate](const shared_quota_stats& now) {
    if (say) say(words_of_store(now, rate));
  });
}

quota_store::~quota_store() {
  if (governor_) governor_->on_change({});
}

std::shared_ptr<rate_governor> quota_store::governor() const { return governor_; }

std::function<std::string()> quota_store::series() const {
  return [governor = governor_] { return prometheus_text(governor->stats()); };
}

void quota_store::leave(boost::asio::io_context& context) {
  governor_->on_change({});
  governor_->leave_store();
  context.restart();
  context.run_for(std::chrono::milliseconds{500});
}

std::string words_of_store(const shared_quota_stats& now, const quota& whole) {
  const std::string store = printable(now.store);
  if (now.connected) return fmt::format("quota store {} is back", store);
  const std::string why = printable(now.last_error);
  if (now.share <= 0)
    return fmt::format("quota store {} unreachable ({}): nothing is sent until it is back", store, why);
  return fmt::format("quota store {} unreachable ({}): going on with {} of {} {}", store, why,
                     std::llround(now.share), whole.requests(), words_of_window(whole.window()));
}

#else

quota_store::quota_store(const boost::asio::any_io_executor&, const quota_store_arguments&, const credential&,
                         const std::string&, const std::string&, const quota&) {
  throw usage_error{
      "--quota-store: this ephemint was built without it; build it where hiredis is installed "
      "(EPHEMINT_BUILD_REDIS)"};
}
quota_store::~quota_store() = default;
std::shared_ptr<rate_governor> quota_store::governor() const { return nullptr; }
std::function<std::string()> quota_store::series() const {
  return [] { return std::string{}; };
}
void quota_store::leave(boost::asio::io_context&) {}

#endif

}  // namespace ephemint::cli
