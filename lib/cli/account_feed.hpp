#pragma once

#include "account_lines.hpp"
#include "descriptor.hpp"

#include <ephemint/mint_stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::cli {

/// A file of accounts, or stdin.
struct account_file {
  std::string name;  ///< for messages
  owned_descriptor descriptor;
};

/// `-` is stdin. Throws `usage_error`, naming the file.
account_file open_accounts(const std::string& path);

/// The accounts of the command line, then those of a file. Each is read only when it can be minted.
///
/// A pipe, socket or terminal is awaited asynchronously, so that a slow one doesn't hold up anything; a
/// regular file is read directly.
class account_feed {
 public:
  account_feed(asio::any_io_executor, std::vector<std::string> first, std::optional<account_file> then);
  account_feed(const account_feed&) = delete;
  account_feed& operator=(const account_feed&) = delete;
  ~account_feed();

  /// For `client::mint_many`. Throws `std::system_error` if reading the file fails. This object must outlive
  /// the stream.
  account_source source();
  /// Ends the accounts.
  void stop();
  /// How many accounts were given out.
  std::uint64_t given() const noexcept { return given_; }
  /// How many accounts are left, if that can be found out without taking any. For a regular file it counts
  /// the rest by reading it once more, unless the rest is longer than `longest_rest`.
  std::optional<std::uint64_t> left(std::size_t longest_rest = std::string::npos) const;

 private:
  static constexpr std::size_t block_size = 64 * 1024;

  std::optional<account_id> next_at_hand();
  std::optional<account_id> next_of_all();
  std::optional<account_id> next();
  asio::awaitable<std::optional<account_id>> next_awaited();
  void take_block(std::size_t size);
  [[noreturn]] void fail(int error) const;

  std::vector<std::string> first_;
  std::size_t next_of_first_ = 0;
  std::optional<account_file> file_;
  std::optional<non_blocking_mode> mode_;
  std::optional<asio::posix::stream_descriptor> awaited_;
  account_lines lines_;
  std::string block_;
  std::uint64_t given_ = 0;
  bool ended_ = false;
};

}  // namespace ephemint::cli
