#include "support/quota_script_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ephemint::test {

void quota_script_line::take_out(const std::string& member) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&member](const entry& e) { return e.member == member; });
  if (found == entries_.end()) return;
  wanted_ -= found->want;
  entries_.erase(found);
}

void quota_script_line::drop_absent(std::int64_t now) {
  if (entries_.empty() || now < due_) return;
  std::erase_if(entries_, [now](const entry& e) { return e.expected < now; });
  wanted_ = 0;
  std::int64_t due = now + 120'000;
  for (const entry& e : entries_) {
    wanted_ += e.want;
    due = std::min(due, e.expected + 1);
  }
  due_ = std::max(due, now + 150);
}

std::int64_t quota_script_line::place(std::int64_t since) const noexcept {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), since,
                                   [](const entry& e, std::int64_t when) { return e.since < when; });
  return at - entries_.begin();
}

void quota_script_line::put(entry e) {
  due_ = entries_.empty() ? e.expected + 1 : std::min(due_, e.expected + 1);
  wanted_ += e.want;
  const std::int64_t at = place(e.since);
  entries_.insert(entries_.begin() + at, std::move(e));
}

std::string quota_script_line::text() const {
  std::string line;
  for (const entry& e : entries_)
    line += fmt::format("|{:<20}{:>8}{:>14}{:>14}", e.member, e.want, e.since, e.expected);
  return line;
}

}  // namespace ephemint::test
