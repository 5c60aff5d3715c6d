#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <functional>
#include <string>

namespace ephemint::inline v0::sandbox {

namespace asio = boost::asio;
using boost::system::error_code;

/// One connection's bytes, over TLS or bare TCP. Not movable; one read and one write at a time.
class transport {
 public:
  /// If `bare`, the context isn't used.
  transport(asio::ip::tcp::socket, asio::ssl::context&, bool bare);

  /// Whether it succeeded; always true if bare.
  asio::awaitable<bool> handshake();
  /// Whether the handshake resumed a session.
  bool resumed();
  /// Whether the handshake agreed on HTTP/2.
  bool agreed_on_http2();
  /// 0 at the end of the connection, however that came.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer);
  /// Bytes below TLS.
  asio::awaitable<std::size_t> read_some_raw(asio::mutable_buffer);
  /// Whether all bytes were sent.
  asio::awaitable<bool> write(asio::const_buffer);
  /// The same with a callback; begins to send before it returns.
  void write(asio::const_buffer, std::function<void()> done);
  /// Sends close_notify, without waiting for the peer's.
  asio::awaitable<void> say_goodbye();
  /// Sends FIN; what the peer still sends can be read.
  void end_sending();
  /// End the connection by FIN or RST.
  void cut();
  void reset();

 private:
  asio::ip::tcp::socket& socket() { return stream_.next_layer(); }

  const bool bare_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
};

}  // namespace ephemint::inline v0::sandbox
