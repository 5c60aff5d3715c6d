#include "transport.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace

transport::transport(asio::ip::tcp::socket socket, asio::ssl::context& tls, bool bare)
    : bare_{bare}, stream_{std::move(socket), tls} {
  error_code ignored;
  this->socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
}

asio::awaitable<bool> transport::handshake() {
  if (bare_) co_return true;
  error_code error;
  co_await stream_.async_handshake(asio::ssl::stream_base::server, into(error));
  co_return !error;
}

bool transport::resumed() { return SSL_session_reused(stream_.native_handle()) == 1; }

bool transport::agreed_on_http2() {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(stream_.native_handle(), &name, &size);
  return std::string_view{reinterpret_cast<const char*>(name), size} == "h2";
}

asio::awaitable<std::size_t> transport::read_some(asio::mutable_buffer buffer) {
  error_code error;
  std::size_t size = 0;
  if (bare_)
    size = co_await socket().async_read_some(buffer, into(error));
  else
    size = co_await stream_.async_read_some(buffer, into(error));
  co_return size;
}

asio::awaitable<std::size_t> transport::read_some_raw(asio::mutable_buffer buffer) {
  error_code error;
  co_return co_await socket().async_read_some(buffer, into(error));
}

asio::awaitable<bool> transport::write(asio::const_buffer bytes) {
  error_code error;
  if (bare_)
    co_await asio::async_write(socket(), bytes, into(error));
  else
    co_await asio::async_write(stream_, bytes, into(error));
  co_return !error;
}

void transport::write(asio::const_buffer bytes, std::function<void()> done) {
  auto finish = [done = std::move(done)](error_code, std::size_t) { done(); };
  if (bare_)
    asio::async_write(socket(), bytes, std::move(finish));
  else
    asio::async_write(stream_, bytes, std::move(finish));
}

asio::awaitable<void> transport::say_goodbye() {
  if (bare_) co_return;
  // Pretends that the peer's close_notify has come: then the shutdown is over when ours is sent.
  SSL_set_shutdown(stream_.native_handle(), SSL_RECEIVED_SHUTDOWN);
  error_code ignored;
  co_await stream_.async_shutdown(into(ignored));
}

void transport::end_sending() {
  error_code ignored;
  socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void transport::cut() {
  error_code ignored;
  socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket().close(ignored);
}

void transport::reset() {
  error_code ignored;
  socket().set_option(asio::socket_base::linger{true, 0}, ignored);
  socket().close(ignored);
}

}  // namespace ephemint::inline v0::sandbox
