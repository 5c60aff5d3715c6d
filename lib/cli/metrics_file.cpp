#include "metrics_file.hpp"

#include "descriptor.hpp"
#include "talk.hpp"
#include "text.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

std::string last_error() { return std::generic_category().message(errno); }

/// The file to which `path` leads, so that a link stays.
std::string behind_links(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> found{::realpath(path.c_str(), nullptr), &::free};
  return found ? std::string{found.get()} : path;
}

/// Whether a file may take its place: not that of a device or a pipe.
bool may_be_replaced(const std::string& path) noexcept {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode);
}

std::string write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      return last_error();
  }
  return {};
}

/// Makes a new file; fails if another process puts one there meanwhile.
std::string write_new(const std::string& path, std::string_view text) {
  ::unlink(path.c_str());  // left by a killed process with our process id
  const owned_descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                     S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)};
  if (file.get() == -1) return last_error();
  return write_all(file.get(), text);
}

}  // namespace

std::string replace_file(const std::string& path, std::string_view text) {
  const std::string place = behind_links(path);
  if (!may_be_replaced(place)) return "it is no regular file";
  const std::string beside = fmt::format("{}.{}.tmp", place, ::getpid());
  std::string why = write_new(beside, text);
  if (why.empty() && ::rename(beside.c_str(), place.c_str()) != 0) why = last_error();
  if (!why.empty()) ::unlink(beside.c_str());
  return why;
}

metrics_file::metrics_file(const boost::asio::any_io_executor& executor, std::string path)
    : path_{std::move(path)}, next_{executor} {}

void metrics_file::start() {
  write();
  await_next();
}

void metrics_file::await_next() {
  next_.expires_after(std::chrono::seconds{5});
  next_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) start();
  });
}

void metrics_file::finish() {
  next_.cancel();
  write();
}

void metrics_file::write() {
  const std::string why = replace_file(path_, counted_->prometheus_text());
  if (why.empty() || std::exchange(complained_, true)) return;
  before_talk();
  complain(
      fmt::format("--metrics-file: {} can't be written ({}); going on without it", in_quotes(path_), why));
}

}  // namespace ephemint::cli
