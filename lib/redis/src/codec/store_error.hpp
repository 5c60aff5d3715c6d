#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// What a server's error means for us.
struct store_error {
  enum class kind : std::uint8_t {
    no_script,     ///< it doesn't know the script yet
    moved,         ///< the key belongs to another node from now on
    ask,           ///< another node has the key this once
    this_command,  ///< the server is the right one, but this command failed
    this_server,   ///< it is the wrong server, or refuses us: look for the right one again
  };
  kind what = kind::this_command;
  std::string message;         ///< one line in our own words; the server's text is cut, and in quotes
  std::string_view elsewhere;  ///< of `moved` and `ask`: `host:port`; a view into the error's text
};

/// `error`: the reply's text. `command`: the command's name, such as EVALSHA. The message repeats only the
/// first word of an answer to AUTH, as a server may repeat the password.
store_error read_error(std::string_view error, std::string_view command);

}  // namespace ephemint::inline v0::redis
