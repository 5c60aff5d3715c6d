#include "net/dial/dial.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

dial::dial(asio::any_io_executor executor, std::shared_ptr<serial_gate> gate,
           std::shared_ptr<endpoint> endpoint)
    : executor_{std::move(executor)},
      gate_{std::move(gate)},
      endpoint_{std::move(endpoint)},
      beside_{executor_, *gate_, *this} {}

void dial::start(std::shared_ptr<waiter> who, dial_times times) try {
  waiter_ = std::move(who);
  times_ = times;
  begun_ = clock::now();
  end_ = begun_ + times.connect + times.handshake;
  connect(times.connect);
} catch (...) {
  waiter_.reset();
  throw;
}

void dial::cancel() noexcept {
  waiter_.reset();
  beside_.cancel();
  if (const auto step = connecting_.lock()) step->cancel();
  for (lane& each : lanes_)
    if (const auto step = each.step.lock()) step->cancel();
}

// --- addresses

std::shared_ptr<connector> dial::make_connector() const {
  const endpoint& to = *endpoint_;
  if (!to.proxy)
    return std::make_shared<connector>(executor_, gate_, to.names, authority_of(to.host, to.port), to.port);
  std::string target{"the proxy "};
  target += authority_of(to.proxy->host, to.proxy->port);
  return std::make_shared<connector>(executor_, gate_, to.names, std::move(target), to.proxy->port);
}

/// Gets a socket from the addresses not tried yet; at first these are the name's addresses.
void dial::connect(std::chrono::milliseconds patience) {
  const auto step = make_connector();
  addresses known = rest_;
  connect_end_ = clock::now() + patience;
  connecting_ = step;
  is_connecting_ = true;
  step->start({shared_from_this(), static_cast<connector::waiter*>(this)}, patience, std::move(known));
}

void dial::arrange(addresses& found) {
  if (waiter_) waiter_->arrange(found);
  rest_ = found;
}

void dial::on_address(const asio::ip::address& which, address_news what) noexcept {
  std::erase(rest_, which);
  if (what == address_news::taken) {
    taken_ = which;
    return;  // the address is reported once its session is established
  }
  blames_ = true;
  if (waiter_) waiter_->on_address(which, what);
}

/// Begins with the next address if there is one and room for it. If nothing is left or under way, the dial
/// has failed.
void dial::move_on() noexcept try {
  if (made_in_.elsewhere()) return fail(came_through_fork());
  if (!waiter_ || is_connecting_) return;
  const std::size_t beside = under_way();
  const auto patience = left(times_.connect);
  if (!rest_.empty() && beside < most_beside && patience.count() > 0) return connect(patience);
  if (beside == 0) fail(met_);
} catch (const std::bad_alloc&) {
  fail(out_of_memory());
}

std::chrono::milliseconds dial::left(std::chrono::milliseconds at_most) const noexcept {
  return std::min(at_most, std::chrono::ceil<std::chrono::milliseconds>(end_ - clock::now()));
}

// --- steps

void dial::on_socket(asio::ip::tcp::socket socket) noexcept try {
  is_connecting_ = false;
  lane& made = lanes_.emplace_back(*this, taken_);
  if (!rest_.empty()) beside_.set(clock::now() + std::min(usual_delay, times_.handshake / 3));
  endpoint_->proxy ? open_tunnel(made, std::move(socket)) : shake_hands(made, std::move(socket));
} catch (const std::bad_alloc&) {
  fail(out_of_memory());
}

void dial::open_tunnel(lane& of, asio::ip::tcp::socket socket) {
  const auto patience = std::max(std::chrono::ceil<std::chrono::milliseconds>(connect_end_ - clock::now()),
                                 std::chrono::milliseconds{1});
  of.due = clock::now() + patience;
  const auto step = std::make_shared<tunnel>(executor_, gate_, endpoint_);
  of.step = step;
  step->start({shared_from_this(), &of}, std::move(socket), patience);
}

void dial::on_tunnel(lane& through, asio::ip::tcp::socket socket) noexcept try {
  if (waiter_) shake_hands(through, std::move(socket));
} catch (const std::bad_alloc&) {
  fail(out_of_memory());
}

void dial::shake_hands(lane& with, asio::ip::tcp::socket socket) {
  const auto patience = std::max(left(times_.handshake), std::chrono::milliseconds{1});
  with.shakes_since = clock::now();
  with.due = with.shakes_since + patience;
  const auto step = std::make_shared<tls_handshake>(executor_, gate_, endpoint_);
  with.step = step;
  step->start({shared_from_this(), &with}, std::move(socket), patience);
}

void dial::on_no_socket(const failure& why) noexcept {
  is_connecting_ = false;
  rest_.clear();  // all were tried
  note(why);
  move_on();
}

void dial::on_handshake(lane& first, std::unique_ptr<tls_stream> made) noexcept {
  if (!waiter_) return;
  for (const lane& each : lanes_) {  // in the order in which they began
    if (&each == &first) break;
    if (!each.over) on_address(each.address, address_news::silent);
  }
  first.over = true;
  waiter_->on_address(first.address, address_news::taken);
  const auto who = std::exchange(waiter_, nullptr);
  cancel();
  const dial_facts how{made->tls().resumed(), first.shakes_since - begun_, clock::now() - first.shakes_since};
  who->on_stream(std::move(made), how);
}

void dial::on_no_session(lane& ended, const failure& why) noexcept {
  ended.over = true;
  if (!why.ours)
    on_address(ended.address, clock::now() < ended.due ? address_news::broke : address_news::silent);
  note(why);
  if (!why.retryable) rest_.clear();  // after a refused certificate no other address is tried (T1)
  move_on();
}

void dial::on_time(gate_timer&) noexcept { move_on(); }

void dial::on_no_timer(gate_timer&) noexcept { fail(out_of_memory()); }

std::size_t dial::under_way() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(lanes_, false, &lane::over));
}

/// A retryable failure takes precedence over others, as the next dial begins with another address.
void dial::note(const failure& why) noexcept {
  const bool first = met_.message.view().empty();
  if (first || why.retryable || !met_.retryable) met_ = why;
}

void dial::fail(const failure& why) noexcept {
  const auto who = std::exchange(waiter_, nullptr);
  if (!who) return;
  if (blames_) endpoint_->names->doubt();
  const failure told = why;  // a copy, as it may refer to a member
  cancel();
  who->on_no_stream(told);
}

}  // namespace ephemint::inline v0::net
