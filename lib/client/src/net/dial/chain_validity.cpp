#include "net/dial/chain_validity.hpp"

#include <openssl/asn1.h>

#include <algorithm>
#include <optional>

namespace ephemint::inline v0::net {

namespace {

std::optional<std::time_t> seconds_of(const ASN1_TIME* date) noexcept {
  std::tm parts{};
  if (date == nullptr || ASN1_TIME_to_tm(date, &parts) != 1) return std::nullopt;
  return ::timegm(&parts);
}

}  // namespace

chain_validity validity_of(const STACK_OF(X509) * chain) noexcept {
  const int size = chain ? sk_X509_num(chain) : 0;
  if (size == 0) return {};
  chain_validity all{std::numeric_limits<std::time_t>::min(), std::numeric_limits<std::time_t>::max()};
  for (int i = 0; i < size; ++i) {
    const X509* const each = sk_X509_value(chain, i);
    const auto from = seconds_of(X509_get0_notBefore(each));
    const auto until = seconds_of(X509_get0_notAfter(each));
    if (!from || !until) return {};
    all.from = std::max(all.from, *from);
    all.until = std::min(all.until, *until);
  }
  return all;
}

}  // namespace ephemint::inline v0::net
