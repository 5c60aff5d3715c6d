#include "net/dial/tunnel.hpp"

#include "net/dial/socket_options.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <new>
#include <utility>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tunnel::tunnel(asio::any_io_executor executor, std::shared_ptr<serial_gate> gate,
               std::shared_ptr<endpoint> endpoint)
    : gate_{std::move(gate)}, endpoint_{std::move(endpoint)}, limit_{std::move(executor), *gate_, *this} {}

/// Runs a step. If memory runs out, or in the child of a `fork`, everything ends.
template <class Step>
void tunnel::guarded(Step step) noexcept {
  if (!waiter_) return;
  if (made_in_.elsewhere()) return fail(came_through_fork());
  try {
    step();
  } catch (const std::bad_alloc&) {
    fail(out_of_memory());
  }
}

void tunnel::start(std::shared_ptr<waiter> who, tcp::socket socket,
                   std::chrono::milliseconds patience) noexcept {
  waiter_ = std::move(who);
  socket_.emplace(std::move(socket));
  patience_ = patience;
  guarded([&] {
    negotiation_.emplace(*endpoint_->proxy, authority_of(endpoint_->host, endpoint_->port));
    unsent_ = negotiation_->request();
    limit_.set(clock::now() + patience);
    send();
  });
}

void tunnel::wait_for(tcp::socket::wait_type what) {
  socket_->async_wait(what, asio::bind_allocator(handler_allocator<char>{memory_},
                                                 [this, self = shared_from_this()](const error_code& error) {
                                                   error_ = error;
                                                   gate_->enter(ready_, self, completion::place::on_executor);
                                                 }));
}

void tunnel::on_ready() noexcept {
  guarded([this] {
    if (error_) return on_stream_end(error_);
    unsent_.empty() ? receive() : send();
  });
}

void tunnel::send() {
  error_code error;
  std::size_t size = 0;
  do size = socket_->send(asio::buffer(unsent_), 0, error);
  while (error == asio::error::interrupted);
  if (error && error != asio::error::would_block) return on_stream_end(error);
  if (!error) unsent_.remove_prefix(size);
  wait_for(unsent_.empty() ? tcp::socket::wait_read : tcp::socket::wait_write);
}

void tunnel::receive() {
  const auto room = negotiation_->room();
  error_code error;
  std::size_t size = 0;
  do size = socket_->receive(asio::buffer(room.data(), room.size()), 0, error);
  while (error == asio::error::interrupted);
  if (error && error != asio::error::would_block) return on_stream_end(error);
  switch (negotiation_->commit(error ? 0 : size)) {
    case tunnel_negotiation::status::incomplete:
      return wait_for(tcp::socket::wait_read);
    case tunnel_negotiation::status::refused:
      return fail(negotiation_->problem());
    case tunnel_negotiation::status::open:
      break;
  }
  limit_.cancel();
  std::exchange(waiter_, nullptr)->on_tunnel(std::move(*socket_));
}

void tunnel::on_stream_end(const error_code& error) {
  fail(negotiation_->broken_off(error == asio::error::eof ? "it closed the connection" : error.message()));
}

void tunnel::on_time(gate_timer&) noexcept {
  guarded([this] { fail(negotiation_->stalled(patience_)); });
}

void tunnel::on_no_timer(gate_timer&) noexcept { fail(out_of_memory()); }

void tunnel::fail(const failure& why) noexcept {
  const auto who = std::exchange(waiter_, nullptr);
  if (!who) return;
  cancel();
  who->on_no_tunnel(why);
}

void tunnel::cancel() noexcept {
  waiter_.reset();
  limit_.cancel();
  close();
}

void tunnel::close() noexcept {
  if (socket_) close_socket(*socket_, made_in_);
}

}  // namespace ephemint::inline v0::net
