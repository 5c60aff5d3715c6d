#include "net/dial/resolver.hpp"

#include "codec/ascii.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
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

/// Our thread must not run the host program's signal handlers.
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

bool is_loopback_name(std::string_view host) noexcept {
  static constexpr std::string_view name = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() < name.size()) return false;
  const std::string_view end = host.substr(host.size() - name.size());
  return detail::ascii::equal_ignoring_case(end, name) &&
         (host.size() == name.size() || host[host.size() - name.size() - 1] == '.');
}

class resolver::search : public std::enable_shared_from_this<search> {
 public:
  explicit search(resolver& asker)
      : host_{asker.host_},
        lookup_{asker.lookup_},
        asker_{asker.weak_from_this()},
        gate_{asker.gate_},
        serial_{asker.serial_} {}

  /// Runs on a thread of its own.
  void run() noexcept {
    try {
      result_ = lookup_(host_);
    } catch (const std::exception&) {
      // Nothing was learnt.
    }
    for (int tries = 0; tries < 5; ++tries) try {
        return come_back();
      } catch (const std::bad_alloc&) {
        std::this_thread::sleep_for(std::chrono::milliseconds{20} * (1 + tries));
      }
    lost_ = true;
  }

  /// The look-up is over, but nobody will be told, as memory ran out for too long.
  bool lost() const noexcept { return lost_; }

 private:
  void come_back() {
    gate_->post([self = shared_from_this()] {
      self->serial_->enter(self->arrived_, self, completion::place::on_executor);
    });
  }
  void arrive() noexcept {
    if (const auto asker = asker_.lock()) asker->on_result(std::move(result_));
  }

  const std::string host_;
  const lookup_function lookup_;
  const std::weak_ptr<resolver> asker_;
  const std::shared_ptr<executor_gate> gate_;
  const std::shared_ptr<serial_gate> serial_;
  std::optional<lookup_result> result_;  // empty if memory ran out
  std::atomic<bool> lost_ = false;
  member_task<search, &search::arrive> arrived_{*this};
};

resolver::resolver(const boost::asio::any_io_executor& executor, std::shared_ptr<serial_gate> serial,
                   std::string host, lookup_function lookup, clock::duration life)
    : host_{std::move(host)},
      lookup_{std::move(lookup)},
      serial_{std::move(serial)},
      gate_{executor_gate::make(executor)},
      cache_{life} {
  boost::system::error_code not_literal;
  const auto literal = ip::make_address(host_, not_literal);
  if (!not_literal)
    by_heart_ = lookup_result{{literal}, {}};
  else if (is_loopback_name(host_))
    by_heart_ = lookup_result{{ip::address_v6::loopback(), ip::address_v4::loopback()}, {}};
}

resolver::~resolver() { gate_->shut(); }

std::optional<lookup_result> resolver::known(clock::time_point now) const {
  return by_heart_ ? by_heart_ : cache_.fresh(now);
}

void resolver::find(std::weak_ptr<waiter> who) {
  std::erase_if(waiters_, [](const auto& gone) { return gone.expired(); });
  waiters_.push_back(std::move(who));
  if (search_ && !search_->lost()) return;
  try {
    start();
  } catch (...) {
    waiters_.pop_back();
    throw;
  }
}

void resolver::start() {
  const auto next = std::make_shared<search>(*this);
  const signals_blocked quiet;
  std::thread{[next] { next->run(); }}.detach();
  search_ = next;
}

void resolver::on_result(std::optional<lookup_result> result) noexcept {
  search_.reset();
  if (result) cache_.store(clock::now(), *std::move(result));
  lookup_result told;
  try {
    told = cache_.latest();
  } catch (const std::bad_alloc&) {
  }
  if (told.found.empty() && told.problem.empty()) told.problem = "out of memory";  // too short to allocate
  const auto waiting = std::exchange(waiters_, {});
  for (const auto& weak : waiting)
    if (const auto alive = weak.lock()) alive->on_addresses(told);
}

}  // namespace ephemint::inline v0::net
