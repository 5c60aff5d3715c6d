#include "passing_on.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace ephemint::cli {
namespace {

namespace fs = std::filesystem;

std::optional<ino_t> pipe_number(int descriptor) noexcept {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0 || !S_ISFIFO(facts.st_mode)) return std::nullopt;
  return facts.st_ino;
}

bool is_digits(std::string_view text) noexcept { return text.find_first_not_of("0123456789") == text.npos; }

bool passes_on(const fs::path& process) {
  constexpr std::array<std::string_view, 2> known{"tee", "cat"};
  std::string name;
  std::getline(std::ifstream{process / "comm"}, name);
  return std::find(known.begin(), known.end(), name) != known.end();
}

/// The process that reads that pipe as its stdin, if it only passes on what it reads.
std::optional<fs::path> reader_that_passes_on(ino_t pipe) {
  const fs::path name = "pipe:[" + std::to_string(pipe) + ']';
  std::error_code error;
  // Processes come and go, and most aren't ours: those that can't be examined are skipped.
  for (fs::directory_iterator at{"/proc", error}, end; !error && at != end; at.increment(error)) {
    if (!is_digits(at->path().filename().native())) continue;
    std::error_code unreadable;
    if (fs::read_symlink(at->path() / "fd/0", unreadable) == name && passes_on(at->path())) return at->path();
  }
  return std::nullopt;
}

/// Adds the pipes that it has open for writing, apart from its stderr.
void add_pipes_of(const fs::path& process, std::vector<owned_descriptor>& pipes) {
  std::error_code error;
  for (fs::directory_iterator at{process / "fd", error}, end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    const bool for_reading =
        (at->symlink_status(gone).permissions() & fs::perms::owner_read) != fs::perms::none;
    if (gone || for_reading || at->path().filename() == "2") continue;
    owned_descriptor pipe{::open(at->path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
    if (pipe.get() != -1 && pipe_number(pipe.get())) pipes.push_back(std::move(pipe));
  }
}

}  // namespace

std::vector<owned_descriptor> pipes_behind_reader_of(int pipe) {
  constexpr std::size_t most = 16;
  std::vector<owned_descriptor> pipes;
  const auto follow = [&](int descriptor) {
    const auto number = pipe_number(descriptor);
    if (const auto reader = number ? reader_that_passes_on(*number) : std::nullopt)
      add_pipes_of(*reader, pipes);
  };
  follow(pipe);
  for (std::size_t next = 0; next < pipes.size() && pipes.size() < most; ++next) follow(pipes[next].get());
  return pipes;
}

}  // namespace ephemint::cli
