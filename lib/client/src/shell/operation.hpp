#pragma once

#include "core/mints/job.hpp"

#include <ephemint/account_id.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>

#include <boost/intrusive/list.hpp>

#include <optional>

namespace ephemint::inline v0::detail {

/// One mint that somebody waits for: the shell's side of a `core::job`. Lives inside the client's gate from
/// submission on.
class operation {
 public:
  virtual ~operation() = default;

  /// The mint is over. Called inside the gate, once, as the last thing before destruction; must not call
  /// back into user code.
  virtual void complete(mint_result&& outcome) = 0;

  core::job_id job;
  account_id account;
  /// Requests made for it, set before `complete`.
  int attempts = 0;
  /// What the last attempt met, told when there is no next one.
  std::optional<mint_error> last;

  boost::intrusive::list_member_hook<> among_live;
  boost::intrusive::list_member_hook<> among_siblings;  ///< of one stream
};

}  // namespace ephemint::inline v0::detail
