#include "net/dial/connector.hpp"

#include "net/dial/socket_options.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <system_error>

namespace ephemint::inline v0::net {

namespace {

using boost::system::error_code;

/// How long old addresses wait for new ones when a look-up is slow.
constexpr std::chrono::milliseconds stale_patience{1000};

void close_quietly(asio::ip::tcp::socket& socket) {
  error_code ignored;
  socket.close(ignored);
}

}  // namespace

connector::connector(asio::any_io_executor executor, std::shared_ptr<resolver> resolver, std::string host,
                     std::uint16_t port)
    : executor_{std::move(executor)},
      resolver_{std::move(resolver)},
      host_{std::move(host)},
      port_{port},
      limit_{executor_},
      turn_{executor_} {}

void connector::start(std::shared_ptr<waiter> who, std::chrono::milliseconds patience) {
  waiter_ = std::move(who);
  patience_ = patience;
  deadline_ = clock::now() + patience;
  limit_.expires_at(deadline_);
  limit_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled) self->on_timeout();
  });
  // Posted, so that not even an instant failure is told from inside the call.
  asio::post(executor_, [self = shared_from_this()] { self->look_up(); });
}

void connector::cancel() { release(); }

void connector::look_up() {
  if (!waiter_) return;
  if (const auto known = resolver_->known(clock::now())) return on_addresses(*known);
  try {
    resolver_->find(weak_from_this());
  } catch (const std::system_error&) {
    return fail("no thread could be started for the name look-up");
  }
  if (!resolver_->stale().empty()) use_stale_addresses_soon();
}

void connector::use_stale_addresses_soon() {
  turn_.expires_after(std::min<clock::duration>(stale_patience, patience_ / 2));
  turn_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled) self->on_addresses({self->resolver_->stale(), {}});
  });
}

void connector::on_addresses(const lookup_result& result) {
  if (!waiter_ || race_) return;
  turn_.cancel();
  if (result.found.empty()) return fail("its name could not be resolved: " + result.problem);
  race_.emplace(result.found, deadline_ - clock::now());
  attempts_.reserve(race_->size());
  advance();
}

void connector::advance() {
  while (waiter_) {
    const auto now = clock::now();
    const happy_eyeballs::action next = race_->advance(now);
    if (next.exhausted) return fail(last_cause_);
    if (next.abandon) close_quietly(attempts_[*next.abandon]);
    if (!next.start) break;
    begin_attempt(*next.start);
  }
  const auto turn = waiter_ ? race_->next_turn() : std::nullopt;
  if (!turn) return;
  turn_.expires_at(*turn);
  turn_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled) self->on_turn();
  });
}

void connector::on_turn() {
  if (waiter_) advance();
}

void connector::begin_attempt(std::size_t index) {
  const asio::ip::tcp::endpoint to{race_->address(index), port_};
  asio::ip::tcp::socket& socket = attempts_.emplace_back(executor_);
  error_code error;
  socket.open(to.protocol(), error);
  if (error) {
    remember(to.address(), error);
    race_->on_failed(index);
    return;
  }
  socket.async_connect(
      to, [self = shared_from_this(), index](const error_code& result) { self->on_attempt(index, result); });
}

void connector::on_attempt(std::size_t index, const error_code& error) {
  if (!waiter_ || !attempts_[index].is_open()) return;  // over, or abandoned
  if (!error) return succeed(index);
  remember(race_->address(index), error);
  close_quietly(attempts_[index]);
  race_->on_failed(index);
  advance();
}

void connector::remember(const asio::ip::address& address, const error_code& error) {
  last_cause_ = error.message() + " (" + address.to_string() + ')';
}

void connector::succeed(std::size_t index) {
  asio::ip::tcp::socket winner = std::move(attempts_[index]);
  set_connection_options(winner);
  const auto who = waiter_;
  release();
  who->on_socket(std::move(winner));
}

void connector::fail(std::string what) {
  const failure why{mint_errc::connect_failed, "no connection to " + target() + ": " + std::move(what), true};
  const auto who = waiter_;
  release();
  who->on_no_socket(why);
}

void connector::on_timeout() {
  if (!waiter_) return;
  std::string what = race_ ? "not established" : "its name was not resolved";
  what += " within " + std::to_string(patience_.count()) + " ms";
  if (!last_cause_.empty()) what += "; the last cause was: " + last_cause_;
  fail(std::move(what));
}

/// Ends everything; what is still queued finds no waiter.
void connector::release() {
  waiter_.reset();
  limit_.cancel();
  turn_.cancel();
  for (asio::ip::tcp::socket& each : attempts_) close_quietly(each);
}

std::string connector::target() const {
  const bool bare_v6 = host_.find(':') != host_.npos;
  return (bare_v6 ? '[' + host_ + ']' : host_) + ':' + std::to_string(port_);
}

}  // namespace ephemint::inline v0::net
