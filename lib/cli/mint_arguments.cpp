#include "mint_arguments.hpp"

#include "descriptor.hpp"
#include "talk.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <ephemint/account_id.hpp>
#include <ephemint/rate_governor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

std::optional<std::string> from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value && *value != '\0' ? std::optional<std::string>{value} : std::nullopt;
}

/// Memory for a secret on its way, wiped when it goes.
struct wiped_buffer {
  std::array<char, 4096> bytes;
  ~wiped_buffer() { wipe(bytes.data(), bytes.size()); }
};

[[noreturn]] void refuse_key_file(const std::string& path, std::string_view why) {
  throw usage_error{fmt::format("--api-key-file: {} {}; give a file that holds the API key and nothing else",
                                in_quotes(path), why)};
}

void warn_of_readers(const std::string& path, int file) {
  struct stat facts {};
  if (::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & S_IROTH) != 0)
    complain(fmt::format("warning: --api-key-file: everybody on this machine can read {}; chmod go= helps",
                         in_quotes(path)));
}

std::size_t read_whole(const std::string& path, wiped_buffer& buffer) {
  const auto refuse = [&] {
    refuse_key_file(path, fmt::format("can't be read ({})", std::generic_category().message(errno)));
  };
  const owned_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() == -1) refuse();
  warn_of_readers(path, file.get());
  std::size_t size = 0;
  while (size < buffer.bytes.size()) {
    const ssize_t more = ::read(file.get(), buffer.bytes.data() + size, buffer.bytes.size() - size);
    if (more == 0) return size;
    if (more > 0)
      size += static_cast<std::size_t>(more);
    else if (errno != EINTR)
      refuse();
  }
  refuse_key_file(path, "is too big for a key");
}

secret read_key_file(const std::string& path) {
  wiped_buffer buffer;
  std::string_view text{buffer.bytes.data(), read_whole(path, buffer)};
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) refuse_key_file(path, "is empty");
  return secret{text};
}

/// Takes the key out of the environment, where it could be read for as long as the process lives.
secret take_key_from_environment() {
  char* const value = std::getenv("EPHEMINT_API_KEY");
  if (!value || *value == '\0')
    throw usage_error{
        "there is no API key; put it into the environment as EPHEMINT_API_KEY, or into a file for "
        "--api-key-file"};
  secret key{value};
  wipe(value, key.reveal().size());
  ::unsetenv("EPHEMINT_API_KEY");
  return key;
}

std::string why_invalid(std::string_view account) {
  if (account.empty()) return "is empty";
  if (account.size() > account_id::max_size) return fmt::format("has {} characters", account.size());
  return "has a character that is not visible ASCII";
}

/// The library's list replaces the portal's own host; the command's adds to it.
std::vector<std::string> redirect_hosts_of(const mint_arguments& given) {
  std::vector<std::string> hosts = given.redirect_hosts;
  if (!hosts.empty()) hosts.emplace_back("dashboard.shipengine.com");
  return hosts;
}

template <class T, class U>
void take(T& option, const std::optional<U>& given) {
  if (given) option = *given;
}

}  // namespace

void check_accounts(const mint_arguments& given) {
  if (given.accounts.empty() && !given.accounts_file)
    throw usage_error{
        "no accounts; give them as arguments, or a file with one a line by --accounts FILE, or --accounts - "
        "for stdin"};
  for (const std::string& account : given.accounts)
    if (!account_id{account}.valid())
      throw usage_error{
          fmt::format("account {} {}; give 1 to {} characters of visible ASCII, such as se-123456",
                      in_quotes(account), why_invalid(account), account_id::max_size)};
}

void check_results(const mint_arguments& given) {
  if (!given.token_only) return;
  const char* const url_option = given.redirect_to                    ? "--redirect-to"
                                 : !given.theme_id.empty()            ? "--theme-id"
                                 : given.format == result_format::url ? "--format url"
                                                                      : nullptr;
  if (url_option)
    throw usage_error{
        fmt::format("--token-only asks for no URL, and {} is about one; leave one of them", url_option)};
}

bool is_one_account(const mint_arguments& given) noexcept {
  return given.accounts.size() == 1 && !given.accounts_file;
}

quota rate_of(const mint_arguments& given, const secret& key) {
  const quota documented = documented_quota(key.reveal());
  if (!given.rate) return documented;
  // To learn a quota, start at the documented one.
  if (given.rate->how() == quota::mode::automatic)
    return quota::automatic(documented.requests(), documented.window());
  return *given.rate;
}

secret read_api_key(const std::optional<std::string>& file) {
  return file ? read_key_file(*file) : take_key_from_environment();
}

client_options to_client_options(const mint_arguments& given) {
  return to_client_options(given, read_api_key(given.api_key_file));
}

client_options to_client_options(const mint_arguments& given, secret key) {
  client_options options;
  take(options.base_url, given.base_url ? given.base_url : from_environment("EPHEMINT_BASE_URL"));
  take(options.authority_file, given.ca_file ? given.ca_file : from_environment("EPHEMINT_CA_FILE"));
  options.redirect_hosts = redirect_hosts_of(given);
  take(options.max_connections, given.connections);
  take(options.http2, given.http2);
  take(options.max_attempts, given.max_attempts);
  take(options.attempt_timeout, given.attempt_timeout);
  take(options.min_remaining, given.min_remaining);
  // A governor of our own, to be asked how long the wait will be.
  options.governor = make_rate_governor(rate_of(given, key));
  options.api_key = std::move(key);
  options.max_queued = std::max(options.max_queued, given.in_flight.value_or(0));
  options.single_threaded = true;
  return options;
}

many_options to_many_options(const mint_arguments& given, const client_options& client) {
  // Enough for each connection to find its next mint waiting when it is done with one.
  constexpr std::size_t least_in_flight = 32;
  many_options options;
  options.in_flight = given.in_flight.value_or(std::max(2 * client.max_connections, least_in_flight));
  // Nobody else shares this governor: there is nobody to yield to, and the quota may be taken in bursts.
  options.urgency = priority::interactive;
  options.deadline = given.deadline;
  options.token_only = given.token_only;
  options.outage_patience = given.outage_patience;
  return options;
}

}  // namespace ephemint::cli
