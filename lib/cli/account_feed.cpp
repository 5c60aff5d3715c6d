#include "account_feed.hpp"

#include "text.hpp"
#include "usage_error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw usage_error{
      fmt::format("--accounts: can't read {}: {}; give a file with one account a line, or - for stdin",
                  in_quotes(path), why)};
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

account_file open_accounts(const std::string& path) {
  const bool standard_input = path == "-";
  const int descriptor = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor == -1) refuse(path, reason(errno));
  account_file file{standard_input ? "stdin" : in_quotes(path), owned_descriptor{descriptor}};
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) refuse(path, reason(errno));
  if (S_ISDIR(facts.st_mode)) refuse(path, "is a directory");
  if (::read(descriptor, nullptr, 0) == -1)
    refuse(path, reason(errno));  // such as a stdin that is open only for writing
  return file;
}

account_feed::account_feed(asio::any_io_executor executor, std::vector<std::string> first,
                           std::optional<account_file> then)
    : first_{std::move(first)}, file_{std::move(then)}, ended_{!file_} {
  if (!file_) return;
  block_.resize(block_size);
  const int descriptor = file_->descriptor.get();
  if (!can_be_awaited(descriptor)) return;
  mode_.emplace(descriptor);
  awaited_.emplace(executor, descriptor);
}

account_feed::~account_feed() {
  if (awaited_) awaited_->release();  // `file_` closes it, if it should be closed
}

account_source account_feed::source() {
  if (awaited_) return account_source{[this] { return next_awaited(); }};
  return account_source{[this] { return next(); }};
}

void account_feed::stop() {
  ended_ = true;
  next_of_first_ = first_.size();
  lines_ = {};
  if (awaited_) awaited_->cancel();
}

std::optional<account_id> account_feed::next_at_hand() {
  auto account = next_of_all();
  if (account) ++given_;
  return account;
}

std::optional<account_id> account_feed::next_of_all() {
  if (next_of_first_ < first_.size()) return account_id{first_[next_of_first_++]};
  return lines_.next();
}

std::optional<account_id> account_feed::next() {
  while (true) {
    if (auto account = next_at_hand()) return account;
    if (ended_) return std::nullopt;
    const ssize_t size = ::read(file_->descriptor.get(), block_.data(), block_.size());
    if (size >= 0)
      take_block(static_cast<std::size_t>(size));
    else if (errno != EINTR)
      fail(errno);
  }
}

asio::awaitable<std::optional<account_id>> account_feed::next_awaited() {
  while (true) {
    if (auto account = next_at_hand()) co_return account;
    if (ended_) co_return std::nullopt;
    boost::system::error_code error;
    const auto room = asio::buffer(block_);
    const std::size_t size =
        co_await awaited_->async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
    if (ended_) co_return std::nullopt;  // it was stopped meanwhile
    if (error && error != asio::error::eof) fail(error.value());
    // The end would be `eof`. No bytes without an error: Asio couldn't make the descriptor non-blocking.
    if (!error && size == 0) fail(ENOTTY);
    take_block(size);
  }
}

void account_feed::take_block(std::size_t size) {
  if (size > 0) return lines_.feed(std::string_view{block_.data(), size});
  ended_ = true;
  lines_.end();
}

void account_feed::fail(int error) const {
  throw std::system_error{error, std::generic_category(),
                          fmt::format("--accounts: can't read on in {}", file_->name)};
}

std::optional<std::uint64_t> account_feed::left(std::size_t longest_rest) const {
  std::uint64_t count = first_.size() - next_of_first_;
  account_lines lines = lines_;
  while (lines.next()) ++count;
  if (ended_) return count;
  struct stat facts {};
  const int descriptor = file_->descriptor.get();
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  off_t at = ::lseek(descriptor, 0, SEEK_CUR);
  if (facts.st_size > at && static_cast<std::size_t>(facts.st_size - at) > longest_rest) return std::nullopt;
  std::string block(block_size, '\0');
  for (ssize_t size = 1; size > 0;) {
    size = ::pread(descriptor, block.data(), block.size(), at);
    if (size < 0) return std::nullopt;
    at += size;
    size > 0 ? lines.feed(std::string_view{block.data(), static_cast<std::size_t>(size)}) : lines.end();
    while (lines.next()) ++count;
  }
  return count;
}

}  // namespace ephemint::cli
