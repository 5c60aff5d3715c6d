#include "codec/store_error.hpp"

#include "codec/untrusted_text.hpp"

#include <algorithm>
#include <array>

namespace ephemint::inline v0::redis {
namespace {

using meaning = store_error::kind;

struct known_error {
  std::string_view word;
  meaning what;
  std::string_view message;
};

constexpr std::array known_errors{
    known_error{"LOADING", meaning::this_server, "it is still loading its data (LOADING)"},
    known_error{"READONLY", meaning::this_server, "it is a read-only replica (READONLY)"},
    known_error{"MASTERDOWN", meaning::this_server, "it is a replica without its master (MASTERDOWN)"},
    known_error{"CLUSTERDOWN", meaning::this_server, "the cluster is down (CLUSTERDOWN)"},
    known_error{"NOAUTH", meaning::this_server, "it wants a password (NOAUTH)"},
    known_error{"TRYAGAIN", meaning::this_command, "the cluster is moving the key (TRYAGAIN)"},
    known_error{"OOM", meaning::this_command, "OOM: maxmemory reached"},
    known_error{"BUSY", meaning::this_command, "it is busy with a script (BUSY)"},
    known_error{"MISCONF", meaning::this_command,
                "it can't write to its disk, and so refuses changes (MISCONF)"},
    known_error{"NOREPLICAS", meaning::this_command,
                "it has too few replicas to accept changes (NOREPLICAS)"},
};

/// The text of Redis 7 for what is NOPERM in other versions.
constexpr std::string_view denied_in_script = "ERR The user executing the script can't ";

/// The error code with which an error begins, if there is one.
std::string_view code_of(std::string_view error) noexcept {
  const std::string_view word = error.substr(0, error.find(' '));
  constexpr std::size_t longest = 24;
  const bool is_code = !word.empty() && word.size() <= longest &&
                       std::ranges::all_of(word, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
  return is_code ? word : std::string_view{"ERR"};
}

/// The text after `MOVED 3999 `.
std::string_view elsewhere(std::string_view error) noexcept {
  for (int words = 0; words < 2; ++words) {
    const auto space = error.find(' ');
    if (space == error.npos) return {};
    error.remove_prefix(space + 1);
  }
  return error.substr(0, error.find(' '));
}

}  // namespace

store_error read_error(std::string_view error, std::string_view command) {
  const std::string_view code = code_of(error);
  if (code == "NOSCRIPT") return {meaning::no_script, "it doesn't keep the script (NOSCRIPT)", {}};
  if (code == "MOVED") return {meaning::moved, "it isn't the key's node (MOVED)", elsewhere(error)};
  if (code == "ASK") return {meaning::ask, "it isn't the key's node (ASK)", elsewhere(error)};
  for (const known_error& known : known_errors)
    if (code == known.word) return {known.what, std::string{known.message}, {}};
  if (error.starts_with(denied_in_script))
    return {meaning::this_command, "NOPERM on a command of the script", {}};
  const std::string name{code};
  if (command == "AUTH") return {meaning::this_server, "AUTH was refused (" + name + ')', {}};
  std::string message = name + " on " + std::string{command};
  if (code != "NOPERM") message += ": " + detail::in_quotes(error.substr(0, 512));
  return {meaning::this_command, std::move(message), {}};
}

}  // namespace ephemint::inline v0::redis
