#pragma once

#include "failing_malloc.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace ephemint::torture {

/// The servers that trials talk to, in another process.
struct world {
  std::string base_url;
  std::string api_key;
  std::string second_key;  ///< is taken as well
  std::string ca_pem;
  std::string proxy;  ///< `http://127.0.0.1:PORT`
  std::string store;  ///< a Redis' URL; empty: there is none
  std::string directory;
};

/// The first error, if there was one. Allocates nothing.
void complain(const char* what) noexcept;
const char* complaint() noexcept;

/// One client and its calls. Allocates nothing itself between `short_of_memory` and `enough_memory`.
class trial {
 public:
  /// The outcome of one call.
  struct call {
    bool refused = false;  ///< it threw `std::bad_alloc`
    int told = 0;
    bool well = false;
    bool over() const { return refused || told > 0; }
  };

  trial(const world& around, http2_use http2, long n, shortage how);

  const world& around;
  client_options options;
  asio::io_context here{1};
  std::optional<client> minter;

  void short_of_memory() noexcept { fail_allocation(n_, how_); }
  void enough_memory() noexcept {
    stop_failing();
    seen_ += allocations();
    failed_ += failures();
    fail_allocation(0);
    stop_failing();
  }
  long seen() const noexcept { return seen_; }
  long failed() const noexcept { return failed_; }

  /// Makes it with as many tries as necessary; memory comes back before the second.
  void make();
  /// Makes a client that has a connection.
  void make_warm();
  /// The client was closed: don't mint at the end.
  void mints_no_more() noexcept { mints_on_ = false; }

  template <class Begin>
  call& begin(Begin what) {
    call& one = calls_.at(made_++);
    try {
      what(one);
    } catch (const std::bad_alloc&) {
      one.refused = true;
    } catch (const std::exception&) {
      complain("an initiating function threw something else than bad_alloc");
      one.refused = true;
    }
    return one;
  }
  static auto handler_of(call& one) {
    return [&one](const auto& result) {
      ++one.told;
      one.well = result.has_value();
    };
  }
  call& mint(const mint_request& request);
  call& mint(const char* account = "se-1") { return mint(mint_request{account}); }

  /// Until all calls are over.
  void run();
  void run_briefly() {
    here.restart();
    here.poll();
  }
  /// Whether the condition holds in time. The context may not throw.
  template <class Over>
  void run_until(Over over) {
    const auto limit = clock::now() + std::chrono::seconds{8};
    while (!over() && clock::now() < limit) try {
        here.restart();
        here.run_one_for(std::chrono::milliseconds{2});
      } catch (const std::exception&) {
        complain("an exception came out of run()");
      }
    if (!over()) complain("it hangs");
  }

  /// Runs for that time, then lets memory come back: mints without a deadline wait for that.
  void run_in_want(std::chrono::milliseconds time) {
    const auto limit = clock::now() + time;
    run_until([&] { return clock::now() >= limit; });
    enough_memory();
    run();
  }

  /// Makes memory run out only inside a coroutine, as `co_spawn` itself allocates in Asio's code.
  template <class Body>
  void in_coroutine(Body body) {
    bool ended = false;
    const auto main = [this, &body]() -> asio::awaitable<void> {
      auto inner = body();
      short_of_memory();
      co_await std::move(inner);
      enough_memory();
    };
    asio::co_spawn(here, main(), [&](std::exception_ptr thrown) {
      ended = true;
      if (thrown) complain("an exception came out of the coroutine");
    });
    run_until([&] { return ended; });
    if (ended) return;
    enough_memory();
    run_until([&] { return ended; });
  }

  /// Lets memory come back, and checks that the client mints, each call ended once, and no work is left.
  void end();

 private:
  const long n_;
  const shortage how_;
  std::array<call, 96> calls_{};
  std::size_t made_ = 0;
  long seen_ = 0, failed_ = 0;
  bool mints_on_ = true;
};

struct scenario {
  const char* name;
  void (*play)(trial&);
  enum class needs { nothing, store } what = needs::nothing;
  /// Run it only over HTTP/1.1: it is about the gateway, or about connections for one request each.
  bool http1_alone = false;
};

/// All scenarios; the last one has no name.
extern const scenario client_scenarios[];
extern const scenario gateway_scenarios[];
extern const scenario store_scenarios[];

}  // namespace ephemint::torture
