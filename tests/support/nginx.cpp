#include "nginx.hpp"

#include "scripted_server.hpp"
#include "test_authority.hpp"

#include <openssl/pem.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::test {

namespace fs = std::filesystem;

namespace {

/// Whether a server listens there.
bool accepts(std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  ::close(socket);
  return connected;
}

void write_key(const identity& who, const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "w"), &std::fclose};
  if (!file || PEM_write_PrivateKey(file.get(), who.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    throw std::runtime_error{"cannot write " + path};
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return std::move(text).str();
}

}  // namespace

nginx::directory::directory() : path{fs::temp_directory_path() / "ephemint-nginx-XXXXXX"} {
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
}

nginx::directory::~directory() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::optional<std::string> nginx::program() {
  for (const char* const path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"})
    if (::access(path, X_OK) == 0) return path;
  return std::nullopt;
}

nginx::nginx(const std::string& lines)
    : port_{closed_port()},
      running_{{program().value_or("nginx"), "-p", files_.path, "-e", files_.path + "/error.log", "-c",
                write_files(lines)}} {
  using namespace std::chrono_literals;
  for (int tries = 0; !accepts(port_); ++tries) {
    // nginx closes its own end of these pipes only when it ends.
    const auto said = text_of(files_.path + "/error.log");
    if (said.find("[emerg]") != said.npos || tries == 200)
      throw std::runtime_error{"nginx doesn't start: " + said};
    ::usleep(10'000);
  }
}

std::string nginx::write_files(const std::string& lines) {
  const identity root = make_root();
  const identity shown = issue(root, {});
  authority_pem_ = root.pem();
  const std::string& at = files_.path;
  std::ofstream{at + "/server.pem"} << shown.pem();
  write_key(shown, at + "/server.key");
  const std::string token = token_of("$http_on_behalf_of");
  std::string temporary;
  for (const char* const kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += std::string{kind} + "_temp_path " + at + '/' + kind + ";\n";
  std::ofstream{at + "/nginx.conf"}
      << "daemon off;\nmaster_process off;\npid " + at + "/pid;\nerror_log " + at +
             "/error.log warn;\nevents { worker_connections 512; }\nhttp {\naccess_log off;\n" +
             "default_type application/json;\n" + temporary + lines +
             "\nserver {\nlisten 127.0.0.1:" + std::to_string(port_) + " ssl http2;\nssl_certificate " + at +
             "/server.pem;\nssl_certificate_key " + at +
             "/server.key;\nlocation / { return 200 '{\"token\":\"" + token +
             "\",\"redirect_url\":\"https://localhost/portal/direct-login?token=" + token + "\"}'; }\n}\n}\n";
  return at + "/nginx.conf";
}

}  // namespace ephemint::test
