#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::inline v0::detail {

/// `text` in at most `cap` bytes that can go into a log or a terminal: control characters, line and direction
/// marks, and bytes that aren't UTF-8 become `\xNN`; text that doesn't fit is cut off, and `...` marks that.
std::string cleaned(std::string_view text, std::size_t cap);

/// The same in double quotes, for a message of ours that quotes its input.
std::string in_quotes(std::string_view text, std::size_t cap = 80);

/// Removes secrets from texts that came from outside: a server may echo what it was sent.
///
/// Finds them verbatim only. Texts shorter than `shortest` are ignored: they are no secrets, and would be
/// found in ordinary words.
class redactor {
 public:
  static constexpr std::size_t shortest = 4;

  /// The view must stay valid as long as this object is used.
  void hide(std::string_view secret_text) noexcept;
  /// The views, and the span itself, must stay valid too. Replaces the texts of an earlier call.
  void hide_all(std::span<const std::string_view> secret_texts) noexcept { all_hidden_ = secret_texts; }

  bool finds(std::string_view text) const noexcept;
  /// `text` with `[redacted]` in place of each secret.
  std::string operator()(std::string_view text) const;

 private:
  std::span<const std::string_view> all_hidden_;
  std::array<std::string_view, 2> hidden_{};  // redirect_url, token
  std::size_t count_ = 0;
};

}  // namespace ephemint::inline v0::detail
