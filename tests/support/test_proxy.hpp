#pragma once

#include "scripted_server.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// The proxy's end of one connection. Everything blocks, for 10 s at most.
class proxy_client {
 public:
  explicit proxy_client(peer& connected) : peer_{connected} {}

  /// Reads its request. Whether a whole one came.
  bool read_request();
  /// As it came, up to and including its empty line.
  const std::string& request() const noexcept { return request_; }
  void say(std::string_view bytes) { peer_.write_raw(bytes); }
  void say_byte_by_byte(std::string_view);
  /// Carries bytes to and from the port that was asked for, on 127.0.0.1 whatever the host, until either
  /// ends, or so many have come from there.
  void relay(std::size_t at_most = static_cast<std::size_t>(-1));
  void reset() { peer_.reset(); }
  /// What comes until it ends.
  std::string read_all();

 private:
  peer& peer_;
  std::string request_;
};

/// A CONNECT proxy on a loopback address that does exactly what it is told: connection n is handled by script
/// n, on a thread of its own, once its request was read; the last script handles all further ones.
class test_proxy {
 public:
  using script = std::function<void(proxy_client&)>;

  explicit test_proxy(std::vector<script>, const std::string& address = "127.0.0.1", std::uint16_t port = 0);

  std::uint16_t port() const noexcept { return server_->port(); }
  int connections() const noexcept { return server_->connections(); }
  /// The requests that were read.
  std::vector<std::string> requests() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::unique_ptr<scripted_server> server_;  // last: its threads use the others
};

/// Does what a proxy is for.
void relay_gladly(proxy_client&);
/// The same for who shows this `user:password`; 407 for all others.
test_proxy::script relay_for(const std::string& credentials);
/// Says that, and waits for the client to end.
test_proxy::script answer(const std::string& bytes);
/// A status line, a field, and no body.
std::string proxy_reply(int status);

}  // namespace ephemint::test
