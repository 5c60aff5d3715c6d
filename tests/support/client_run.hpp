#pragma once

#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::test {

using namespace std::chrono_literals;

/// Options for a client of that sandbox: only its authority trusted, its key, no quota. HTTP/1.1 by default,
/// where each request has its own connection, as tests count connections.
inline client_options options_for(const sandbox::server& api) {
  client_options o;
  o.base_url = api.base_url();
  o.api_key = secret{api.api_key()};
  o.system_authorities = false;
  o.authority_pem = api.ca_pem();
  o.rate = quota::unlimited();
  o.http2 = http2_use::never;
  return o;
}

/// The protocols that a client speaks here.
inline std::vector<http2_use> protocols() {
  std::vector<http2_use> all{http2_use::never};
  if (sandbox::server{}.speaks_http2()) all.push_back(http2_use::only);
  return all;
}

/// A sandbox that does what these specs say (see `sandbox::parse_fault`).
inline sandbox::server_options faulty(const std::vector<std::string>& specs) {
  sandbox::server_options o;
  for (const auto& spec : specs) o.faults.push_back(sandbox::parse_fault(spec));
  return o;
}

/// se-0, se-1, … of that many accounts.
inline std::vector<std::string> accounts(int n) {
  std::vector<std::string> all;
  for (int i = 0; i < n; ++i) all.push_back("se-" + std::to_string(i));
  return all;
}

/// Runs `main` to its end on a context of its own. Fails the test if it takes longer than `limit`, or if work
/// is left on the context when it has ended: nothing may hang, nothing may leak.
template <class Main>
void run(Main main, std::chrono::seconds limit = 30s) {
  asio::io_context context;
  bool ended = false;
  std::exception_ptr thrown;
  auto task = main();
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) {
    ended = true;
    thrown = e;
  });
  context.run_for(limit);
  EXPECT_TRUE(ended) << "hangs";
  EXPECT_TRUE(context.stopped()) << "work is left on the context";
  if (thrown) std::rethrow_exception(thrown);
}

/// On so many threads a client's tests run.
inline std::size_t thread_count() {
  const char* const asked = std::getenv("EPHEMINT_TEST_THREADS");
  return asked ? static_cast<std::size_t>(std::max(1, std::atoi(asked))) : 4;
}

/// Real time passes.
inline asio::awaitable<void> pause_for(std::chrono::milliseconds time) {
  asio::steady_timer timer{co_await asio::this_coro::executor, time};
  co_await timer.async_wait(asio::use_awaitable);
}

/// The outcome of one mint: `minted`, or the error's name.
inline std::string name_of(const mint_result& r) {
  return r.has_value() ? "minted" : std::string{to_string(r.error().value())};
}

/// One mint by a client of its own, which is destroyed when this returns.
inline mint_result mint_once(const sandbox::server&, client_options options,
                             mint_request request = {"se-1"}) {
  mint_result outcome = mint_error{mint_errc::closed};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    outcome = co_await c.mint(request);
  });
  return outcome;
}

}  // namespace ephemint::test
