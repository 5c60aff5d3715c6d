#include "commands.hpp"
#include "mint_run.hpp"
#include "talk.hpp"

#include <unistd.h>

namespace ephemint::cli {

exit_status run_mint(const mint_arguments& given) {
  check_accounts(given);
  check_results(given);
  check_quota_store(given.store, given.rate);
  if (given.accounts_file == "-" && terminal_on(STDIN_FILENO).is_one)
    talk("reading accounts from this terminal, one a line; Ctrl-D ends them\n");
  return mint_run{given}.run();
}

}  // namespace ephemint::cli
