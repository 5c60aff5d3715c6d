#include "http/listener.hpp"

#include "http/session.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::inline v0::gateway {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

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

}  // namespace

listener::listener(asio::any_io_executor executor, std::shared_ptr<face> speaker, listening at,
                   serving_limits limits, served heard)
    : executor_{std::move(executor)},
      face_{std::move(speaker)},
      limits_{limits},
      served_{std::move(heard)},
      file_{at.file()},
      is_ours_{at.is_ours()},
      door_{executor_},
      change_{executor_} {
  door_.assign(at.address().at.protocol(), at.descriptor());
  at.release();
}

void listener::start() { await_somebody(); }

void listener::close(std::function<void()> over) {
  over_ = std::move(over);
  if (file_) file_->remove();
  if (is_ours_ && !closing_) empty_backlog();
  draining_ = true;
  stop_listening();
  with_each(&session::finish);
  tell_if_over();
}

void listener::cut() {
  stop_listening();
  with_each(&session::cut);
}

void listener::stop_listening() {
  closing_ = true;
  error_code ignored;
  door_.close(ignored);
  change_.cancel();
  if (file_) file_->remove();
}

void listener::with_each(void (session::*action)()) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    session* const one = *at++;
    (one->*action)();
  }
}

void listener::report(const log_entry& entry, clock::duration took) const {
  served_(entry, std::chrono::duration_cast<std::chrono::milliseconds>(took));
}

void listener::leave(session& gone) {
  if (sessions_.erase(&gone) == 0) return;
  giving_way_ = false;
  change_.cancel();
  tell_if_over();
}

void listener::tell_if_over() noexcept {
  if (!sessions_.empty() || !over_) return;
  const std::function<void()> over = std::exchange(over_, nullptr);
  try {
    asio::post(executor_, over);
  } catch (const std::bad_alloc&) {
    over();
  }
}

// Without memory for a wait no connection would ever be accepted again. So the two waits have memory of their
// own, and use no coroutine.

void listener::await_somebody() {
  if (closing_) return;
  door_.async_wait(any_socket::wait_read, asio::bind_allocator(wait_allocator<char>{waiting_},
                                                               [self = shared_from_this()](error_code error) {
                                                                 self->on_somebody(error);
                                                               }));
}

void listener::on_somebody(error_code error) {
  if (closing_) return;
  const bool full = sessions_.size() >= limits_.max_connections;
  if (full) make_room();
  if (!full && !error && admit() != admission::failed) return await_somebody();
  // Meanwhile new connections wait in the backlog.
  await_change(full ? asio::steady_timer::duration{1h} : 100ms);
}

void listener::await_change(asio::steady_timer::duration at_most) try {
  change_.expires_after(at_most);
  change_.async_wait(asio::bind_allocator(
      wait_allocator<char>{resting_}, [self = shared_from_this()](error_code) { self->await_somebody(); }));
} catch (const std::bad_alloc&) {  // Asio's list of timers can't grow
  await_somebody();
}

listener::admission listener::admit() {
  socket_address peer;
  socklen_t size = static_cast<socklen_t>(peer.at.capacity());
  const int descriptor =
      ::accept4(door_.native_handle(), peer.at.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor == -1 && errno == EAGAIN) return admission::nobody;
  if (descriptor == -1)
    return errno == EINTR || errno == ECONNABORTED ? admission::admitted : admission::failed;
  peer.at.resize(size);
  bool owned = false;
  try {  // there may be no memory for one more
    any_socket socket{executor_};
    socket.assign(peer.at.protocol(), descriptor);
    owned = true;
    open(std::move(socket), peer);
    return admission::admitted;
  } catch (const std::exception&) {
    if (!owned) ::close(descriptor);
    return admission::failed;
  }
}

/// Accepts the connections in the backlog: closing the socket would reset them.
void listener::empty_backlog() {
  while (sessions_.size() < limits_.max_connections)
    if (admit() != admission::admitted) return;
}

void listener::open(any_socket socket, const socket_address& peer) {
  const int on = 1;  // each answer is one write
  const int descriptor = socket.native_handle();
  if (!peer.is_unix()) ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string who = peer.is_unix() ? process_behind(descriptor) : peer.name();
  auto accepted = std::make_shared<session>(shared_from_this(), std::move(socket), std::move(who));
  sessions_.insert(accepted.get());
  accepted->start();
}

void listener::make_room() {
  if (giving_way_) return;
  session* idlest = nullptr;
  for (session* one : sessions_)
    if (one->idle_since() && (idlest == nullptr || one->idle_since() < idlest->idle_since())) idlest = one;
  giving_way_ = idlest != nullptr;
  if (idlest != nullptr) idlest->cut();
}

}  // namespace ephemint::inline v0::gateway
