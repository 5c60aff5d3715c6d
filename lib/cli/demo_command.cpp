#include "commands.hpp"
#include "demo_run.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace ephemint::cli {

exit_status run_demo(const demo_arguments& given) {
  demo_run both{given.accounts};
  fmt::print(
      "Minting login tokens for {} account{}, with a plain client and with Ephemint, side by side.\n"
      "Each has a sandbox in this process that admits {} requests in any {} s, answers in 20 to 30 ms,\n"
      "fails now and then, and has its connections closed.\n\n",
      with_thousands(given.accounts), given.accounts == 1 ? "" : "s", demo_run::requests_admitted,
      demo_run::window.count());
  std::fflush(stdout);
  return both.run();
}

}  // namespace ephemint::cli
