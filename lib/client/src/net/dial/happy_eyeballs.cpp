#include "net/dial/happy_eyeballs.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

constexpr std::size_t max_addresses = 32;  // a name with more is either a mistake or an attack

}  // namespace

addresses alternate_families(const addresses& given) {
  addresses preferred, other;
  for (const auto& address : given)
    (address.is_v4() == given.front().is_v4() ? preferred : other).push_back(address);
  addresses order;
  for (std::size_t i = 0; order.size() < given.size(); ++i) {
    if (i < preferred.size()) order.push_back(preferred[i]);
    if (i < other.size()) order.push_back(other[i]);
  }
  return order;
}

happy_eyeballs::happy_eyeballs(addresses given, clock::duration patience) : order_{std::move(given)} {
  if (order_.size() > max_addresses) order_.resize(max_addresses);
  delay_ = std::clamp(patience / static_cast<int>(order_.size() + 1), least_delay, usual_delay);
}

happy_eyeballs::action happy_eyeballs::advance(clock::time_point now) {
  action answer;
  if (next_ == order_.size()) {
    answer.exhausted = alive_.empty();
    return answer;
  }
  if (now < turn_) return answer;
  if (alive_.size() == max_alive) {
    answer.abandon = alive_.front();
    alive_.erase(alive_.begin());
  }
  answer.start = next_++;
  alive_.push_back(*answer.start);
  turn_ = now + delay_;
  return answer;
}

void happy_eyeballs::on_failed(std::size_t attempt) {
  if (std::erase(alive_, attempt) != 0) turn_ = clock::time_point::min();
}

std::optional<clock::time_point> happy_eyeballs::next_turn() const {
  if (next_ == order_.size()) return std::nullopt;
  return turn_;
}

}  // namespace ephemint::inline v0::net
