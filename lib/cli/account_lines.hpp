#pragma once

#include <ephemint/account_id.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// Splits a stream of blocks into accounts, one per line, in constant memory.
///
/// Lines end in LF or CRLF; blank ones and a byte order mark at the very start are skipped. Every other line
/// gives an account. A bad line, too long or with control characters, gives an invalid `account_id`, so that
/// it gets a result like every other.
class account_lines {
 public:
  /// The next block. Call it only when `next()` has returned nothing; the block must stay valid until
  /// `next()` returns nothing again.
  void feed(std::string_view block) noexcept { block_ = block; }
  /// There are no more blocks: text after the last line end is a line too.
  void end() noexcept { ended_ = true; }

  /// The next account, or nothing if another block is needed (after `end()`: if there is none).
  std::optional<account_id> next();

 private:
  // A byte order mark, one character more than is valid, and a CR. A longer line is invalid even without its
  // rest.
  static constexpr std::size_t kept = 3 + account_id::max_size + 1 + 1;

  void keep(std::string_view piece);
  std::optional<account_id> account_of(std::string_view line);

  std::string_view block_;
  std::string begun_;  // a line whose end is in a later block
  bool ended_ = false;
  bool at_start_ = true;
};

}  // namespace ephemint::cli
