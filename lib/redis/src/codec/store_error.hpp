#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// What a server's error means for us.
struct store_error {
  enum class kind : std::uint8_t {
    no_script,     ///< it doesn't know the script yet
    moved,         ///< the key is another node's, from now on
    ask,           ///< the key is another node's, this once
    this_command,  ///< the server is the right one, but this couldn't be done
    this_server,   ///< it isn't the one to ask, or doesn't let us: look for it anew
  };
  kind what = kind::this_command;
  std::string message;         ///< one line: our words, what is the server's in quotes and cut
  std::string_view elsewhere;  ///< of `moved` and `ask`: `host:port`, as it was said; within the error's text
};

/// `error`: the reply's text. `command`: what was asked, EVALSHA for instance. Of an answer to AUTH nothing
/// is repeated but its first word: a server may repeat the password.
store_error read_error(std::string_view error, std::string_view command);

}  // namespace ephemint::inline v0::redis
