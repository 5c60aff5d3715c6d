// What a gateway answers while memory runs out. It has a thread of its own; we call it by functions that
// allocate nothing.

#include "trial.hpp"

#include <ephemint/gateway/server.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

const std::string link_secret(32, 'k');

/// The status of the answer; 0: the connection was closed without one. Reports it if nothing comes at all.
int status_of(int descriptor, std::string_view request) noexcept {
  const timeval patience{.tv_sec = 12, .tv_usec = 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  static_cast<void>(::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL));
  std::array<char, 4096> bytes{};
  std::size_t got = 0;
  while (got < bytes.size() - 1) {
    const ssize_t size = ::recv(descriptor, bytes.data() + got, bytes.size() - 1 - got, 0);
    if (size < 0 && errno == EAGAIN) complain("the gateway doesn't answer");
    if (size <= 0) break;
    got += static_cast<std::size_t>(size);
    if (std::string_view{bytes.data(), got}.find("\r\n\r\n") != std::string_view::npos) break;
  }
  return got > 12 ? std::atoi(bytes.data() + 9) : 0;
}

/// A gateway with both faces, and its callers.
class trial_gateway {
 public:
  explicit trial_gateway(trial& t)
      : trial_{t}, path_{t.around.directory + "/gateway." + std::to_string(::getpid())} {
    for (std::string& ticket : tickets_) ticket = link();
  }

  /// True: it serves.
  bool start() {
    try {
      server_.emplace(options());
    } catch (const std::bad_alloc&) {
      return false;
    } catch (const std::system_error&) {
      return false;  // it can't listen, as an allocation failed
    }
    port_ = static_cast<std::uint16_t>(std::atoi(server_->addresses().login.c_str() + 17));
    return true;
  }
  gateway::server& server() { return *server_; }
  void destroy() { server_.reset(); }

  int sidecar() noexcept {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, path_.c_str(), sizeof to.sun_path - 1);
    return ask(AF_UNIX, reinterpret_cast<const sockaddr*>(&to), sizeof to,
               "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               "Content-Length: 18\r\n\r\n{\"account\":\"se-1\"}");
  }
  int login() noexcept {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ask(AF_INET, reinterpret_cast<const sockaddr*>(&to), sizeof to, tickets_.at(next_ticket_++));
  }

 private:
  gateway::server_options options() const {
    gateway::server_options made;
    made.client = trial_.options;
    made.deadline = 5s;  // also where the machine is busy
    made.per_account.requests = 0;
    made.backend.at = "unix:" + path_;
    made.login.at = "127.0.0.1:0";
    made.link_keys.push_back({"k1", secret{link_secret}});
    made.public_url = "https://login.example.com";
    made.log = [](std::string_view) {};
    return made;
  }
  static std::string link() {
    const gateway::link_key key{"k1", secret{link_secret}};
    const std::string url = gateway::make_login_link({.account = "se-1"}, key, "https://login.example.com");
    return "GET " + url.substr(25) + " HTTP/1.1\r\nHost: login.example.com\r\n\r\n";
  }
  static int ask(int family, const sockaddr* to, socklen_t size, std::string_view request) noexcept {
    const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = 0;
    if (::connect(descriptor, to, size) == 0) status = status_of(descriptor, request);
    ::close(descriptor);
    return status;
  }

  trial& trial_;
  std::string path_;
  std::array<std::string, 3> tickets_{};
  std::size_t next_ticket_ = 0;
  std::optional<gateway::server> server_;
  std::uint16_t port_ = 0;
};

/// When there is memory again, everything works as before.
void still_serves(trial& t, trial_gateway& logins) {
  t.enough_memory();
  if (logins.sidecar() != 200) complain("the gateway's sidecar serves no more");
  if (logins.login() != 302) complain("the gateway's links serve no more");
}

void gateway_is_made(trial& t) {
  trial_gateway logins{t};
  t.short_of_memory();
  const bool made = logins.start();
  t.enough_memory();
  if (!made && !logins.start()) complain("no gateway can be made");
  still_serves(t, logins);
}

void sidecar_logins(trial& t) {
  trial_gateway logins{t};
  logins.start();
  if (logins.sidecar() != 200) complain("the sidecar's first login failed, with memory there");
  t.short_of_memory();
  logins.sidecar();
  logins.sidecar();
  still_serves(t, logins);
}

void link_logins(trial& t) {
  trial_gateway logins{t};
  logins.start();
  if (logins.sidecar() != 200) complain("the sidecar's first login failed, with memory there");
  t.short_of_memory();
  logins.login();
  logins.login();
  still_serves(t, logins);
}

void gateway_is_drained(trial& t) {
  trial_gateway logins{t};
  logins.start();
  if (logins.sidecar() != 200) complain("the sidecar's first login failed, with memory there");
  t.short_of_memory();
  try {
    logins.server().drain();
  } catch (const std::bad_alloc&) {
  }
  const trial::call& closing =
      t.begin([&](trial::call& one) { logins.server().async_close(trial::handler_of(one)); });
  // The handler runs on the gateway's own thread.
  for (int i = 0; i < 4'000 && !closing.over(); ++i) ::usleep(1'000);
  if (!closing.over()) complain("close hangs");
  logins.destroy();
  t.enough_memory();
}

void gateway_is_destroyed(trial& t) {
  trial_gateway logins{t};
  logins.start();
  if (logins.sidecar() != 200) complain("the sidecar's first login failed, with memory there");
  t.short_of_memory();
  logins.destroy();
  t.enough_memory();
}

}  // namespace

const scenario gateway_scenarios[] = {
    {"gateway_is_made", gateway_is_made, scenario::needs::nothing, true},
    {"sidecar_logins", sidecar_logins, scenario::needs::nothing, true},
    {"link_logins", link_logins, scenario::needs::nothing, true},
    {"gateway_is_drained", gateway_is_drained, scenario::needs::nothing, true},
    {"gateway_is_destroyed", gateway_is_destroyed, scenario::needs::nothing, true},
    {nullptr, nullptr}};

}  // namespace ephemint::torture
