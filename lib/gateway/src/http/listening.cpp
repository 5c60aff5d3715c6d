#include "http/listening.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace ephemint::inline v0::gateway {
namespace {

namespace asio = boost::asio;
using tcp_endpoint = asio::ip::tcp::endpoint;
using unix_endpoint = asio::local::stream_protocol::endpoint;

constexpr std::string_view unix_scheme = "unix:";
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

[[noreturn]] void refuse_address(std::string_view at, std::string_view what) {
  throw std::invalid_argument{fmt::format("\"{}\" {}", at, what)};
}

[[noreturn]] void cannot_listen(int error, const socket_address& address, std::string_view why = {}) {
  throw std::system_error{
      error, std::system_category(),
      fmt::format("can't listen at {}{}{}", address.text(), why.empty() ? "" : ": ", why)};
}

/// Converts the address to a more specific endpoint type.
template <class Endpoint>
Endpoint endpoint_of(const socket_address& address) {
  Endpoint same;
  const std::size_t size = std::min(address.at.size(), same.capacity());
  std::memcpy(same.data(), address.at.data(), size);
  same.resize(size);
  return same;
}

socket_address unix_address(std::string_view at) {
  const std::string_view path = at.substr(unix_scheme.size());
  if (!path.starts_with('/') || path.ends_with('/') || path.find('\0') != path.npos)
    refuse_address(at, "isn't an absolute path; give one like unix:/run/ephemint/ephemint.sock");
  if (path.size() > longest_path)
    refuse_address(at,
                   fmt::format("is a path of {} bytes; give one of at most {}", path.size(), longest_path));
  return {unix_endpoint{std::string{path}}};
}

int new_socket(const socket_address& like) {
  return ::socket(like.at.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/// A lock that a process holds while it removes a stale socket file and makes its own. Without it, one of two
/// processes that start at once could remove the other's. It is a lock on a file beside the socket, which is
/// removed afterwards.
class making_of_a_socket {
 public:
  explicit making_of_a_socket(const socket_address& address) : path_{address.name() + ".starting"} {
    do {
      release();
      open_and_lock(address);
    } while (was_removed());
  }
  making_of_a_socket(const making_of_a_socket&) = delete;
  making_of_a_socket& operator=(const making_of_a_socket&) = delete;
  ~making_of_a_socket() {
    ::unlink(path_.c_str());
    release();
  }

 private:
  void open_and_lock(const socket_address& address) {
    constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    descriptor_ = ::open(path_.c_str(), flags, 0600);
    if (descriptor_ == -1) cannot_listen(errno, address);
    while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      release();
      if (error == EWOULDBLOCK) cannot_listen(EADDRINUSE, address, "another process is about to");
      cannot_listen(error, address, "its lock can't be had");
    }
  }
  /// Whether another process removed the file between our `open` and our lock.
  bool was_removed() const noexcept {
    struct stat ours {};
    return ::fstat(descriptor_, &ours) == 0 && ours.st_nlink == 0;
  }
  void release() noexcept {
    if (descriptor_ != -1) ::close(std::exchange(descriptor_, -1));
  }

  const std::string path_;
  int descriptor_ = -1;
};

/// Removes a socket file on which no process listens. Other files, and sockets in use, stay.
void make_way(const socket_address& address, const char* path) {
  struct stat there {};
  if (::lstat(path, &there) != 0) return;  // it is absent, or `bind` will report the error
  if (!S_ISSOCK(there.st_mode)) cannot_listen(EEXIST, address, "what is there isn't a socket, and stays");
  const int probe = new_socket(address);
  if (probe == -1) cannot_listen(errno, address);
  const int outcome = ::connect(probe, address.at.data(), address.at.size()) == 0 ? 0 : errno;
  ::close(probe);
  if (outcome == 0 || outcome == EAGAIN)
    cannot_listen(EADDRINUSE, address, "something listens there already");
  if (outcome != ECONNREFUSED) cannot_listen(outcome, address, "can't tell whether something listens there");
  if (::unlink(path) != 0) cannot_listen(errno, address, "a socket that nobody listens on can't be removed");
}

/// 0, or an error's number.
int prepare_tcp(int descriptor, const socket_address& address) {
  const int on = 1;
  if (::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return errno;
  if (address.at.protocol().family() == AF_INET6 &&
      ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
    return errno;
  return 0;
}

}  // namespace

bool socket_address::is_local() const {
  return is_unix() || endpoint_of<tcp_endpoint>(*this).address().is_loopback();
}

std::string socket_address::name() const {
  return is_unix() ? endpoint_of<unix_endpoint>(*this).path()
                   : endpoint_of<tcp_endpoint>(*this).address().to_string();
}

std::string socket_address::text() const {
  if (is_unix()) return fmt::format("{}{}", unix_scheme, name());
  const unsigned port = endpoint_of<tcp_endpoint>(*this).port();
  const bool v6 = at.protocol().family() == AF_INET6;
  return v6 ? fmt::format("http://[{}]:{}", name(), port) : fmt::format("http://{}:{}", name(), port);
}

socket_address parse_address(std::string_view at) {
  if (at.starts_with(unix_scheme)) return unix_address(at);
  constexpr std::string_view right =
      "isn't an address; give unix:/path, or a numeric host and a port, like 127.0.0.1:8080 or [::1]:8080";
  const std::size_t colon = at.rfind(':');
  if (colon == at.npos) refuse_address(at, right);
  std::uint16_t port = 0;
  const char* const end = at.data() + at.size();
  const auto number = std::from_chars(at.data() + colon + 1, end, port);
  std::string_view host = at.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost" && !bracketed) host = "127.0.0.1";
  boost::system::error_code wrong;
  const auto address = asio::ip::make_address(std::string{host}, wrong);
  if (number.ec != std::errc{} || number.ptr != end || wrong || address.is_v6() != bracketed)
    refuse_address(at, right);
  return {tcp_endpoint{address, port}};
}

socket_address address_of(int descriptor) {
  int kind = 0, listens = 0;
  socket_address address;
  socklen_t size = sizeof kind, length = static_cast<socklen_t>(address.at.capacity());
  const bool known = ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 &&
                     ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
                     ::getsockname(descriptor, address.at.data(), &length) == 0;
  const int family = address.at.data()->sa_family;
  if (!known || kind != SOCK_STREAM || listens == 0 ||
      (family != AF_UNIX && family != AF_INET && family != AF_INET6))
    throw std::invalid_argument{fmt::format(
        "descriptor {} isn't a stream socket, TCP or Unix, that listens; give one that does", descriptor)};
  address.at.resize(length);
  return address;
}

socket_address address_of(const listen_address& given) {
  return given.descriptor == -1 ? parse_address(given.at) : address_of(given.descriptor);
}

socket_file::socket_file(std::string path) noexcept : path_{std::move(path)}, maker_{::getpid()} {
  struct stat made {};
  there_ = ::lstat(path_.c_str(), &made) == 0;
  device_ = made.st_dev;
  number_ = made.st_ino;
}

void socket_file::remove() noexcept {
  if (::getpid() != maker_ || !there_.exchange(false)) return;
  struct stat there {};
  if (::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == number_)
    ::unlink(path_.c_str());
}

listening::listening(const listen_address& given, unsigned mode)
    : descriptor_{given.descriptor}, is_ours_{descriptor_ == -1}, address_{address_of(given)} {
  if (descriptor_ != -1) {
    ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
    return;
  }
  const std::string path = address_.is_unix() ? address_.name() : std::string{};
  std::optional<making_of_a_socket> alone;
  if (!path.empty()) {
    alone.emplace(address_);
    make_way(address_, path.c_str());
  }
  descriptor_ = new_socket(address_);
  int error = descriptor_ == -1 ? errno : path.empty() ? prepare_tcp(descriptor_, address_) : 0;
  if (error == 0 && ::bind(descriptor_, address_.at.data(), address_.at.size()) != 0) error = errno;
  if (error == 0 && !path.empty()) {
    file_ = std::make_shared<socket_file>(path);
    if (::chmod(path.c_str(), mode) != 0) error = errno;  // before `listen`: until then nobody can connect
  }
  if (error == 0 && ::listen(descriptor_, SOMAXCONN) != 0) error = errno;
  if (error == 0 && path.empty()) address_ = address_of(descriptor_);  // with the port that was chosen
  if (error == 0) return;
  if (descriptor_ != -1) ::close(descriptor_);
  file_.reset();
  cannot_listen(error, address_);
}

listening::listening(listening&& other) noexcept
    : descriptor_{other.release()},
      is_ours_{other.is_ours_},
      address_{other.address_},
      file_{std::move(other.file_)} {}

listening::~listening() {
  if (descriptor_ != -1) ::close(descriptor_);
}

int listening::release() noexcept { return std::exchange(descriptor_, -1); }

}  // namespace ephemint::inline v0::gateway
