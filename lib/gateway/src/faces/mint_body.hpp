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

/// What a sidecar's caller asks for.
struct mint_body {
  account_id account;
  priority urgency = priority::interactive;
  std::optional<std::chrono::milliseconds> deadline;  ///< none: the gateway's
  std::optional<portal_page> redirect_to;             ///< none: the portal decides
  std::string theme_id;                               ///< empty: none
  bool token = false;                                 ///< the answer shall have it
  bool redirect_url = false;                          ///< and this
};

/// A body that can't be right. `what()` is for its sender, and names the member.
class bad_body : public std::invalid_argument {
 public:
  /// `given` is the sender's word.
  explicit bad_body(std::string why, const std::optional<std::string>& given = {});

  /// For the log: our own words alone.
  const std::string& why() const noexcept { return why_; }

 private:
  std::string why_;
};

/// Reads the JSON of `POST /v1/tokens`. Throws `bad_body` for whatever isn't exactly that: an unknown member,
/// one that comes twice, another type. A deadline over `longest` is that.
mint_body read_mint_body(std::string_view json, std::chrono::milliseconds longest);

/// Reads the JSON of `POST /v1/estimates`. Throws the same.
priority read_estimate_body(std::string_view json);

}  // namespace ephemint::inline v0::gateway
