#include "core/leasing_governor.hpp"

namespace ephemint::inline v0::redis {

struct leasing_governor::state {};

leasing_governor::leasing_governor(settings) : state_{std::make_unique<state>()} {}
leasing_governor::~leasing_governor() = default;

std::uint32_t leasing_governor::join(std::weak_ptr<quota_listener>) { return 1; }
void leasing_governor::leave(std::uint32_t) noexcept {}
quota_scope leasing_governor::scope() const noexcept { return {}; }
admission leasing_governor::try_acquire(time_point now, const permit_request&) {
  return {admission::verdict::later, {}, core::add(now, std::chrono::milliseconds{1})};
}
void leasing_governor::on_reply(time_point, permit, const permit_reply&) noexcept {}
void leasing_governor::give_back(time_point, permit) noexcept {}
time_point leasing_governor::estimate(time_point now, const permit_request&, std::size_t) const noexcept {
  return now;
}
std::optional<leasing_governor::outgoing> leasing_governor::next_call(time_point) { return {}; }
void leasing_governor::on_answer(time_point, std::uint64_t, const store_answer&) noexcept {}
void leasing_governor::on_failure(time_point, std::uint64_t, std::string_view) noexcept {}
void leasing_governor::on_store_age(time_point, bool) noexcept {}
void leasing_governor::on_store_back(time_point) noexcept {}
time_point leasing_governor::wake_at() const noexcept { return core::never; }
void leasing_governor::leave_store(time_point) noexcept {}
void leasing_governor::set_driver(std::weak_ptr<lease_driver>) noexcept {}
lease_figures leasing_governor::figures(time_point) const { return {}; }

}  // namespace ephemint::inline v0::redis
