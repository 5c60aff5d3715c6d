#include "support/plain_http.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ephemint::test {
namespace {

constexpr std::chrono::milliseconds patience{10'000};

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

int connected(const sockaddr* address, socklen_t size) {
  const int made = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made == -1) fail("socket");
  if (::connect(made, address, size) != 0) {
    const int why = errno;
    ::close(made);
    errno = why;
    fail("connect");
  }
  return made;
}

int connected_to(const std::string& address) {
  if (address.starts_with("unix:")) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    const std::string path = address.substr(5);
    if (path.size() >= sizeof to.sun_path) throw std::runtime_error{"path too long: " + path};
    std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
    return connected(reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  return connected(reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

std::string in_small_letters(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

const std::string& plain_http::answer::header(const std::string& name) const {
  static const std::string none;
  const auto found = headers.find(name);
  return found == headers.end() ? none : found->second;
}

plain_http::plain_http(const std::string& address) : socket_{connected_to(address)} {}

plain_http::~plain_http() { close(); }

void plain_http::close() {
  if (socket_ != -1) ::close(socket_);
  socket_ = -1;
}

void plain_http::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

bool plain_http::has_something(std::chrono::milliseconds wait) {
  pollfd ready{socket_, POLLIN, 0};
  return !unread_.empty() || ::poll(&ready, 1, static_cast<int>(wait.count())) > 0;
}

void plain_http::half_close() { ::shutdown(socket_, SHUT_WR); }

void plain_http::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void plain_http::send_request(std::string_view method, std::string_view target, const fields& headers,
                              std::string_view body) {
  std::string text = std::string{method} + ' ' + std::string{target} + " HTTP/1.1\r\n";
  if (!headers.contains("Host")) text += "Host: localhost\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  send(text + "\r\n" + std::string{body});
}

bool plain_http::read_more(std::chrono::milliseconds wait) {
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0)
    throw std::runtime_error{"nothing came in time"};
  std::array<char, 16384> bytes;
  const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
  was_reset_ = size < 0;
  if (size <= 0) return false;
  unread_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

plain_http::answer plain_http::read_answer() {
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos)
    if (!read_more(patience)) throw std::runtime_error{"the connection ended without an answer: " + unread_};
  answer came;
  const std::string head = unread_.substr(0, end + 2);
  unread_.erase(0, end + 4);
  came.status = std::stoi(head.substr(head.find(' ') + 1));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t stop = head.find("\r\n", at);
    const std::string line = head.substr(at, stop - at);
    const std::size_t colon = line.find(':');
    came.headers[in_small_letters(line.substr(0, colon))] =
        line.substr(std::min(line.size(), line.find_first_not_of(' ', colon + 1)));
    at = stop + 2;
  }
  const std::string& length = came.header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (unread_.size() < size)
    if (!read_more(patience)) throw std::runtime_error{"the connection ended within an answer"};
  came.body = unread_.substr(0, size);
  unread_.erase(0, size);
  return came;
}

plain_http::answer plain_http::ask(std::string_view method, std::string_view target, const fields& headers,
                                   std::string_view body) {
  send_request(method, target, headers, body);
  return read_answer();
}

bool plain_http::read_to_end(std::string& all) {
  try {
    while (read_more(patience)) continue;
    all = std::exchange(unread_, {});
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

bool plain_http::ends_within(std::chrono::milliseconds wait) {
  try {
    return unread_.empty() && !read_more(wait);
  } catch (const std::runtime_error&) {
    return false;
  }
}

plain_http::answer ask_once(const std::string& address, std::string_view method, std::string_view target,
                            const plain_http::fields& headers, std::string_view body) {
  return plain_http{address}.ask(method, target, headers, body);
}

}  // namespace ephemint::test
