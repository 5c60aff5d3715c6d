#pragma once

#include <ephemint/export.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ephemint::inline v0 {

/// The customer account that a token is minted for: the value of the request's `On-Behalf-Of`.
///
/// The API documents neither form nor length (`242822` and `se-123456` are both seen), so it is an opaque
/// token of 1 to 128 visible ASCII characters. It may be made of any text; `valid()` says whether the API can
/// take it, and a mint with an invalid one fails with `mint_errc::invalid_request` before any I/O.
///
/// Trivially copyable and without heap memory, on purpose: `co_await c.mint({.account = "se-1"})` makes it a
/// temporary of an await expression, and there g++ 12 destroys some non-trivial temporaries twice.
///
///     ephemint::account_id account{session.account};
///     if (!account.valid()) refuse(session);
///
/// Keeps a copy of the text. Nothing here throws.
class account_id {
 public:
  /// The longest valid length, in characters.
  static constexpr std::size_t max_size = 128;

  /// An empty id, which isn't valid.
  constexpr account_id() noexcept = default;
  /// Implicit, so that `{.account = text}` compiles. If the text is longer than `max_size` characters, only
  /// these are kept, and the id isn't valid.
  constexpr account_id(std::string_view text) noexcept
      : size_{static_cast<std::uint8_t>(text.size() > max_size ? oversized : text.size())} {
    for (std::size_t i = 0; i < str().size(); ++i) text_[i] = text[i];
  }
  /// The same from a null-terminated string. The pointer must not be null.
  constexpr account_id(const char* text) noexcept : account_id{std::string_view{text}} {}
  /// The same from a string.
  account_id(const std::string& text) noexcept : account_id{std::string_view{text}} {}

  /// The characters; only the first `max_size` if the text was too long.
  constexpr std::string_view str() const noexcept {
    return {text_.data(), size_ == oversized ? max_size : size_};
  }

  /// Whether the API can be asked for this account: 1 to `max_size` characters, all of them visible ASCII
  /// (0x21 to 0x7E).
  constexpr bool valid() const noexcept {
    if (size_ == 0 || size_ == oversized) return false;
    for (char c : str())
      if (c < 0x21 || c > 0x7e) return false;
    return true;
  }

  /// Compares the text. An id that was cut short differs from one that was given that shorter text.
  friend constexpr bool operator==(const account_id& a, const account_id& b) noexcept {
    return a.size_ == b.size_ && a.str() == b.str();
  }
  /// Orders by text. An id that was cut short comes after one that was given that shorter text.
  friend constexpr std::strong_ordering operator<=>(const account_id& a, const account_id& b) noexcept {
    const std::strong_ordering by_text = a.str() <=> b.str();
    return by_text == 0 ? a.size_ <=> b.size_ : by_text;
  }

 private:
  static constexpr std::uint8_t oversized = 0xff;

  std::array<char, max_size> text_{};
  std::uint8_t size_ = 0;
};

}  // namespace ephemint::inline v0

template <>
struct std::hash<ephemint::account_id> {
  std::size_t operator()(const ephemint::account_id& id) const noexcept {
    return std::hash<std::string_view>{}(id.str());
  }
};
