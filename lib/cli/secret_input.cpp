#include "secret_input.hpp"

#include "descriptor.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

/// A temporary buffer for a secret, wiped on destruction.
struct wiped_buffer {
  explicit wiped_buffer(std::size_t size) : bytes(size) {}
  wiped_buffer(const wiped_buffer&) = delete;
  wiped_buffer& operator=(const wiped_buffer&) = delete;
  ~wiped_buffer() { wipe(bytes.data(), bytes.size()); }

  std::vector<char> bytes;
};

[[noreturn]] void refuse(const std::string& path, const secret_kind& kind, std::string_view why) {
  throw usage_error{fmt::format("{}: {} {}; give a file that holds {} and nothing else", kind.option,
                                in_quotes(path), why, kind.content)};
}

void warn_of_readers(const std::string& path, const secret_kind& kind, int file, const talker& warn) {
  struct stat facts {};
  if (::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & S_IROTH) != 0)
    warn(fmt::format("warning: {}: everybody on this machine can read {}; chmod go= helps", kind.option,
                     in_quotes(path)));
}

std::size_t read_whole(const std::string& path, const secret_kind& kind, const talker& warn,
                       wiped_buffer& buffer) {
  const auto refuse_unread = [&] {
    refuse(path, kind, fmt::format("can't be read ({})", std::generic_category().message(errno)));
  };
  const owned_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() == -1) refuse_unread();
  warn_of_readers(path, kind, file.get(), warn);
  std::size_t size = 0;
  while (size < buffer.bytes.size()) {
    const ssize_t more = ::read(file.get(), buffer.bytes.data() + size, buffer.bytes.size() - size);
    if (more == 0) return size;
    if (more > 0)
      size += static_cast<std::size_t>(more);
    else if (errno != EINTR)
      refuse_unread();
  }
  refuse(path, kind, fmt::format("is too big for {}", kind.one));
}

}  // namespace

secret read_secret_file(const std::string& path, const secret_kind& kind, const talker& warn) {
  wiped_buffer buffer{kind.most};
  std::string_view text{buffer.bytes.data(), read_whole(path, kind, warn, buffer)};
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) refuse(path, kind, "is empty");
  return secret{text};
}

std::optional<secret> take_from_environment(const char* name) {
  char* const value = std::getenv(name);
  if (!value || *value == '\0') return std::nullopt;
  secret taken{value};
  wipe(value, taken.reveal().size());
  ::unsetenv(name);
  return taken;
}

}  // namespace ephemint::cli
