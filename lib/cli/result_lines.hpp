#pragma once

#include <ephemint/clock.hpp>
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
  /// `token_only`: no URL was asked for, and none is written; not with `result_format::url`.
  result_lines(result_format format, const login_options& login, bool token_only = false)
      : format_{format},
        theme_id_{login.theme_id},
        redirect_to_{login.redirect_to},
        token_only_{token_only} {}

  /// Appends the result's line to `out`, or, for what doesn't belong among the data (`url`'s failures), to
  /// `talk`. Gives the failure, if it is one: a token whose login URL can't be built is one, too.
  std::optional<mint_errc> write(const account_result&, clock::time_point now, std::string& out,
                                 std::string& talk);

 private:
  /// `login_url`: empty if none was asked for.
  void write_minted(const account_result&, std::string_view login_url, clock::time_point now,
                    std::string& out);
  void write_failed(const account_result&, const mint_error&, std::string& out, std::string& talk);

  result_format format_;
  std::string theme_id_;
  std::optional<portal_page> redirect_to_;
  bool token_only_;
};

}  // namespace ephemint::cli
