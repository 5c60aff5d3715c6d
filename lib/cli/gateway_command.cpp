#include "commands.hpp"
#include "gateway_run.hpp"
#include "option_variables.hpp"
#include "option_words.hpp"
#include "talk.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::cli {
namespace {

/// Does everything that a start does, apart from listening. A client doesn't connect before it is used.
exit_status check_gateway(gateway_arguments given) {
  boost::asio::io_context context;
  std::optional<quota_store> store;
  try {
    place_listeners(given, take_activated_sockets());
    const gateway::server_options options = load(given, context, store, complain);
    gateway::check(options);
    const client minter{context.get_executor(), options.client};
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{in_words_of_the_command(wrong.what())};
  }
  std::fputs("ok: it would start\n", stdout);
  return std::fflush(stdout) == 0 ? exit_status::all_minted : exit_status::some_failed;
}

}  // namespace

exit_status run_gateway(gateway_arguments given) {
  const std::vector<std::string> by_variable = given.by_variable;
  try {
    if (given.check) return check_gateway(std::move(given));
    return gateway_run{std::move(given)}.run();
  } catch (const usage_error& wrong) {
    throw usage_error{by_their_variables(wrong.what(), by_variable)};
  }
}

}  // namespace ephemint::cli
