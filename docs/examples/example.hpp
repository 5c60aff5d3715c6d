#pragma once

#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <utility>

/// What the examples share; none of it is shown in the guide.
namespace example {

/// Options of a client that mints from the sandbox instead of the API.
inline ephemint::client_options options_for(const ephemint::sandbox::server& api) {
  ephemint::client_options options;
  options.base_url = api.base_url();
  options.api_key = ephemint::secret{api.api_key()};
  options.system_authorities = false;
  options.authority_pem = api.ca_pem();
  return options;
}

/// Runs a coroutine to its end on a context of its own; what it throws comes out here.
inline void run(boost::asio::awaitable<void> main, boost::asio::io_context& context) {
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, std::move(main), [&](std::exception_ptr e) { thrown = e; });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace example
