#include "net/wire/http2/http2_stock.hpp"

#include <utility>

namespace ephemint::inline v0::net {

std::unique_ptr<wiped_buffer> http2_stock::take_buffer() {
  if (spare_.empty()) return std::make_unique<wiped_buffer>();
  auto taken = std::move(spare_.back());
  spare_.pop_back();
  return taken;
}

void http2_stock::give_back(std::unique_ptr<wiped_buffer> used) noexcept {
  if (!used) return;
  used->clear();
  if (spare_.size() < most_spare) spare_.push_back(std::move(used));
}

}  // namespace ephemint::inline v0::net
