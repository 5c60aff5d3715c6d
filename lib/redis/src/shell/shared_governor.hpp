#pragma once

#include "shell/store_driver.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <memory>

namespace ephemint::inline v0::redis {

/// The governor of a shared quota, as clients have it: joins the leasing governor and its driver.
class shared_governor final : public shared_rate_governor {
 public:
  /// Throws as `store_driver` does.
  shared_governor(boost::asio::any_io_executor, driver_settings);
  ~shared_governor() override;

  std::uint32_t join(std::weak_ptr<quota_listener>) override;
  void leave(std::uint32_t client) override;
  quota_scope scope() const noexcept override;
  admission try_acquire(clock::time_point now, const permit_request&) override;
  void on_reply(clock::time_point now, permit, const permit_reply&) override;
  void give_back(clock::time_point now, permit) override;
  clock::time_point estimate(clock::time_point now, const permit_request&, std::size_t ahead) const override;
  quota_state state(clock::time_point now) const noexcept override;
  std::string trouble() const override;

  shared_quota_stats stats() const override;
  void on_change(std::function<void(const shared_quota_stats&)>) override;
  void leave_store() noexcept override;

 private:
  const std::shared_ptr<store_driver> driver_;
};

}  // namespace ephemint::inline v0::redis
