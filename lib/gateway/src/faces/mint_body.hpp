#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/mint_request.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// The request of a caller of the sidecar.
struct mint_body {
  account_id account;
  priority urgency = priority::interactive;
  std::optional<std::chrono::milliseconds> deadline;  ///< none: the gateway's
  std::optional<portal_page> redirect_to;             ///< none: the portal decides
  std::string theme_id;                               ///< empty: none
  bool token = false;                                 ///< whether the answer includes it
  bool redirect_url = false;                          ///< whether the answer includes it
};

/// Thrown for an invalid body. `what()` is for its sender, and names the member.
class bad_body : public std::invalid_argument {
 public:
  /// `given` is the sender's text.
  explicit bad_body(std::string why, const std::optional<std::string>& given = {});

  /// For the log: only our own text.
  const std::string& why() const noexcept { return why_; }

 private:
  std::string why_;
};

/// Reads the JSON of `POST /v1/tokens`. Throws `bad_body` for anything else: an unknown member, one that
/// comes twice, or another type. A deadline above `longest` is reduced to it.
mint_body read_mint_body(std::string_view json, std::chrono::milliseconds longest);

/// Reads the JSON of `POST /v1/estimates`. Throws the same.
priority read_estimate_body(std::string_view json);

}  // namespace ephemint::inline v0::gateway
