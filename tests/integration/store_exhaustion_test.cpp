// Memory that runs out at each point of a store client's life.

#include "failing_memory.hpp"
#include "support/store_run.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <new>
#include <string>

namespace ephemint::redis {
namespace {

using test::scripted_store;
using namespace std::chrono_literals;

/// Counts events, without allocating.
struct counter final : store_client::user {
  explicit counter(std::shared_ptr<net::serial_gate> g) : gate{std::move(g)} {}
  void on_ready() noexcept override {}
  void on_value(std::uint64_t, std::vector<store_value>) noexcept override { ++values; }
  void on_failure(std::uint64_t, const store_failure&) noexcept override { ++failures; }
  void on_lost(const store_failure&) noexcept override { ++lost; }
  std::shared_ptr<const void> keeper() noexcept override { return {gate, this}; }

  std::shared_ptr<net::serial_gate> gate;
  int values = 0, failures = 0, lost = 0;
};

class scenario {
 public:
  explicit scenario(std::string url) : url_{std::move(url)} {}

  /// Gets two answers, although something fails on the way. Returns how often something did.
  int run(long n, long in_a_row) {
    test::fail_allocation(n, test::allocator::any, in_a_row);
    while (!store_) try {
        store_settings settings;
        if (!parse_store_url(url_, settings.where).empty()) throw std::bad_alloc{};
        store_ = make_store_client(io_.get_executor(), gate_, std::move(settings), seen_);
      } catch (const std::bad_alloc&) {
        ++failed_;
      }
    for (int wanted = 1; wanted <= 2 && failed_ < 20;) {
      ask();
      if (seen_.values >= wanted) ++wanted;
    }
    close_.store = store_.get();
    gate_->enter(close_, gate_, net::completion::place::elsewhere);
    io_.restart();
    io_.run_for(5s);
    EXPECT_TRUE(io_.stopped()) << "work is left";
    EXPECT_EQ(seen_.values, 2);
    return failed_ + seen_.lost;
  }

 private:
  struct asking final : net::gate_task {
    void run() noexcept override {
      try {
        taken = store->evaluate(++number, "ephemint:{t}:q", test::store_run::call(), 5s);
      } catch (const std::bad_alloc&) {
        taken = false;  // there was no command yet
      }
    }
    store_client* store = nullptr;
    std::uint64_t number = 0;
    bool taken = false;
  };
  struct closing final : net::gate_task {
    void run() noexcept override { store->close(); }
    store_client* store = nullptr;
  };

  /// One command, ended once.
  void ask() {
    const int before = seen_.values + seen_.failures;
    ask_.store = store_.get();
    gate_->enter(ask_, gate_, net::completion::place::elsewhere);
    const int expected = before + (ask_.taken ? 1 : 0);
    const auto limit = std::chrono::steady_clock::now() + 5s;
    while (seen_.values + seen_.failures < expected && std::chrono::steady_clock::now() < limit) try {
        io_.restart();
        io_.run_one_until(limit);
      } catch (const std::bad_alloc&) {
        ADD_FAILURE() << "thrown into the loop";
      }
    EXPECT_EQ(seen_.values + seen_.failures, expected) << "ended once";
    if (!ask_.taken || seen_.values + seen_.failures != expected || seen_.failures > told_) ++failed_;
    told_ = seen_.failures;
  }

  const std::string url_;
  boost::asio::io_context io_{1};
  std::shared_ptr<net::serial_gate> gate_ = std::make_shared<net::serial_gate>(true);
  counter seen_{gate_};
  std::unique_ptr<store_client> store_;
  asking ask_;
  closing close_;
  int failed_ = 0, told_ = 0;
};

void fail_everywhere(const std::string& url, long in_a_row) {
  test::take_part();
  int runs = 0;
  for (long n = 1;; ++n, ++runs) {
    scenario one{url};
    const int failures = one.run(n, in_a_row);
    const bool some_failed = test::stop_failing();
    EXPECT_LE(failures, 6) << n;
    if (!some_failed || testing::Test::HasFailure()) break;
  }
  test::take_part(false);
  EXPECT_GT(runs, 50);
}

TEST(StoreExhaustion, OneAllocationFails) {
  scripted_store store{{[](const scripted_store::words& said) {
    return said[0] == "EVALSHA" ? scripted_store::answer{"-NOSCRIPT no\r\n"} : scripted_store::decent(said);
  }}};
  fail_everywhere("redis://:pw@" + store.address() + "/1", 1);
}

TEST(StoreExhaustion, SeveralInARowFail) {
  scripted_store store{{&scripted_store::decent}};
  fail_everywhere(store.url(), 5);
}

TEST(StoreExhaustion, WhileAskingASentinelAndFollowingAMove) {
  scripted_store second{{&scripted_store::decent}};
  scripted_store first{{scripted_store::evaluating("-MOVED 1 " + second.address() + "\r\n")}};
  const std::string port = first.address().substr(first.address().find(':') + 1);
  const std::string pair =
      "*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(port.size()) + "\r\n" + port + "\r\n";
  scripted_store sentinel{{[&](const scripted_store::words&) { return scripted_store::answer{pair}; }}};
  fail_everywhere("redis-sentinel://" + sentinel.address() + "/m", 1);
}

}  // namespace
}  // namespace ephemint::redis
