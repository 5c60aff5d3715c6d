#include "net/dial/dial.hpp"

#include <new>
#include <utility>

namespace ephemint::inline v0::net {

dial::dial(asio::any_io_executor executor, std::shared_ptr<serial_gate> gate,
           std::shared_ptr<endpoint> endpoint)
    : executor_{std::move(executor)}, gate_{std::move(gate)}, endpoint_{std::move(endpoint)} {}

void dial::start(std::shared_ptr<waiter> who, dial_times times) {
  const auto step =
      std::make_shared<connector>(executor_, gate_, endpoint_->names, endpoint_->host, endpoint_->port);
  waiter_ = std::move(who);
  times_ = times;
  step_ = step;
  step->start({shared_from_this(), static_cast<connector::waiter*>(this)}, times_.connect);
}

void dial::cancel() noexcept {
  waiter_.reset();
  if (const auto step = step_.lock()) step->cancel();
}

// A tunnel through a proxy would be a step between these two.

void dial::on_socket(asio::ip::tcp::socket socket) noexcept try {
  const auto step = std::make_shared<tls_handshake>(executor_, gate_, endpoint_);
  step_ = step;
  step->start({shared_from_this(), static_cast<tls_handshake::waiter*>(this)}, std::move(socket),
              times_.handshake);
} catch (const std::bad_alloc&) {
  fail(out_of_memory());
}

void dial::on_no_socket(const failure& why) noexcept { fail(why); }

void dial::on_handshake(std::unique_ptr<tls_stream> made) noexcept {
  if (const auto who = std::exchange(waiter_, nullptr)) who->on_stream(std::move(made));
}

void dial::on_no_handshake(const failure& why) noexcept { fail(why); }

void dial::fail(const failure& why) noexcept {
  if (const auto who = std::exchange(waiter_, nullptr)) who->on_no_stream(why);
}

}  // namespace ephemint::inline v0::net
