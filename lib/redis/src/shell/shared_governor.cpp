#include "shell/shared_governor.hpp"

#include <utility>

namespace ephemint::inline v0::redis {

shared_governor::shared_governor(boost::asio::any_io_executor executor, driver_settings settings)
    : driver_{std::make_shared<store_driver>(std::move(executor), std::move(settings))} {
  driver_->begin();
}

shared_governor::~shared_governor() { driver_->let_go(); }

std::uint32_t shared_governor::join(std::weak_ptr<quota_listener> listener) {
  return driver_->governor().join(std::move(listener));
}

void shared_governor::leave(std::uint32_t client) { driver_->governor().leave(client); }

quota_scope shared_governor::scope() const noexcept { return driver_->governor().scope(); }

admission shared_governor::try_acquire(clock::time_point now, const permit_request& request) {
  return driver_->governor().try_acquire(now, request);
}

void shared_governor::on_reply(clock::time_point now, permit which, const permit_reply& reply) {
  driver_->governor().on_reply(now, which, reply);
}

void shared_governor::give_back(clock::time_point now, permit which) {
  driver_->governor().give_back(now, which);
}

clock::time_point shared_governor::estimate(clock::time_point now, const permit_request& request,
                                            std::size_t ahead) const {
  return driver_->governor().estimate(now, request, ahead);
}

quota_state shared_governor::state(clock::time_point now) const noexcept {
  return driver_->governor().state(now);
}

std::string shared_governor::trouble() const { return driver_->governor().trouble(); }

shared_quota_stats shared_governor::stats() const { return driver_->stats(); }

void shared_governor::on_change(std::function<void(const shared_quota_stats&)> listener) {
  driver_->on_change(std::move(listener));
}

void shared_governor::leave_store() noexcept { driver_->leave_store(); }

}  // namespace ephemint::inline v0::redis
