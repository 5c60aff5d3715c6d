#include "commands.hpp"
#include "descriptor.hpp"
#include "held_signals.hpp"
#include "talk.hpp"
#include "text.hpp"

#include <ephemint/sandbox/server.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

/// A file for the authority's certificate: the given one, or one in the directory for temporary files, which
/// is removed on destruction.
class authority_file {
 public:
  explicit authority_file(const std::optional<std::string>& asked_for) {
    if (asked_for) {
      path_ = *asked_for;
      return;
    }
    constexpr std::string_view suffix = ".pem";
    const char* const directory = std::getenv("TMPDIR");
    path_ =
        fmt::format("{}/ephemint-ca-XXXXXX{}", directory && *directory != '\0' ? directory : "/tmp", suffix);
    const owned_descriptor file{::mkostemps(path_.data(), static_cast<int>(suffix.size()), O_CLOEXEC)};
    if (file.get() == -1)
      throw usage_error{fmt::format("can't make {} ({}); name a file for the certificate by --ca-out",
                                    in_quotes(path_), std::generic_category().message(errno))};
    temporary_ = true;
  }
  authority_file(const authority_file&) = delete;
  authority_file& operator=(const authority_file&) = delete;
  ~authority_file() {
    if (temporary_) ::unlink(path_.c_str());
  }

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  bool temporary_ = false;
};

sandbox::server serve(const sandbox_arguments& given) {
  try {
    return sandbox::server{given.server};
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{wrong.what()};
  } catch (const std::system_error& error) {
    throw usage_error{fmt::format("--port: {}; give a free port, or none to have one found", error.what())};
  }
}

void write_certificate(const sandbox::server& api, const std::string& path) {
  try {
    api.write_ca_file(path);
  } catch (const std::system_error& error) {
    throw usage_error{fmt::format("--ca-out: {} can't be written ({}); give a file that can", in_quotes(path),
                                  error.code().message())};
  }
}

std::string ready_line(const sandbox::server& api, const std::string& ca_file) {
  std::string line;
  append_json_string(line += "{\"base_url\":", api.base_url());
  append_json_string(line += ",\"ca_file\":", ca_file);
  append_json_string(line += ",\"api_key\":", api.api_key());
  return line + "}\n";
}

std::map<std::string, std::string> variables_of(const sandbox::server& api, const std::string& ca_file) {
  return {{"EPHEMINT_BASE_URL", api.base_url()},
          {"EPHEMINT_CA_FILE", ca_file},
          {"EPHEMINT_API_KEY", api.api_key()}};
}

/// Quoted for a shell.
std::string for_a_shell(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
  if (text.find_first_not_of(plain) == text.npos) return text;
  std::string quoted = "'";
  for (const char c : text) c == '\'' ? quoted += "'\\''" : quoted += c;
  return quoted + '\'';
}

/// For people who read the ready line: what to type in another terminal.
std::string line_to_copy(const sandbox::server& api, const std::string& ca_file) {
  if (!terminal_on(STDOUT_FILENO).is_one) return {};
  std::string line;
  for (const auto& [name, value] : variables_of(api, ca_file))
    line += fmt::format("{}={} ", name, for_a_shell(value));
  return line + "ephemint mint se-1\n";
}

bool print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(STDOUT_FILENO, text.data(), text.size());
    if (size > 0)
      text.remove_prefix(static_cast<std::size_t>(size));
    else if (errno != EINTR)
      return false;
  }
  return true;
}

}  // namespace

exit_status run_sandbox(const sandbox_arguments& given) {
  // Before there is another thread; and before the ready line, after which a signal may come.
  const held_signals signals =
      given.command.empty() ? held_signals{SIGINT, SIGTERM}
                            : held_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};
  sandbox::server api = serve(given);
  const authority_file certificate{given.ca_file};
  write_certificate(api, certificate.path());
  if (!given.command.empty()) {
    auto variables = variables_of(api, certificate.path());
    variables["EPHEMINT_PROXY"].clear();  // no proxy for loopback
    return signals.run(given.command, variables);
  }
  if (!print(ready_line(api, certificate.path()) + line_to_copy(api, certificate.path())))
    throw usage_error{"can't write to stdout; whoever starts the sandbox reads its address there"};
  signals.await_one();
  api.stop();
  return exit_status::all_minted;
}

}  // namespace ephemint::cli
