#include "blocking_client.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace ephemint::test {
namespace {

int connect_to(const std::string& address, std::uint16_t port) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  const bool is_v4 = inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1)
    throw std::runtime_error{"bad address"};
  const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* where = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  if (fd < 0 || connect(fd, where, is_v4 ? sizeof v4 : sizeof v6) != 0) {
    if (fd >= 0) close(fd);
    throw std::runtime_error{"can't connect"};
  }
  return fd;
}

void limit_waiting(int fd, std::chrono::milliseconds patience) {
  const timeval limit{.tv_sec = patience.count() / 1000, .tv_usec = patience.count() % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void trust(SSL_CTX* context, const std::string& pem) {
  BIO* const memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* const certificate = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
  BIO_free(memory);
  if (certificate == nullptr) throw std::runtime_error{"bad CA"};
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
  X509_free(certificate);
}

seen_end end_of_errno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return seen_end::timed_out;
  return errno == ECONNRESET || errno == EPIPE ? seen_end::reset : seen_end::failed;
}

/// Decodes the chunked body at the front of `bytes`; none if it isn't complete. Sets the number of bytes
/// used.
std::optional<std::string> unchunked(std::string_view bytes, std::size_t& used) {
  std::string body;
  for (std::size_t at = 0;;) {
    const std::size_t line_end = bytes.find("\r\n", at);
    if (line_end == bytes.npos) return std::nullopt;
    const std::size_t size = std::strtoul(std::string{bytes.substr(at, line_end - at)}.c_str(), nullptr, 16);
    if (bytes.size() < line_end + 2 + size + 2) return std::nullopt;
    body += bytes.substr(line_end + 2, size);
    at = line_end + 2 + size + 2;
    used = at;
    if (size == 0) return body;
  }
}

}  // namespace

std::string http_reply::header(std::string_view name) const {
  const std::string start = "\r\n" + std::string{name} + ":";
  std::size_t at = head.find(start);
  if (at == head.npos) return {};
  at += start.size();
  if (head[at] == ' ') ++at;
  return head.substr(at, head.find("\r\n", at) - at);
}

blocking_client::blocking_client(std::uint16_t port, client_settings settings)
    : settings_{std::move(settings)}, socket_{connect_to(settings_.address, port)} {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  limit_waiting(socket_, settings_.patience);
  if (settings_.plain) return;
  context_ = SSL_CTX_new(TLS_client_method());
  if (settings_.max_version != 0 && settings_.max_version < TLS1_2_VERSION)
    SSL_CTX_set_security_level(context_, 0);
  SSL_CTX_set_min_proto_version(context_, settings_.min_version);
  SSL_CTX_set_max_proto_version(context_, settings_.max_version);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  trust(context_, settings_.ca_pem);
  ssl_ = SSL_new(context_);
  if (SSL_set1_host(ssl_, settings_.host.c_str()) != 1) throw std::runtime_error{"bad host name"};
  const bool address = settings_.host.find_first_not_of("0123456789.:") == std::string::npos;
  if (address) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), settings_.host.c_str());
  if (!address) SSL_set_tlsext_host_name(ssl_, settings_.host.c_str());
  if (settings_.session != nullptr) SSL_set_session(ssl_, settings_.session);
  const auto* const offer = reinterpret_cast<const unsigned char*>(settings_.alpn.data());
  if (!settings_.alpn.empty()) SSL_set_alpn_protos(ssl_, offer, static_cast<unsigned>(settings_.alpn.size()));
  SSL_set_fd(ssl_, socket_);
}

blocking_client::~blocking_client() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  close(socket_);
  ERR_clear_error();
}

bool blocking_client::handshake() {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_connect(ssl_);
  if (result == 1) return true;
  const int error = SSL_get_error(ssl_, result);
  end_ = error == SSL_ERROR_WANT_READ ? seen_end::timed_out
         : error != SSL_ERROR_SYSCALL ? seen_end::failed
         : errno == 0                 ? seen_end::cut
                                      : end_of_errno();
  if (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    end_ = seen_end::cut;
  return false;
}

long blocking_client::verify_error() const { return SSL_get_verify_result(ssl_); }
bool blocking_client::resumed() const { return SSL_session_reused(ssl_) == 1; }
session_ptr blocking_client::session() const { return session_ptr{SSL_get1_session(ssl_)}; }
int blocking_client::version() const { return SSL_version(ssl_); }

std::string blocking_client::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool blocking_client::send(std::string_view bytes) {
  if (settings_.plain)
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

bool blocking_client::fill() {
  if (end_ != seen_end::open && end_ != seen_end::timed_out) return false;
  std::array<char, 16384> chunk;
  ERR_clear_error();
  errno = 0;
  const int size = settings_.plain ? static_cast<int>(recv(socket_, chunk.data(), chunk.size(), 0))
                                   : SSL_read(ssl_, chunk.data(), chunk.size());
  if (size > 0) {
    buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    return true;
  }
  if (settings_.plain) {
    end_ = size == 0 ? seen_end::cut : end_of_errno();
    return false;
  }
  switch (SSL_get_error(ssl_, size)) {
    case SSL_ERROR_ZERO_RETURN:
      end_ = seen_end::notified;
      break;
    case SSL_ERROR_WANT_READ:
      end_ = seen_end::timed_out;
      break;
    case SSL_ERROR_SYSCALL:
      end_ = end_of_errno();
      break;
    default:
      end_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? seen_end::cut
                                                                                    : seen_end::failed;
  }
  return false;
}

http_reply blocking_client::read_reply() {
  http_reply reply;
  std::size_t head_size = 0;
  do {
    while ((head_size = buffer_.find("\r\n\r\n")) == buffer_.npos)
      if (!fill()) return reply;
    reply.head = buffer_.substr(0, head_size + 2);
    buffer_.erase(0, head_size + 4);
    reply.status = static_cast<unsigned>(std::strtoul(reply.head.c_str() + 9, nullptr, 10));
  } while (reply.status >= 100 && reply.status < 200 && reply.status != 101);

  const std::string length = reply.header("Content-Length");
  if (reply.header("Transfer-Encoding") == "chunked") {
    std::size_t used = 0;
    std::optional<std::string> body;
    while (!(body = unchunked(buffer_, used)))
      if (!fill()) return reply;
    reply.body = *body;
    buffer_.erase(0, used);
  } else if (!length.empty()) {
    const std::size_t size = std::strtoul(length.c_str(), nullptr, 10);
    bool more = true;
    while (buffer_.size() < size && more) more = fill();
    reply.body = buffer_.substr(0, size);
    buffer_.erase(0, reply.body.size());
    reply.complete = reply.body.size() == size;
    return reply;
  } else if (reply.header("Connection") == "close" || reply.status == 200) {
    reply.body = read_all();
    reply.complete = end_ == seen_end::notified;
    return reply;
  }
  reply.complete = true;
  return reply;
}

std::string blocking_client::read_some() {
  if (buffer_.empty()) fill();
  return std::exchange(buffer_, {});
}

std::string blocking_client::read_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

std::string token_request(std::string_view api_key, std::string_view account, std::string_view query) {
  std::string text = "POST /v1/tokens/ephemeral";
  text.append(query).append(" HTTP/1.1\r\nHost: localhost\r\nAPI-Key: ").append(api_key);
  text.append("\r\nOn-Behalf-Of: ").append(account);
  return text + "\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n";
}

}  // namespace ephemint::test
