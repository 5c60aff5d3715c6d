#include "net/dial/connector.hpp"

#include "net/dial/socket_options.hpp"

#include <boost/asio/bind_allocator.hpp>

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

using boost::system::error_code;

/// Whether the error comes from this machine, so that the address isn't to blame.
bool is_ours(const error_code& error) noexcept {
  namespace errc = boost::system::errc;
  return error == errc::address_not_available || error == errc::no_buffer_space ||
         error == errc::not_enough_memory || error == errc::too_many_files_open ||
         error == errc::too_many_files_open_in_system;
}

/// When a look-up is slow, old addresses are used after this time.
constexpr std::chrono::milliseconds stale_patience{1000};

}  // namespace

connector::connector(asio::any_io_executor executor, std::shared_ptr<serial_gate> gate,
                     std::shared_ptr<resolver> resolver, std::string target, std::uint16_t port)
    : executor_{std::move(executor)},
      gate_{std::move(gate)},
      resolver_{std::move(resolver)},
      target_{std::move(target)},
      port_{port},
      limit_{executor_, *gate_, *this},
      turn_{executor_, *gate_, *this} {}

void connector::start(std::shared_ptr<waiter> who, std::chrono::milliseconds patience) noexcept {
  waiter_ = std::move(who);
  patience_ = patience;
  deadline_ = clock::now() + patience;
  // Begins after the present task of the gate, so that even an instant failure isn't told from inside this
  // call.
  gate_->enter(begin_, shared_from_this(), completion::place::elsewhere);
}

void connector::start(std::shared_ptr<waiter> who, std::chrono::milliseconds patience,
                      addresses known) noexcept {
  given_ = std::move(known);
  start(std::move(who), patience);
}

void connector::cancel() noexcept {
  waiter_.reset();
  limit_.cancel();
  turn_.cancel();
  for (attempt& each : attempts_) close(each.socket);
}

void connector::close(asio::ip::tcp::socket& socket) const noexcept { close_socket(socket, made_in_); }

/// Runs a step. If memory runs out, or in the child of a `fork`, everything ends.
template <class Step>
void connector::guarded(Step step) noexcept {
  if (!waiter_) return;
  if (made_in_.elsewhere()) return give_up(came_through_fork());
  try {
    step();
  } catch (const std::bad_alloc&) {
    give_up(out_of_memory());
  }
}

void connector::begin() noexcept {
  guarded([this] {
    limit_.set(deadline_);
    if (given_.empty()) return look_up();
    race(std::move(given_));
  });
}

void connector::look_up() {
  if (const auto known = resolver_->known(clock::now())) return on_addresses(*known);
  try {
    resolver_->find(weak_from_this());
  } catch (const std::system_error&) {
    return fail("no thread could be started for the name look-up");
  }
  if (!resolver_->stale().empty())
    turn_.set(clock::now() + std::min<clock::duration>(stale_patience, patience_ / 2));
}

void connector::on_addresses(const lookup_result& result) noexcept {
  guarded([&] {
    if (race_) return;
    if (result.found.empty())
      return fail("its name could not be resolved: " + result.problem, resolver_->next_look_up());
    look_at(result.found);
  });
}

void connector::look_at(const addresses& found) {
  addresses order = alternate_families(found);
  waiter_->arrange(order);
  race(std::move(order));
}

void connector::race(addresses order) {
  turn_.cancel();
  race_.emplace(std::move(order), deadline_ - clock::now());
  advance();
}

void connector::advance() {
  while (waiter_) {
    const auto now = clock::now();
    const happy_eyeballs::action next = race_->advance(now);
    if (next.exhausted) return fail(last_cause_);
    if (next.abandon) {
      report(attempts_[*next.abandon], address_news::silent);
      close(attempts_[*next.abandon].socket);
    }
    if (!next.start) break;
    begin_attempt(*next.start);
  }
  if (const auto turn = waiter_ ? race_->next_turn() : std::nullopt) turn_.set(*turn);
}

void connector::begin_attempt(std::size_t index) {
  const asio::ip::tcp::endpoint to{race_->address(index), port_};
  attempt& made = attempts_.emplace_back(*this, index);
  error_code error;
  open_socket(made.socket, to.protocol(), error);
  if (error) {
    remember(to.address(), error);
    race_->on_failed(index);
    return;
  }
  made.socket.async_connect(
      to, asio::bind_allocator(handler_allocator<char>{made.memory},
                               [&made, self = shared_from_this()](const error_code& result) {
                                 made.result = result;
                                 self->gate_->enter(made.ended, self, completion::place::on_executor);
                               }));
}

void connector::on_attempt(attempt& ended) noexcept {
  guarded([&] {
    if (!ended.socket.is_open()) return;  // abandoned
    if (!ended.result)
      succeed(ended);
    else if (!is_ours(ended.result))
      report(ended, address_news::broke);
    if (!waiter_) return;
    remember(race_->address(ended.index), ended.result);
    close(ended.socket);
    race_->on_failed(ended.index);
    advance();
  });
}

void connector::remember(const asio::ip::address& address, const error_code& error) {
  last_cause_ = error.message() + " (" + address.to_string() + ')';
}

void connector::on_time(gate_timer& which) noexcept {
  guarded([&] {
    if (&which == &limit_) return on_timeout();
    if (race_) return advance();
    look_at(resolver_->stale());
  });
}

void connector::on_no_timer(gate_timer&) noexcept { give_up(out_of_memory()); }

void connector::report(const attempt& of, address_news what) noexcept {
  waiter_->on_address(race_->address(of.index), what);
}

/// Reports the attempts that began before attempt `before` and are still alive.
void connector::report_silent(std::size_t before) noexcept {
  for (const attempt& each : attempts_)
    if (each.index < before && each.socket.is_open()) report(each, address_news::silent);
}

/// Hands over the socket, or leaves the error in `result`.
void connector::succeed(attempt& first) {
  const bool six = race_->address(first.index).is_v6();
  asio::ip::tcp::socket winner =
      registered_anew(std::move(first.socket), six ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), first.result);
  if (first.result) return;
  report_silent(first.index);
  report(first, address_news::taken);
  set_connection_options(winner);
  const auto who = std::move(waiter_);
  cancel();
  who->on_socket(std::move(winner));
}

void connector::fail(const std::string& what, clock::time_point not_before) {
  give_up({mint_errc::connect_failed, "no connection to " + target_ + ": " + what, true, not_before});
}

void connector::on_timeout() {
  report_silent(attempts_.size());
  std::string what = race_ ? "not established" : "its name was not resolved";
  what += " within " + std::to_string(patience_.count()) + " ms";
  if (!last_cause_.empty()) what += "; the last cause was: " + last_cause_;
  fail(what);
}

/// Ends everything; handlers that are still queued find no waiter.
void connector::give_up(const failure& why) noexcept {
  const auto who = std::move(waiter_);
  if (!who) return;
  cancel();
  who->on_no_socket(why);
}

}  // namespace ephemint::inline v0::net
