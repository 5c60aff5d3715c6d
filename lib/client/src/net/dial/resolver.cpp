#include "net/dial/resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>

namespace ephemint::inline v0::net {

namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> to_address(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(from).sin_addr, bytes.size());
    return ip::address_v4{bytes};
  }
  if (from.sa_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(from);
    ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    return ip::address_v6{bytes, six.sin6_scope_id};
  }
  return std::nullopt;
}

/// A thread of ours must not run the host program's signal handlers.
class signals_blocked {
 public:
  signals_blocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

lookup_result system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const int system_error = errno;
  if (error != 0)
    return {{}, error == EAI_SYSTEM ? std::generic_category().message(system_error) : ::gai_strerror(error)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, &::freeaddrinfo};
  lookup_result result;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next)
    if (const auto address = to_address(*at->ai_addr);
        address && std::ranges::find(result.found, *address) == result.found.end())
      result.found.push_back(*address);
  if (result.found.empty()) result.problem = "no IP address";
  return result;
}

resolver::resolver(const boost::asio::any_io_executor& executor, std::string host, lookup_function lookup,
                   clock::duration life)
    : host_{std::move(host)}, lookup_{std::move(lookup)}, gate_{executor_gate::make(executor)}, cache_{life} {
  boost::system::error_code not_literal;
  const auto literal = ip::make_address(host_, not_literal);
  if (!not_literal) literal_ = lookup_result{{literal}, {}};
}

resolver::~resolver() { gate_->shut(); }

std::optional<lookup_result> resolver::known(clock::time_point now) const {
  return literal_ ? literal_ : cache_.fresh(now);
}

void resolver::find(std::weak_ptr<waiter> who) {
  if (!looking_) start();
  std::erase_if(waiters_, [](const auto& gone) { return gone.expired(); });
  waiters_.push_back(std::move(who));
}

void resolver::start() {
  const signals_blocked quiet;
  std::thread{[host = host_, lookup = lookup_, gate = gate_, self = weak_from_this()] {
    lookup_result result;
    try {
      result = lookup(host);
    } catch (const std::exception&) {
      result.problem = "not enough memory for the look-up";
    }
    gate->post([self, result = std::move(result)]() mutable {
      if (const auto alive = self.lock()) alive->on_result(std::move(result));
    });
  }}.detach();
  looking_ = true;
}

void resolver::on_result(lookup_result result) {
  looking_ = false;
  cache_.store(clock::now(), std::move(result));
  const lookup_result told = cache_.latest();
  for (const auto& weak : std::exchange(waiters_, {}))
    if (const auto alive = weak.lock()) alive->on_addresses(told);
}

}  // namespace ephemint::inline v0::net
