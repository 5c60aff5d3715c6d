#include "account_lines.hpp"

namespace ephemint::cli {

std::optional<account_id> account_lines::next() {
  while (true) {
    const std::size_t line_end = block_.find('\n');
    if (line_end == block_.npos) {
      keep(block_);
      block_ = {};
      if (!ended_ || begun_.empty()) return std::nullopt;
      const auto last = account_of(begun_);
      begun_.clear();
      return last;
    }
    const std::string_view line = block_.substr(0, line_end);
    block_.remove_prefix(line_end + 1);
    std::optional<account_id> account;
    if (begun_.empty()) {
      account = account_of(line);
    } else {
      keep(line);
      account = account_of(begun_);
      begun_.clear();
    }
    if (account) return account;
  }
}

void account_lines::keep(std::string_view piece) { begun_ += piece.substr(0, kept - begun_.size()); }

std::optional<account_id> account_lines::account_of(std::string_view line) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (at_start_ && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  at_start_ = false;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == line.npos) return std::nullopt;
  return account_id{line};
}

}  // namespace ephemint::cli
