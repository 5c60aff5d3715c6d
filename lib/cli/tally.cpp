#include "tally.hpp"

#include "option_words.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

namespace ephemint::cli {

namespace {

/// The API's own text, if there is any, is nearer to the cause than ours.
std::string cause_of(const mint_error& error) {
  constexpr std::size_t longest = 200;
  const auto& said = error.api_errors();
  std::string text = said.empty() || said.front().message.empty() ? in_words_of_the_command(error.message())
                                                                  : std::string{said.front().message};
  if (text.size() > longest) text.replace(longest, text.npos, "...");
  return printable(text);
}

}  // namespace

void tally::count_failed(const mint_error& error) {
  const auto kind = static_cast<std::size_t>(error.value());
  if (failed_[kind]++ == 0) first_causes_[kind] = cause_of(error);
}

std::uint64_t tally::failed() const noexcept {
  return std::accumulate(failed_.begin(), failed_.end(), std::uint64_t{0});
}

std::string tally::summary() const {
  const std::uint64_t lost = failed();
  if (lost == 0) return with_thousands(minted_) + " minted";
  std::vector<std::pair<std::uint64_t, mint_errc>> by_count;
  for (std::size_t i = 0; i < codes; ++i)
    if (failed_[i] > 0) by_count.emplace_back(failed_[i], static_cast<mint_errc>(i));
  std::sort(by_count.begin(), by_count.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string text = fmt::format("{} of {} failed", with_thousands(lost), with_thousands(minted_ + lost));
  for (const auto& [count, code] : by_count)
    fmt::format_to(std::back_inserter(text), "{}{} {}: {}", &code == &by_count.front().second ? ": " : "; ",
                   to_string(code), with_thousands(count), first_causes_[static_cast<std::size_t>(code)]);
  return text;
}

}  // namespace ephemint::cli
