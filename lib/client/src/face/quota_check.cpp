#include "face/quota_check.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace ephemint::inline v0::detail {

void check_quota(const quota& rate) {
  if (rate.how() == quota::mode::unlimited) return;
  if (rate.requests() < 1 || rate.requests() > 1'000'000)
    throw std::invalid_argument{
        fmt::format("rate: requests must be 1 to 1,000,000 a window, got {}", rate.requests())};
  if (rate.window() < std::chrono::milliseconds{100} || rate.window() > std::chrono::hours{24})
    throw std::invalid_argument{
        fmt::format("rate: the window must be 100 ms to 24 h, got {} ms", rate.window().count())};
}

}  // namespace ephemint::inline v0::detail
