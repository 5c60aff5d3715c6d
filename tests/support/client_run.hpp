#pragma once

#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

namespace ephemint::test {

/// Options for a client of that sandbox: its authority trusted and nothing else, its key, no quota of our own.
inline client_options options_for(const sandbox::server& api) {
  client_options o;
  o.base_url = api.base_url();
  o.api_key = secret{api.api_key()};
  o.system_authorities = false;
  o.authority_pem = api.ca_pem();
  o.rate = quota::unlimited();
  return o;
}

/// Runs `main` to its end on a context of its own. Fails the test if it takes longer than `limit`, or if work is left
/// on the context when it has ended: nothing may hang, nothing may leak.
template <class Main>
void run(Main main, std::chrono::seconds limit = std::chrono::seconds{30}) {
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

}  // namespace ephemint::test
