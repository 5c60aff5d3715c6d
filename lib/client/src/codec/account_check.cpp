#include "codec/account_check.hpp"

#include "codec/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ephemint::inline v0::detail {

std::string check(const account_id& account) {
  const auto text = account.str();
  if (text.empty()) return "account: is empty; give the customer's account id";
  const auto bad = std::find_if_not(text.begin(), text.end(), ascii::is_visible);
  if (bad != text.end())
    return fmt::format("account: character {} is \\x{:02x}; give visible ASCII only", bad - text.begin() + 1,
                       static_cast<unsigned char>(*bad));
  if (!account.valid())
    return fmt::format("account: has more than {} characters; give at most that", account_id::max_size);
  return {};
}

}  // namespace ephemint::inline v0::detail
