#include "support/quota_script_log.hpp"

#include <algorithm>

namespace ephemint::test {

namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

}  // namespace

std::int64_t quota_script_log::cell_of(std::int64_t date) const noexcept {
  return floor_div(date, grid_) + 1;
}

/// How many of the block's uses come after the cell `edge`.
std::int64_t quota_script_log::behind(std::int64_t number, const block& b, std::int64_t edge) noexcept {
  if (edge < 32 * number) return b.total;
  std::int64_t sum = 0;
  for (std::int64_t i = edge + 1 - 32 * number; i < 32; ++i) sum += b.cells[static_cast<std::size_t>(i)];
  return sum;
}

void quota_script_log::advance(std::int64_t now) {
  const std::int64_t edge = floor_div(now - window_, grid_);
  if (counted_ > 0 && edge > edge_) {
    const std::int64_t last_cell = edge_ + (window_ + grid_ - 1) / grid_ + 2;
    const std::int64_t to = floor_div(std::min(edge, last_cell), 32);
    for (auto b = blocks_.lower_bound(floor_div(edge_ + 1, 32)); b != blocks_.end() && b->first <= to;) {
      counted_ -= behind(b->first, b->second, edge_);
      if (edge >= 32 * b->first + 31) {
        b = blocks_.erase(b);
      } else {
        counted_ += behind(b->first, b->second, edge);
        ++b;
      }
    }
  }
  edge_ = edge;
  counted_ = std::max<std::int64_t>(0, counted_);
}

void quota_script_log::add(std::int64_t date, std::int64_t count) {
  const std::int64_t cell = cell_of(date);
  if (cell <= edge_ || count == 0) return;
  block& b = blocks_[floor_div(cell, 32)];
  b.cells[static_cast<std::size_t>(cell - 32 * floor_div(cell, 32))] += count;
  b.total += count;
  counted_ += count;
}

std::int64_t quota_script_log::leaves(std::int64_t k, std::int64_t now, std::int64_t step) const {
  if (k > counted_) return std::min<std::int64_t>(10000, step * (k - counted_));
  std::int64_t sum = 0;
  for (auto b = blocks_.lower_bound(floor_div(edge_ + 1, 32)); b != blocks_.end(); ++b) {
    const std::int64_t more = behind(b->first, b->second, edge_);
    if (sum + more >= k) {
      for (std::int64_t i = std::max<std::int64_t>(0, edge_ + 1 - 32 * b->first); i < 32; ++i) {
        sum += b->second.cells[static_cast<std::size_t>(i)];
        if (sum >= k) return std::max<std::int64_t>(1, (32 * b->first + i) * grid_ + window_ - now);
      }
    }
    sum += more;
  }
  return step;
}

void quota_script_log::tidy(std::int64_t now) {
  blocks_.erase(blocks_.begin(), blocks_.lower_bound(floor_div(edge_ + 1, 32)));
  blocks_.erase(blocks_.upper_bound(floor_div(cell_of(now), 32)), blocks_.end());
  counted_ = 0;
  for (const auto& [number, b] : blocks_) counted_ += behind(number, b, edge_);
}

void quota_script_log::write(std::map<std::string, std::string>& fields) const {
  fields["counted"] = std::to_string(counted_);
  fields["edge"] = std::to_string(edge_);
  for (const auto& [number, b] : blocks_) {
    std::string text = std::to_string(b.total);
    for (std::size_t i = 0; i < b.cells.size(); ++i)
      if (b.cells[i] > 0) text += " " + std::to_string(i) + ":" + std::to_string(b.cells[i]);
    fields["u:" + std::to_string(number)] = text;
  }
}

}  // namespace ephemint::test
