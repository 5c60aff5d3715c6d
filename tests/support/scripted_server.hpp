#pragma once

#include "test_authority.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ephemint::test {

/// The server's end of one connection. Every function blocks, for 10 s at most.
class peer {
 public:
  peer(int socket, SSL_CTX&);
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  bool shake_hands();
  /// The protocol that ALPN picked; empty if none.
  std::string protocol() const { return picked_protocol(*ssl_); }
  /// The protocols that the client offered by ALPN, in its order.
  std::vector<std::string> offered() const { return offered_protocols(*ssl_); }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  /// The next bytes, at most one TLS record of them. Empty: the client has ended, or nothing came for 10 s.
  std::string read_some();
  /// Whether a part of a record that was read isn't returned yet.
  bool has_pending() const { return SSL_has_pending(ssl_.get()) == 1; }
  /// Up to and including an empty line; less if the client ends first.
  std::string read_request();
  /// Writes one TLS record (at most 16 KiB). Returns whether it could be written.
  bool write(std::string_view);
  bool write_in_pieces(std::string_view, std::size_t piece);
  /// Without TLS.
  void write_raw(std::string_view);
  std::string read_raw(std::size_t at_most);
  void join_writes();     ///< sends what is written together, after a moment
  void wait_for_bytes();  ///< leaves them unread
  void say_goodbye();     ///< close_notify
  void end_writing();     ///< FIN, without close_notify
  void reset();           ///< RST
  /// Reads until the client ends. Returns whether it sent close_notify.
  bool wait_for_goodbye();
  int native() const noexcept { return socket_; }

 private:
  int socket_;
  openssl_pointer<SSL> ssl_;
};

/// A TLS server on a loopback address that does exactly what a script says: script n handles connection n, on
/// a thread of its own, and the last script all further ones.
class scripted_server {
 public:
  using script = std::function<void(peer&)>;

  explicit scripted_server(const server_wishes&, std::vector<script>,
                           const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~scripted_server();
  scripted_server(const scripted_server&) = delete;
  scripted_server& operator=(const scripted_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  int connections() const noexcept { return connections_; }
  /// Accepts no more connections, and waits until the scripts of the existing ones have ended.
  void finish();

 private:
  void accept_all();
  void stop_accepting();
  void serve(int socket, const script&);

  openssl_pointer<SSL_CTX> context_;
  std::vector<script> scripts_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> peers_;
  std::thread acceptor_;
};

/// A listener that never accepts and whose queue is full: a SYN to it is dropped.
class silent_listener {
 public:
  explicit silent_listener(const std::string& address, std::uint16_t port = 0);
  ~silent_listener();
  silent_listener(const silent_listener&) = delete;
  silent_listener& operator=(const silent_listener&) = delete;

  std::uint16_t port() const noexcept { return port_; }

 private:
  std::vector<int> sockets_;
  std::uint16_t port_ = 0;
};

/// A port of 127.0.0.1 on which nothing listens.
std::uint16_t closed_port();

}  // namespace ephemint::test
