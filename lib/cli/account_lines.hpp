#pragma once

#include <ephemint/account_id.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// Cuts a stream of blocks into accounts, one a line, in constant memory whatever comes.
///
/// Lines end in LF or CRLF; blank ones and a byte order mark at the very start are skipped. All others give
/// an account: a bad one, too long or with control characters, gives an invalid `account_id`, so that it gets
/// its result like every other.
class account_lines {
 public:
  /// The next block; only when `next()` has given nothing. It must stay where it is until that is so again.
  void feed(std::string_view block) noexcept { block_ = block; }
  /// No block follows: what stands behind the last line's end is a line too.
  void end() noexcept { ended_ = true; }

  /// The next account, or nothing if another block is needed (after `end()`: if there is none).
  std::optional<account_id> next();

 private:
  // A byte order mark, one character more than can be right, and a CR: what is longer stays wrong without its
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
