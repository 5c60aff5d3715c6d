#include "scripted_server.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::test {

namespace {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

socket_address to_address(const std::string& text, std::uint16_t port) {
  socket_address made;
  if (text.find(':') == text.npos) {
    auto& four = reinterpret_cast<sockaddr_in&>(made.storage);
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    inet_pton(AF_INET, text.c_str(), &four.sin_addr);
    made.size = sizeof four;
  } else {
    auto& six = reinterpret_cast<sockaddr_in6&>(made.storage);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    inet_pton(AF_INET6, text.c_str(), &six.sin6_addr);
    made.size = sizeof six;
  }
  return made;
}

int listen_on(const std::string& address, std::uint16_t port, int backlog) {
  socket_address where = to_address(address, port);
  const int listener = ::socket(where.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (listener < 0 || ::bind(listener, where.get(), where.size) != 0 || ::listen(listener, backlog) != 0)
    throw std::runtime_error{"cannot listen on " + address + ": " + std::strerror(errno)};
  return listener;
}

std::uint16_t port_of(int socket) {
  socket_address where;
  where.size = sizeof where.storage;
  ::getsockname(socket, where.get(), &where.size);
  return ntohs(reinterpret_cast<sockaddr_in&>(where.storage).sin_port);  // at the same place in sockaddr_in6
}

/// OpenSSL writes without MSG_NOSIGNAL, and the process mustn't end because a client has disconnected.
void block_sigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

}  // namespace

peer::peer(int socket, SSL_CTX& context) : socket_{socket}, ssl_{SSL_new(&context)} {
  const timeval limit{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SSL_set_fd(ssl_.get(), socket_);
}

bool peer::shake_hands() { return SSL_accept(ssl_.get()) == 1; }

std::string peer::read_request() {
  std::string request;
  char bytes[16384];
  int size = 0;
  while (!request.ends_with("\r\n\r\n") && (size = SSL_read(ssl_.get(), bytes, sizeof bytes)) > 0)
    request.append(bytes, static_cast<std::size_t>(size));
  return request;
}

std::string peer::read_some() {
  std::string bytes(16384, '\0');
  const int size = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

bool peer::write(std::string_view text) {
  return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
}

bool peer::write_in_pieces(std::string_view text, std::size_t piece) {
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    if (!write(text.substr(0, piece))) return false;
  return true;
}

void peer::write_raw(std::string_view bytes) {
  (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::string peer::read_raw(std::size_t at_most) {
  std::string bytes(at_most, '\0');
  const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

void peer::join_writes() {
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

void peer::wait_for_bytes() {
  char byte = 0;
  (void)!::recv(socket_, &byte, 1, MSG_PEEK);
}

void peer::say_goodbye() { SSL_shutdown(ssl_.get()); }

void peer::end_writing() { ::shutdown(socket_, SHUT_WR); }

void peer::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // The descriptor must stay in use until the script ends, so /dev/null replaces it.
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, socket_);
  ::close(nothing);
}

bool peer::wait_for_goodbye() {
  char bytes[4096];
  while (SSL_read(ssl_.get(), bytes, sizeof bytes) > 0) continue;
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

scripted_server::scripted_server(const server_wishes& wishes, std::vector<script> scripts,
                                 const std::string& address, std::uint16_t port)
    : context_{make_server_context(wishes)},
      scripts_{std::move(scripts)},
      listener_{listen_on(address, port, 64)},
      port_{port_of(listener_)} {
  acceptor_ = std::thread{[this] { accept_all(); }};
}

scripted_server::~scripted_server() {
  stop_accepting();
  {
    const std::lock_guard lock{mutex_};
    for (int socket : open_) ::shutdown(socket, SHUT_RDWR);
  }
  finish();
  ::close(listener_);
}

void scripted_server::finish() {
  stop_accepting();
  for (std::thread& each : peers_) each.join();
  peers_.clear();
}

void scripted_server::stop_accepting() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
  if (acceptor_.joinable()) acceptor_.join();
}

void scripted_server::accept_all() {
  block_sigpipe();
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && errno == EMFILE) continue;  // a test takes the descriptors away for a moment
    if (socket < 0) return;
    const auto index = std::min<std::size_t>(static_cast<std::size_t>(connections_++), scripts_.size() - 1);
    {
      const std::lock_guard lock{mutex_};
      open_.push_back(socket);
    }
    peers_.emplace_back([this, socket, index] { serve(socket, scripts_[index]); });
  }
}

void scripted_server::serve(int socket, const script& script) {
  {
    peer one{socket, *context_};
    script(one);
  }
  const std::lock_guard lock{mutex_};
  std::erase(open_, socket);
  ::close(socket);
}

silent_listener::silent_listener(const std::string& address, std::uint16_t port) {
  sockets_.push_back(listen_on(address, port, 0));
  port_ = port_of(sockets_.front());
  // A queue of length 0 holds one; the rest make sure.
  socket_address where = to_address(address, port_);
  for (int i = 0; i < 4; ++i) {
    const int filler = ::socket(where.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ::connect(filler, where.get(), where.size);
    sockets_.push_back(filler);
  }
}

silent_listener::~silent_listener() {
  for (int socket : sockets_) ::close(socket);
}

std::uint16_t closed_port() {
  const int listener = listen_on("127.0.0.1", 0, 1);
  const std::uint16_t port = port_of(listener);
  ::close(listener);
  return port;
}

}  // namespace ephemint::test
