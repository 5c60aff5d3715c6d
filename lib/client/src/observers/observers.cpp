#include <ephemint/observers.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace ephemint::inline v0 {

observers::observers(std::vector<std::shared_ptr<observer>> all) noexcept : all_{std::move(all)} {
  assert(std::find(all_.begin(), all_.end(), nullptr) == all_.end());
}

void observers::on_client(const client_view& client) noexcept {
  for (const auto& one : all_) one->on_client(client);
}

void observers::on_attempt(const attempt_report& attempt) noexcept {
  for (const auto& one : all_) one->on_attempt(attempt);
}

void observers::on_mint(const mint_report& mint) noexcept {
  for (const auto& one : all_) one->on_mint(mint);
}

void observers::on_connection(const connection_report& connection) noexcept {
  for (const auto& one : all_) one->on_connection(connection);
}

void observers::on_quota(const quota_report& quota) noexcept {
  for (const auto& one : all_) one->on_quota(quota);
}

}  // namespace ephemint::inline v0
