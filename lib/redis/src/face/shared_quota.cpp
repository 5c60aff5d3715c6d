#include "face/shared_quota_check.hpp"
#include "shell/shared_governor.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <random>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0 {

std::shared_ptr<shared_rate_governor> make_shared_rate_governor(boost::asio::any_io_executor executor,
                                                                const credential& key,
                                                                std::string_view base_url,
                                                                shared_quota_options options) {
  if (!executor) throw std::invalid_argument{"executor: is empty"};
  std::random_device device;
  const std::uint64_t seed = (std::uint64_t{device()} << 32) | device();
  return std::make_shared<redis::shared_governor>(std::move(executor),
                                                  redis::check(key, base_url, std::move(options), seed));
}

}  // namespace ephemint::inline v0
