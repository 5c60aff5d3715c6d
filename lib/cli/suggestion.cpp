#include "suggestion.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ephemint::cli {
namespace {

/// The number of edits that turn one word into the other: optimal string alignment, row by row.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before_last, last(to.size() + 1), row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t wrong = from[i - 1] == to[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + wrong});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last.back();
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t longest = 40;  // longer words aren't misspelt names
  if (word.size() > longest) return {};
  std::string best;
  std::size_t fewest = word.size() < 5 ? 1 : 2;
  for (const std::string& name : names) {
    const std::size_t count = edits(word, name);
    if (count > fewest || (count == fewest && !best.empty())) continue;
    fewest = count;
    best = name;
  }
  return best;
}

}  // namespace ephemint::cli
