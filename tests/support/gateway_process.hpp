#pragma once

#include "support/command.hpp"

#include <simdjson.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::test {

/// A JSON object's members; numbers and other values as they are written. Empty: it isn't an object.
inline std::map<std::string, std::string> members_of(const std::string& text) {
  std::map<std::string, std::string> members;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text).get(object) != simdjson::SUCCESS) return members;
  for (const auto& [name, value] : object) {
    std::string_view words;
    members[std::string{name}] =
        value.get(words) == simdjson::SUCCESS ? std::string{words} : simdjson::minify(value);
  }
  return members;
}

/// A running `ephemint gateway`.
class gateway_process {
 public:
  /// Waits for its ready line; if there is none, the addresses are empty.
  gateway_process(std::vector<std::string> words, std::map<std::string, std::string> environment)
      : program{std::move(words), std::move(environment)} {
    ready = program.read_line().value_or("");
    const auto members = members_of(ready);
    const auto address = [&](const char* name) {
      const auto found = members.find(name);
      return found == members.end() ? std::string{} : found->second;
    };
    backend = address("listen");
    login = address("login");
    admin = address("admin");
  }

  /// Reads its log up to the first line that contains that; empty: there is none.
  std::string log_until(std::string_view part) {
    while (auto line = program.read_error_line()) {
      log.push_back(*line);
      if (line->find(part) != line->npos) return *line;
    }
    return {};
  }

  /// Tells it to end, and waits for that.
  outcome end(int signal) {
    program.signal(signal);
    outcome all = program.wait();
    for (std::string& line : lines_of(all.err)) log.push_back(std::move(line));
    return all;
  }

  command program;
  std::string ready, backend, login, admin;
  std::vector<std::string> log;  ///< as far as it was read
};

}  // namespace ephemint::test
