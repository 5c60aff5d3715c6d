#include "net/dial/tls_handshake.hpp"

#include <boost/asio/error.hpp>

#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;
using boost::system::error_code;

tls_handshake::tls_handshake(asio::any_io_executor executor, std::shared_ptr<serial_gate> gate,
                             std::shared_ptr<endpoint> endpoint)
    : gate_{std::move(gate)}, endpoint_{std::move(endpoint)}, limit_{std::move(executor), *gate_, *this} {}

/// Runs a step. If memory runs out, or in the child of a `fork`, everything ends.
template <class Step>
void tls_handshake::guarded(Step step) noexcept {
  if (!waiter_) return;
  if (made_in_.elsewhere()) return fail(came_through_fork());
  try {
    step();
  } catch (const std::bad_alloc&) {
    fail(out_of_memory());
  }
}

void tls_handshake::start(std::shared_ptr<waiter> who, asio::ip::tcp::socket socket,
                          std::chrono::milliseconds patience) noexcept {
  waiter_ = std::move(who);
  patience_ = patience;
  guarded([&] {
    stream_ = std::make_unique<tls_stream>(std::move(socket), endpoint_->tls, *gate_, *this);
    limit_.set(clock::now() + patience);
    shake_hands();
  });
}

void tls_handshake::shake_hands() {
  const tls_status status = stream_->tls().handshake();
  const bool sent = stream_->flush();  // also an alert, if it failed
  switch (status) {
    case tls_status::done:
      if (!sent) return on_stream_end(asio::error::connection_reset);
      done_ = true;
      return succeed_once_written();
    case tls_status::failed:
      return fail(stream_->tls().problem());
    case tls_status::closed:
      return on_stream_end(asio::error::eof);
    case tls_status::need_input:
      break;
  }
  if (!sent) return on_stream_end(asio::error::connection_reset);
  stream_->read();
}

void tls_handshake::succeed_once_written() {
  if (stream_->writing()) return;
  limit_.cancel();
  std::exchange(waiter_, nullptr)->on_handshake(std::move(stream_));
}

void tls_handshake::on_input(const error_code& error) noexcept {
  guarded([&] { error ? on_stream_end(error) : shake_hands(); });
}

void tls_handshake::on_written(const error_code& error) noexcept {
  guarded([&] {
    if (error) return on_stream_end(error);
    if (done_) succeed_once_written();
  });
}

void tls_handshake::on_stream_end(const error_code& error) {
  const std::string cause = error == asio::error::eof ? "the server closed it" : error.message();
  // Typical of a server that is overloaded or restarting, not of one that isn't the API (T3).
  fail({mint_errc::connect_failed,
        endpoint_->called + " broke off the TLS handshake: " + cause +
            "; it may be overloaded or starting; if it stays so, check base_url's port",
        true});
}

void tls_handshake::on_time(gate_timer&) noexcept {
  guarded([&] {
    fail({mint_errc::connect_failed,
          endpoint_->called + " stalled in the TLS handshake for " + std::to_string(patience_.count()) +
              " ms; it may be overloaded, or something between drops packets",
          true});
  });
}

void tls_handshake::on_no_timer(gate_timer&) noexcept { fail(out_of_memory()); }

void tls_handshake::fail(const failure& why) noexcept {
  const auto who = std::exchange(waiter_, nullptr);
  if (!who) return;
  cancel();
  who->on_no_handshake(why);
}

void tls_handshake::cancel() noexcept {
  waiter_.reset();
  limit_.cancel();
  if (stream_) stream_->close();
}

}  // namespace ephemint::inline v0::net
