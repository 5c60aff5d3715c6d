#include "nginx.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <cerrno>
#include <certificates.hpp>  // of the sandbox
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::bench {
namespace {

namespace fs = std::filesystem;

/// A TCP socket, closed by the destructor.
class tcp_socket {
 public:
  tcp_socket() : number_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (number_ == -1) throw std::system_error{errno, std::generic_category(), "socket"};
  }
  tcp_socket(const tcp_socket&) = delete;
  tcp_socket& operator=(const tcp_socket&) = delete;
  ~tcp_socket() { ::close(number_); }

  int get() const noexcept { return number_; }

 private:
  int number_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// nginx can't choose a free port by itself. Both are chosen at once, so that they differ.
std::pair<std::uint16_t, std::uint16_t> free_ports() {
  const auto bound = [](const tcp_socket& socket) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket.get(), any, size) != 0 || ::getsockname(socket.get(), any, &size) != 0)
      throw std::system_error{errno, std::generic_category(), "no free port"};
    return ntohs(address.sin_port);
  };
  const tcp_socket first, second;
  return {bound(first), bound(second)};
}

bool accepts(std::uint16_t port) {
  const tcp_socket socket;
  const sockaddr_in address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

using file_pointer = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;

file_pointer open_to_write(const fs::path& path) {
  file_pointer file{std::fopen(path.c_str(), "w")};
  if (!file) throw std::system_error{errno, std::generic_category(), path};
  return file;
}

void write_certificates(const fs::path& directory) {
  const auto made = sandbox::make_server_identity(sandbox::certificate_kind::good);
  const auto certificate = open_to_write(directory / "server.pem");
  const auto key = open_to_write(directory / "server.key");
  if (PEM_write_X509(certificate.get(), made.leaf.certificate.get()) != 1 ||
      PEM_write_PrivateKey(key.get(), made.leaf.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    throw std::runtime_error{"OpenSSL can't write the server's certificate"};
  std::ofstream{directory / "ca.pem"} << made.ca_pem;
}

/// As long as a real token: a JWT's three parts.
std::string token() {
  std::string text(500, 'x');
  constexpr std::string_view letters = "eyJhbGciOiJSUzI1NiIsImtpZCI6IkVwaGVtaW50IiwidHlwIjoiSldUIn0";
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = letters[i % letters.size()];
  text[120] = text[400] = '.';
  return text;
}

std::string reply(std::string_view base_url) {
  return fmt::format(R"({{"request_id":"7b80b28f-5c65-4a1c-a4bb-1f0e4a5d6c3b","token":"{0}",)"
                     R"("redirect_url":"{1}/portal/direct-login?token={0}"}})",
                     token(), base_url);
}

/// `{0}`: the directory; `{1}`, `{2}`: the listeners; `{3}`, `{4}`: their replies.
constexpr const char* configuration = R"(
daemon off;
master_process off;
pid {0}/pid;
error_log {0}/error.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off;
  default_type application/json;
  client_body_temp_path {0}/body;
  proxy_temp_path {0}/proxy;
  fastcgi_temp_path {0}/fastcgi;
  uwsgi_temp_path {0}/uwsgi;
  scgi_temp_path {0}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  http2_max_concurrent_streams 1024;
  ssl_certificate {0}/server.pem;
  ssl_certificate_key {0}/server.key;
  ssl_protocols TLSv1.3;
  server {{
    listen 127.0.0.1:{1} ssl backlog=4096;
    location = /v1/tokens/ephemeral {{ return 200 '{3}'; }}
  }}
  server {{
    listen 127.0.0.1:{2} ssl http2 backlog=4096;
    location = /v1/tokens/ephemeral {{ return 200 '{4}'; }}
  }}
}}
)";

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return std::move(text).str();
}

std::string url_of(std::uint16_t port) { return fmt::format("https://127.0.0.1:{}", port); }

}  // namespace

nginx::nginx() : nginx{free_ports()} {}

nginx::nginx(std::pair<std::uint16_t, std::uint16_t> ports)
    : base_url_{url_of(ports.first)},
      http2_base_url_{url_of(ports.second)},
      process_{start(ports.first, ports.second)} {
  using namespace std::chrono_literals;
  while (!accepts(ports.first) || !accepts(ports.second))
    if (process_.ended(5ms))
      throw std::runtime_error{"nginx doesn't start: " + text_of(directory_.path() / "error.log")};
}

child_process nginx::start(std::uint16_t port, std::uint16_t http2_port) {
  const std::string directory = directory_.path();
  write_certificates(directory_.path());
  std::ofstream{directory_.path() / "nginx.conf"}
      << fmt::format(configuration, directory, port, http2_port, reply(base_url_), reply(http2_base_url_));
  return child_process{{.arguments = {"nginx", "-p", directory, "-e", directory + "/error.log", "-c",
                                      directory + "/nginx.conf"},
                        .core = server_core(),
                        .out = command::output::discarded,
                        .err = command::error_output::discarded}};
}

}  // namespace ephemint::bench
