#pragma once

#include "http2_session.hpp"
#include "reply.hpp"
#include "request_reader.hpp"
#include "transport.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace ephemint::inline v0::sandbox {

class hub;

/// One client's connection, from the handshake to its end; speaks HTTP/1.1 itself. It runs on its hub's
/// executor.
class session : public std::enable_shared_from_this<session> {
 public:
  session(std::shared_ptr<hub>, asio::ip::tcp::socket);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  static asio::awaitable<void> run(std::shared_ptr<session>);

  /// These end it at once, by FIN or RST.
  void cut();
  void reset();
  /// Sets how many streams it may have open, if it speaks HTTP/2.
  void set_max_streams(std::uint32_t);
  /// Sends bytes if it is waiting for a request.
  void push(std::shared_ptr<const std::string> bytes, bool then_close);

 private:
  enum class incoming { request, garbage, nothing };

  asio::awaitable<bool> open();
  asio::awaitable<bool> agree();
  asio::awaitable<bool> serve_one();
  asio::awaitable<incoming> read_request();
  exchange answer();
  asio::awaitable<bool> deliver(exchange);
  asio::awaitable<bool> send(const exchange&);
  asio::awaitable<void> end(connection_end);
  asio::awaitable<void> pause(std::chrono::microseconds);
  asio::awaitable<void> until_quiet();
  asio::awaitable<void> read_until_end();
  /// A buffer for bytes that nobody needs. (An array in a coroutine's frame makes g++ 12 warn of a wrong
  /// delete.)
  asio::mutable_buffer unheard();
  asio::awaitable<void> refuse_garbage();

  std::shared_ptr<hub> hub_;
  transport transport_;
  asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  request_reader reader_;
  std::unique_ptr<http2_session> http2_;
  std::uint64_t served_ = 0;
  bool idle_ = false;
  bool pushing_ = false;
  bool awaits_quiet_ = false;
  bool over_ = false;
};

}  // namespace ephemint::inline v0::sandbox
