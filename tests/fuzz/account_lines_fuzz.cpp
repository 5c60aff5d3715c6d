// Any bytes as a list of accounts: the accounts are the same however the input is cut into blocks, one for
// each line that isn't blank, and each is in its line.
//
// Input: a byte that gives the blocks' size, then the list.

#include "account_lines.hpp"
#include "fuzz/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint;
using fuzz::require;

std::vector<account_id> read(std::string_view bytes, std::size_t block) {
  cli::account_lines lines;
  std::vector<account_id> all;
  const auto take = [&] {
    while (const auto account = lines.next()) all.push_back(*account);
  };
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    lines.feed(bytes.substr(at, block));
    take();
  }
  lines.end();
  take();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = read(bytes, bytes.size() + 1);
  require(whole == read(bytes, 1) && whole == read(bytes, 1 + data[0]));
  require(whole.size() <= 1 + static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n')));
  std::size_t from = 0;
  for (const account_id& each : whole) {
    const std::size_t at = bytes.find(each.str(), from);
    require(at != bytes.npos);
    from = at + each.str().size();
  }
  return 0;
}
