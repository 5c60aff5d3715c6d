#include "arguments.hpp"
#include "commands.hpp"
#include "descriptor.hpp"
#include "talk.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <utility>
#include <variant>

namespace {

using namespace ephemint::cli;

struct run_command {
  exit_status operator()(const show_text& shown) const {
    std::fputs(shown.text.c_str(), stdout);
    return std::fflush(stdout) == 0 ? exit_status::all_minted : exit_status::some_failed;
  }
  exit_status operator()(const mint_arguments& given) const { return run_mint(given); }
  exit_status operator()(const sandbox_arguments& given) const { return run_sandbox(given); }
  exit_status operator()(const demo_arguments& given) const { return run_demo(given); }
  exit_status operator()(const link_arguments& given) const { return run_link(given); }
  exit_status operator()(gateway_arguments&& given) const { return run_gateway(std::move(given)); }
};

exit_status run(int count, char** arguments) {
  try {
    return std::visit(run_command{}, parse_command_line(count, arguments));
  } catch (const usage_error& wrong) {
    complain(wrong.what());
    return exit_status::bad_usage;
  } catch (const std::exception& error) {
    complain(error.what());
    return exit_status::some_failed;
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe gives an error from `write` instead of ending us
  occupy_standard_descriptors();
  return static_cast<int>(run(count, arguments));
}
