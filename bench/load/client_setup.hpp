#pragma once

#include "minter.hpp"
#include "scenario.hpp"

#include <ephemint/client_options.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <utility>

namespace ephemint::bench {

namespace asio = boost::asio;

/// The library's defaults but for what the scenario says; one thread runs all, so no strand is needed.
inline client_options options_for(const server_address& server, const scenario& s) {
  client_options options;
  options.base_url = server.base_url;
  options.api_key = secret{server.api_key};
  options.system_authorities = server.authority_pem.empty();
  options.authority_pem = server.authority_pem;
  options.rate = s.rate;
  options.deadline = s.deadline;
  options.max_connections = s.connections;
  options.single_threaded = true;
  return options;
}

/// Runs the context until that has ended. Throws what it throws.
inline void run_alone(asio::io_context& context, asio::awaitable<void> task) {
  bool ended = false;
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown) {
    ended = true;
    failure = std::move(thrown);
  });
  while (!ended) {
    context.restart();
    context.run_one();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ephemint::bench
