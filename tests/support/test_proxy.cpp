#include "test_proxy.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::test {

namespace {

std::string encoded(const std::string& text) {
  std::string made(text.size() / 3 * 4 + 5, '\0');
  made.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(made.data()),
                                                       reinterpret_cast<const unsigned char*>(text.data()),
                                                       static_cast<int>(text.size()))));
  return made;
}

/// The port in `CONNECT host:port HTTP/1.1`.
std::uint16_t port_asked_for(std::string_view request) {
  const std::string_view line = request.substr(0, request.find(" HTTP/1.1\r\n"));
  const std::string_view digits = line.substr(line.rfind(':') + 1);
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) return socket;
  ::close(socket);
  return -1;
}

/// How many bytes it carried; 0: there are no more.
std::size_t carry(int from, int to, std::size_t at_most) {
  char bytes[16384];
  const ssize_t size = ::recv(from, bytes, std::min(at_most, sizeof bytes), 0);
  if (size <= 0) return 0;
  for (ssize_t sent = 0; sent < size;) {
    const ssize_t more = ::send(to, bytes + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
    if (more <= 0) return 0;
    sent += more;
  }
  return static_cast<std::size_t>(size);
}

}  // namespace

bool proxy_client::read_request() {
  while (!request_.ends_with("\r\n\r\n")) {
    const std::string more = peer_.read_raw(1);
    if (more.empty()) return false;
    request_ += more;
  }
  return true;
}

void proxy_client::say_byte_by_byte(std::string_view bytes) {
  for (const char each : bytes) say({&each, 1});
}

void proxy_client::relay(std::size_t at_most) {
  const int api = connect_to(port_asked_for(request_));
  if (api == -1) return;
  pollfd ends[2] = {{peer_.native(), POLLIN, 0}, {api, POLLIN, 0}};
  while (at_most > 0 && ::poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0 && carry(peer_.native(), api, at_most) == 0) break;
    if (ends[1].revents == 0) continue;
    const std::size_t carried = carry(api, peer_.native(), at_most);
    if (carried == 0) break;
    at_most -= carried;
  }
  ::close(api);
}

std::string proxy_client::read_all() {
  std::string all;
  for (std::string more; !(more = peer_.read_raw(4096)).empty();) all += more;
  return all;
}

test_proxy::test_proxy(std::vector<script> scripts, const std::string& address, std::uint16_t port) {
  std::vector<scripted_server::script> served;
  for (script& each : scripts)
    served.push_back([this, act = std::move(each)](peer& connected) {
      proxy_client client{connected};
      if (!client.read_request()) return;
      {
        const std::lock_guard lock{mutex_};
        requests_.push_back(client.request());
      }
      act(client);
    });
  // What it could show in TLS is never shown: it speaks none.
  server_ = std::make_unique<scripted_server>(server_wishes{.shown = self_signed({})}, std::move(served),
                                              address, port);
}

std::vector<std::string> test_proxy::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

void relay_gladly(proxy_client& client) {
  client.say(proxy_reply(200));
  client.relay();
}

test_proxy::script relay_for(const std::string& credentials) {
  return [line = "\r\nProxy-Authorization: Basic " + encoded(credentials) + "\r\n"](proxy_client& client) {
    if (client.request().find(line) != std::string::npos) return relay_gladly(client);
    answer(proxy_reply(407))(client);
  };
}

test_proxy::script answer(const std::string& bytes) {
  return [bytes](proxy_client& client) {
    client.say(bytes);
    client.read_all();
  };
}

std::string proxy_reply(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " as told\r\nVia: 1.1 test\r\n\r\n";
}

}  // namespace ephemint::test
