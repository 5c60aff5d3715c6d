#include "listener.hpp"

#include "session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::inline v0::gateway {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

asio::generic::stream_protocol protocol_of(const socket_address& address) {
  return {address.bytes.ss_family, 0};
}

/// The process at a Unix socket's other end.
std::string process_behind([[maybe_unused]] int descriptor) {
#ifdef SO_PEERCRED
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
    return fmt::format("uid={} pid={}", peer.uid, peer.pid);
#endif
  return "unix";
}

/// The peer's address, without its port.
std::string host_of(const socket_address& peer) {
  std::string text = peer.text();  // http://HOST:PORT
  text.erase(text.rfind(':'));
  text.erase(0, text.rfind('/') + 1);
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  return text;
}

}  // namespace

listener::listener(asio::any_io_executor executor, std::shared_ptr<face> speaker, listening at,
                   serving_limits limits, served heard)
    : executor_{std::move(executor)},
      face_{std::move(speaker)},
      limits_{limits},
      served_{std::move(heard)},
      file_{at.file()},
      door_{executor_},
      pause_{executor_} {
  door_.assign(protocol_of(at.address()), at.release());
}

void listener::start() { await_somebody(); }

void listener::close(std::function<void()> over) {
  over_ = std::move(over);
  closing_ = true;
  if (file_) file_->remove();  // nobody comes any more, where that's what leads here
  while (sessions_.size() < limits_.max_connections && take_one() == taking::one) continue;
  stop_listening();
  const std::vector<session*> all{sessions_.begin(), sessions_.end()};
  for (session* one : all) one->finish();
  if (sessions_.empty() && over_) asio::post(executor_, std::exchange(over_, nullptr));
}

void listener::cut() {
  closing_ = true;
  stop_listening();
  const std::vector<session*> all{sessions_.begin(), sessions_.end()};
  for (session* one : all) one->cut();
}

void listener::stop_listening() {
  error_code ignored;
  door_.close(ignored);
  pause_.cancel();
  if (file_) file_->remove();
}

void listener::report(const log_entry& entry, clock::duration took) const {
  served_(entry, std::chrono::duration_cast<std::chrono::milliseconds>(took));
}

void listener::went_idle() {
  if (std::exchange(full_, false)) await_somebody();
}

void listener::leave(session& gone) {
  if (sessions_.erase(&gone) == 0) return;
  giving_way_ = false;
  if (std::exchange(full_, false)) await_somebody();
  if (sessions_.empty() && over_) asio::post(executor_, std::exchange(over_, nullptr));
}

void listener::await_somebody() {
  if (closing_) return;
  door_.async_wait(any_socket::wait_read, [self = shared_from_this()](error_code error) {
    if (!error) self->admit();
  });
}

void listener::admit() {
  if (closing_) return;
  if (sessions_.size() >= limits_.max_connections) return make_room();
  if (take_one() == taking::no_means) return pause();
  await_somebody();
}

listener::taking listener::take_one() {
  socket_address peer;
  peer.size = sizeof peer.bytes;
  const int descriptor = ::accept4(door_.native_handle(), reinterpret_cast<sockaddr*>(&peer.bytes),
                                   &peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor == -1) {
    const bool nobody = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
    return nobody ? taking::nobody : taking::no_means;
  }
  try {
    open(descriptor, peer);
  } catch (const std::exception&) {  // no memory for one more
    return taking::no_means;
  }
  return taking::one;
}

void listener::make_room() {
  full_ = true;
  if (giving_way_) return;
  session* idlest = nullptr;
  for (session* one : sessions_)
    if (one->idle_since() && (idlest == nullptr || one->idle_since() < idlest->idle_since())) idlest = one;
  giving_way_ = idlest != nullptr;
  if (idlest != nullptr) idlest->cut();
}

void listener::open(int descriptor, const socket_address& peer) {
  any_socket socket{executor_};
  error_code error;
  socket.assign(protocol_of(peer), descriptor, error);
  if (error) {
    ::close(descriptor);
    return;
  }
  const int on = 1;  // each answer is one write
  if (!peer.is_unix()) ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string who = peer.is_unix() ? process_behind(descriptor) : host_of(peer);
  auto accepted = std::make_shared<session>(shared_from_this(), std::move(socket), std::move(who));
  sessions_.insert(accepted.get());
  asio::co_spawn(executor_, session::run(std::move(accepted)), asio::detached);
}

void listener::pause() {
  pause_.expires_after(100ms);
  pause_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->await_somebody();
  });
}

}  // namespace ephemint::inline v0::gateway
