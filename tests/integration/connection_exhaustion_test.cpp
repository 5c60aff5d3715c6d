// Memory that runs out at each moment of a connection's life.

#include "connection_run.hpp"
#include "failing_memory.hpp"
#include "net/dial/authorities.hpp"
#include "scripted_server.hpp"
#include "support/seeds.hpp"
#include "temporary_file.hpp"
#include "test_proxy.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;
using test::allocator;
using test::connection_run;
using test::peer;
using test::scripted_server;

constexpr std::string_view request = "POST /token HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view stale = "POST /stale HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n";

/// Answers a `request`, ends at a `stale` one.
void serve(peer& client) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n" + std::string(6000, 't');
  if (!client.shake_hands()) return;
  while (client.read_request() == request) client.write(answer);
}

/// Counts events, without allocating.
struct counter final : link_observer {
  void on_open(link_id, link_room, const dial_facts& how) override {
    ++opened;
    resumed = how.resumed;
  }
  void on_dial_failed(link_id, const failure& why) override {
    ++dials_failed;
    note(why);
  }
  void on_capacity(link_id, std::uint32_t) override {}
  void on_heard(link_id) override {}
  void on_retiring(link_id) override {}
  void on_reply(link_id, attempt_id, const detail::http_reply& reply) override {
    ++replies;
    out = false;
    reusable = reply.reusable;
  }
  void on_attempt_lost(link_id, attempt_id, fate, const failure&) override { ADD_FAILURE(); }
  void on_gone(link_id, fate, const failure& why) override {
    ++gone;
    if (!std::exchange(out, false)) return;
    ++attempts_lost;
    note(why);
  }

  void note(const failure& why) noexcept { retryable = retryable && why.retryable; }

  int opened = 0, dials_failed = 0, replies = 0, attempts_lost = 0, gone = 0;
  bool resumed = false, reusable = true;
  bool out = false;       // a request
  bool retryable = true;  // all that went wrong
};

/// A client's net in small: the endpoint, one connection after the other.
class scenario {
 public:
  scenario(endpoint_settings settings, lookup_function lookup)
      : settings_{std::move(settings)}, lookup_{std::move(lookup)} {}

  /// The n-th allocation fails: of all, or of those after the endpoint was made.
  void run(long n, allocator which, bool with_endpoint) {
    if (!with_endpoint) make_end();
    test::fail_allocation(n, which);
    if (with_endpoint) make_end();
    using step = void (scenario::*)();
    for (const step next : {&scenario::dial, &scenario::mint, &scenario::go_stale, &scenario::dial,
                            &scenario::mint, &scenario::close}) {
      (this->*next)();
      if (testing::Test::HasFatalFailure()) return;
    }
    io_.restart();
    io_.run_for(5s);
    EXPECT_TRUE(io_.stopped()) << "work is left";
  }
  bool resumed() const { return seen_.resumed; }
  int failures() const { return failures_; }
  bool all_retryable() const { return seen_.retryable; }

 private:
  void make_end() {
    for (end_ = nullptr; !end_;) try {
        end_ = std::make_shared<endpoint>(io_.get_executor(), gate_, settings_, lookup_);
      } catch (const std::bad_alloc&) {
        ++failures_;
      }
  }

  /// Dials until a connection stands.
  void dial() {
    for (const int before = seen_.opened; seen_.opened == before;) {
      ASSERT_LE(failures_, 1) << "one failure costs one connection";
      const int told = seen_.opened + seen_.dials_failed;
      try {
        link_ = std::make_shared<connection>(io_.get_executor(), gate_, end_, 1, seen_);
      } catch (const std::bad_alloc&) {
        ++failures_;
        continue;
      }
      link_->connect(1s, 5s);
      run_until([&] { return seen_.opened + seen_.dials_failed > told; });
      ASSERT_EQ(seen_.opened + seen_.dials_failed, told + 1) << "told once";
      if (seen_.opened == before) ++failures_;
    }
  }

  /// Sends until a reply has come.
  void mint() {
    for (const int before = seen_.replies; seen_.replies == before;) {
      if (!seen_.reusable || seen_.gone > expected_gone_) again();
      if (testing::Test::HasFatalFailure()) return;
      const int lost = seen_.attempts_lost;
      if (!(seen_.out = link_->send(1, {.text = request}))) {
        again();
        continue;
      }
      run_until([&] { return seen_.replies > before || seen_.attempts_lost > lost; });
      ASSERT_EQ(seen_.replies - before + seen_.attempts_lost - lost, 1) << "ended once";
      if (seen_.replies == before) again();
    }
  }

  /// A request at which the server ends.
  void go_stale() {
    if (!seen_.reusable || seen_.gone > expected_gone_) again();
    if (testing::Test::HasFatalFailure()) return;
    const int lost = seen_.attempts_lost;
    if (!(seen_.out = link_->send(2, {.text = stale}))) {
      ++failures_;
      return forget();
    }
    run_until([&] { return seen_.attempts_lost > lost; });
    ASSERT_EQ(seen_.attempts_lost, lost + 1);
    forget();
  }

  void close() {
    link_->close();
    link_.reset();
  }
  /// Something failed: on another connection.
  void again() {
    ++failures_;
    forget();
    dial();
  }
  /// Drops the connection, whatever its state.
  void forget() {
    seen_.reusable = true;
    expected_gone_ = seen_.gone;
    link_->close();
  }

  template <class Condition>
  void run_until(Condition over) {
    const auto limit = clock::now() + 5s;
    io_.restart();
    // A look-up under way is no work of the context, but the dial's own time limit is.
    while (!over() && io_.run_one_until(limit) != 0) continue;
    ASSERT_TRUE(over()) << "nothing was told";
  }

  asio::io_context io_{1};
  const std::shared_ptr<serial_gate> gate_ = std::make_shared<serial_gate>(true);
  const endpoint_settings settings_;
  const lookup_function lookup_;
  counter seen_;
  std::shared_ptr<endpoint> end_;
  std::shared_ptr<connection> link_;
  int expected_gone_ = 0;
  int failures_ = 0;
};

lookup_result look_up(const std::string&) {
  test::take_part();
  return {{asio::ip::make_address("127.0.0.1")}, {}};
}

class Exhaustion : public testing::Test {
 protected:
  Exhaustion() {
    test::take_part();
    for (int i = 0; i < 2; ++i) go_through();  // what OpenSSL makes once
  }

  void go_through(long n = 0, allocator which = allocator::any, bool with_endpoint = true) {
    endpoint_settings settings = connection_run::settings_for(server.port(), "api.test");
    settings.proxy = proxy;
    scenario once{std::move(settings), &look_up};
    once.run(n, which, with_endpoint);
    resumed = once.resumed();
    // OpenSSL doesn't always report a lack of memory: then the server seems to be at fault.
    EXPECT_TRUE(once.all_retryable() || which == allocator::openssl);
    failures = once.failures();
  }

  /// Each allocation from the first to the last fails once. Where one of OpenSSL's fails, only our own blocks
  /// are counted: it loses some of its own on such ways itself.
  void each_fails(allocator which, bool with_endpoint = true) {
    const auto stride = static_cast<long>(test::one_seed_in());
    const allocator counted = which == allocator::ours ? allocator::any : allocator::ours;
    long n = 1;
    for (bool failed = true; failed && !HasFailure(); n += stride) {
      SCOPED_TRACE("allocation " + std::to_string(n));
      const long before = test::live_blocks(counted);
      go_through(n, which, with_endpoint);
      failed = test::stop_failing();
      ERR_clear_error();
      const auto limit = clock::now() + 5s;  // the look-up's thread may still be ending
      while (test::live_blocks(counted) != before && clock::now() < limit) std::this_thread::yield();
      EXPECT_EQ(test::live_blocks(counted), before) << "blocks leaked";
    }
    if (HasFailure()) return;
    RecordProperty("allocations", static_cast<int>(n - 1 - stride));
    EXPECT_EQ(failures, 0);
    EXPECT_TRUE(resumed);
  }

  scripted_server server{connection_run::good_server(), {&serve}};
  std::optional<proxy_settings> proxy;
  bool resumed = false;
  int failures = 0;
};

// behaviours: H1
TEST_F(Exhaustion, each_allocation_of_ours_fails_once_and_costs_at_most_a_connection) {
  each_fails(allocator::ours);
}

// behaviours: H1, Y1
TEST_F(Exhaustion, each_allocation_of_ours_fails_once_on_the_way_through_a_proxy) {
  test::test_proxy between{{&test::relay_gladly}};
  const auto credentials = std::make_shared<const secret>("user:hunter2");
  proxy = proxy_settings{.host = "proxy.test", .port = between.port(), .credentials = credentials};
  each_fails(allocator::ours);
}

// behaviours: H1
TEST_F(Exhaustion, each_allocation_of_openssl_fails_once_and_costs_at_most_a_connection) {
  each_fails(allocator::openssl, false);
}

bool believes(SSL_CTX& context, const test::identity& shown) {
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check{X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free};
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(&context), shown.certificate.get(), nullptr);
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(check.get()), 1);
  return X509_verify_cert(check.get()) == 1;
}

// behaviours: H1, T10
TEST(ExhaustedAuthorities, each_allocation_of_ours_fails_once_while_the_file_is_read_again) {
  const test::identity roots[] = {test::make_root("One"), test::make_root("Other")};
  const test::identity leaves[] = {test::issue(roots[0], {}), test::issue(roots[1], {})};
  const test::temporary_file file{roots[0].pem()};
  const test::openssl_pointer<SSL_CTX> context{SSL_CTX_new(TLS_client_method())};
  authorities who{*context, {.host = "api.test", .system_authorities = false, .authority_file = file.path()}};
  clock::time_point now{1h};
  test::take_part();
  bool failed = true;
  for (long n = 1; failed && !testing::Test::HasFailure(); ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    const int next = believes(*context, leaves[0]) ? 1 : 0;
    std::ofstream{file.path()} << roots[next].pem();
    now += authorities::pause;
    bool read = false;
    test::fail_allocation(n, allocator::ours);
    try {
      read = who.read_again(now);
    } catch (const std::bad_alloc&) {
      EXPECT_TRUE(believes(*context, leaves[1 - next])) << "all is as it was";
      read = who.read_again(now);
    }
    failed = test::stop_failing();
    ERR_clear_error();
    EXPECT_TRUE(read) << who.problem();
    EXPECT_TRUE(believes(*context, leaves[next]));
    EXPECT_FALSE(believes(*context, leaves[1 - next]));
  }
  test::take_part(false);
}

}  // namespace
}  // namespace ephemint::net
