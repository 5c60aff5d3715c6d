#pragma once

#include "result_line.hpp"

#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>
#include <ephemint/mint_stream.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

enum class result_format { text, json, url };

/// Writes results as lines. The only place where a token reaches the output.
class result_lines {
 public:
  /// `several`: whether there are results for more than one account. Then a URL's line begins with its
  /// account and a tab. `token_only`: no URL was asked for, and none is written; not with
  /// `result_format::url`.
  result_lines(result_format format, const login_options& login, bool several = false,
               bool token_only = false)
      : format_{format},
        several_{several},
        token_only_{token_only},
        theme_id_{login.theme_id},
        redirect_to_{login.redirect_to} {}

  /// Fills an empty line with the result. A result that doesn't belong among the data (a failure with `url`)
  /// goes into `talk` instead, and the line stays empty. Returns the failure, if it is one; a token whose
  /// login URL can't be built counts as one.
  std::optional<mint_error> write(const account_result&, result_line&, std::string& talk);

 private:
  /// `login_url`: empty if none was asked for.
  void write_minted(const account_result&, std::string_view login_url, result_line&);
  void write_failed(const account_result&, const mint_error&, std::string& out, std::string& talk);

  result_format format_;
  bool several_;
  bool token_only_;
  std::string theme_id_;
  std::optional<portal_page> redirect_to_;
};

}  // namespace ephemint::cli
