#include "http/listener.hpp"

#include "http/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <system_error>
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
  door_.assign(at.address().at.protocol(), at.release());
}

void listener::start() { asio::co_spawn(executor_, run(shared_from_this()), asio::detached); }

void listener::close(std::function<void()> over) {
  over_ = std::move(over);
  if (file_) file_->remove();
  if (is_ours_ && !closing_) empty_backlog();
  draining_ = true;
  stop_listening();
  with_each(&session::finish);
  if (sessions_.empty() && over_) asio::post(executor_, std::exchange(over_, nullptr));
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
  const std::vector<session*> all{sessions_.begin(), sessions_.end()};
  for (session* one : all) (one->*action)();
}

void listener::report(const log_entry& entry, clock::duration took) const {
  served_(entry, std::chrono::duration_cast<std::chrono::milliseconds>(took));
}

void listener::leave(session& gone) {
  if (sessions_.erase(&gone) == 0) return;
  giving_way_ = false;
  change_.cancel();
  if (sessions_.empty() && over_) asio::post(executor_, std::exchange(over_, nullptr));
}

asio::awaitable<void> listener::run(std::shared_ptr<listener> self) { co_await self->accept_all(); }

asio::awaitable<void> listener::accept_all() {
  while (!closing_) {
    error_code error;
    co_await door_.async_wait(any_socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (closing_) co_return;
    const bool full = sessions_.size() >= limits_.max_connections;
    if (full) make_room();
    if (!full && !error && admit() != admission::failed) continue;
    // Who waits outside waits in the backlog meanwhile.
    change_.expires_after(full ? asio::steady_timer::duration{1h} : 100ms);
    co_await change_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
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
  any_socket socket{executor_};
  error_code error;
  socket.assign(peer.at.protocol(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return admission::failed;
  }
  try {
    open(std::move(socket), peer);
  } catch (const std::exception&) {  // no memory for one more
    return admission::failed;
  }
  return admission::admitted;
}

/// To close the door on those who have connected would reset them.
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
  asio::co_spawn(executor_, session::run(std::move(accepted)), asio::detached);
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
