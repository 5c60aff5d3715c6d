#include "versions.hpp"

#include "child_process.hpp"

#include <boost/version.hpp>
#include <openssl/crypto.h>
#include <simdjson.h>

#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

#include <sys/utsname.h>

namespace ephemint::bench {
namespace {

std::string kernel() {
  utsname system{};
  if (::uname(&system) != 0) return "unknown";
  return std::string{system.sysname} + ' ' + system.release + ' ' + system.machine;
}

std::string processor() {
  std::ifstream information{"/proc/cpuinfo"};
  for (std::string line; std::getline(information, line);)
    if (line.starts_with("model name"))
      if (const auto at = line.find(": "); at != line.npos) return line.substr(at + 2);
  return "unknown";
}

std::string load() {
  double averages[1] = {};
  if (::getloadavg(averages, 1) != 1) return "unknown";
  const std::string text = std::to_string(averages[0]);
  return text.substr(0, text.find('.') + 3);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

named_values versions() {
  return {{"compiler", __VERSION__},
          {"boost", BOOST_LIB_VERSION},
          {"openssl", OpenSSL_version(OPENSSL_VERSION)},
          {"simdjson", SIMDJSON_STRINGIFY(SIMDJSON_VERSION)},
          {"kernel", kernel()},
          {"processor", processor()},
          {"cores", std::to_string(std::thread::hardware_concurrency())},
          {"load_before", load()}};
}

json_object json_of(const named_values& values) {
  json_object all;
  for (const auto& [name, value] : values) all.add(name, value);
  return all;
}

named_values program_versions() {
  named_values found;
  for (const auto& [name, argument] :
       {std::pair{"nginx", "-v"}, {"wrk", "-v"}, {"h2load", "--version"}, {"go", "version"}}) {
    if (!find_program(name)) continue;
    const auto said = run({.arguments = {name, argument},
                           .out = command::output::piped,
                           .err = command::error_output::with_output});
    found.emplace_back(name, first_line(said.output));
  }
  return found;
}

}  // namespace ephemint::bench
