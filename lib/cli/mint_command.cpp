#include "commands.hpp"
#include "mint_run.hpp"

namespace ephemint::cli {

exit_status run_mint(const mint_arguments& given) {
  check_accounts(given);
  check_results(given);
  return mint_run{given}.run();
}

}  // namespace ephemint::cli
