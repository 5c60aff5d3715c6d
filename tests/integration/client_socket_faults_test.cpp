// Each call of the system that a client makes fails once, in turn.
#include "support/client_run.hpp"
#include "support/failing_sockets.hpp"

#include <boost/asio/redirect_error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ostream>

namespace ephemint::test {
namespace {

struct socket_fault {
  socket_call call;
  int error;
};

std::ostream& operator<<(std::ostream& out, const socket_fault& f) {
  return out << to_string(f.call) << ' ' << ::strerrorname_np(f.error);
}

/// The result of one scenario.
struct figures {
  bool failed_a_call = true;
  int failed_mints = 0;
  std::string last;  ///< of the mint after all of it
  long calls = 0;
  long sockets_left = 0;
};

client_options quick_options(const sandbox::server& api) {
  auto o = options_for(api);
  o.single_threaded = true;
  o.max_connections = 2;
  o.first_backoff = 1ms;
  o.max_backoff = 5ms;
  // Only these end the wait after a call that returns EAGAIN although there are bytes.
  o.attempt_timeout = 100ms;
  o.connect_timeout = 200ms;
  o.handshake_timeout = 100ms;
  return o;
}

asio::awaitable<void> mint_some(client& c, figures& f) {
  for (int i = 0; i < 2; ++i) {
    const auto alone = co_await c.mint({.account = "se-1"});
    f.failed_mints += !alone;
  }
  int left = 4;
  asio::steady_timer all{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
  for (int i = 0; i < 4; ++i)
    c.async_mint({.account = "se-2"}, [&](mint_result r) {
      f.failed_mints += !r;
      if (--left == 0) all.cancel();
    });
  boost::system::error_code woken;
  co_await all.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

/// Some mints on cold and warm connections, one at a time and at once, while a call fails; then one more.
figures scenario(const sandbox::server& api, socket_fault fault, long n) {
  figures f;
  watch_sockets();
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, quick_options(api)};
    fail_call(fault.call, n, fault.error);
    co_await mint_some(c, f);
    f.failed_a_call = stop_failing_calls();
    const auto last = co_await c.mint({.account = "se-3"});
    f.last = name_of(last);
  });
  f.calls = calls_made();
  f.sockets_left = sockets_open();
  return f;
}

class SocketFaults : public ::testing::TestWithParam<socket_fault> {};

// behaviours: H2, I1, I2
TEST_P(SocketFaults, a_call_that_fails_once_costs_one_mint_at_most_and_the_client_goes_on) {
  const sandbox::server api;
  const socket_fault fault = GetParam();
  const long usual_calls = scenario(api, fault, 0).calls;
  long n = 1;
  for (figures f; f.failed_a_call; ++n) {
    f = scenario(api, fault, n);
    ASSERT_LE(f.failed_mints, 1) << "call " << n;
    ASSERT_EQ(f.last, "minted") << "call " << n;
    ASSERT_LE(f.calls, 3 * usual_calls) << "it spins when call " << n << " fails";
    ASSERT_EQ(f.sockets_left, 0) << "call " << n;
    ASSERT_FALSE(signal_risked());
  }
  EXPECT_GT(n, 2) << "no such call was made: nothing was shown";
}

std::string name_of_fault(const ::testing::TestParamInfo<socket_fault>& info) {
  return std::string{to_string(info.param.call)} + '_' + ::strerrorname_np(info.param.error);
}

INSTANTIATE_TEST_SUITE_P(
    Each, SocketFaults,
    ::testing::Values(socket_fault{socket_call::socket, EMFILE}, socket_fault{socket_call::socket, ENOBUFS},
                      socket_fault{socket_call::connect, EINTR}, socket_fault{socket_call::connect, EAGAIN},
                      socket_fault{socket_call::connect, ECONNRESET},
                      socket_fault{socket_call::connect, ENOBUFS}, socket_fault{socket_call::send, EINTR},
                      socket_fault{socket_call::send, EAGAIN}, socket_fault{socket_call::send, ECONNRESET},
                      socket_fault{socket_call::send, ENOBUFS}, socket_fault{socket_call::send, EPIPE},
                      socket_fault{socket_call::recv, EINTR}, socket_fault{socket_call::recv, EAGAIN},
                      socket_fault{socket_call::recv, ECONNRESET}, socket_fault{socket_call::recv, ENOBUFS},
                      socket_fault{socket_call::setsockopt, ENOBUFS},
                      socket_fault{socket_call::getsockopt, ENOBUFS}, socket_fault{socket_call::ioctl, EINTR},
                      socket_fault{socket_call::epoll_ctl, ENOMEM},
                      socket_fault{socket_call::epoll_ctl, ENOSPC},
                      socket_fault{socket_call::epoll_wait, EINTR}),
    name_of_fault);

}  // namespace
}  // namespace ephemint::test
