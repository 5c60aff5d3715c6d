#pragma once

#include <ephemint/export.hpp>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string_view>

namespace ephemint::inline v0 {

/// Text that must not leak: move-only, overwritten on destruction, printed as `[redacted]`.
///
/// The one place where secrets are kept and wiped: API keys, tokens and redirect URLs all live in one of
/// these. A moved-from secret is empty.
///
///     ephemint::secret key{buffer};
///     ephemint::wipe(buffer.data(), buffer.size());
///
/// Thread safety is that of any value. Only the constructors that copy text throw.
class EPHEMINT_EXPORT secret {
 public:
  /// An empty secret.
  secret() noexcept = default;
  /// Copies `text`; wiping the original is the caller's business. Throws `std::bad_alloc`.
  explicit secret(std::string_view text);
  /// One secret made of two pieces, in one block of memory. Throws `std::bad_alloc`.
  secret(std::string_view first, std::string_view second);
  /// Takes over the text without copying it; `other` is then empty.
  secret(secret&& other) noexcept;
  /// The same; the text that was here is overwritten first.
  secret& operator=(secret&& other) noexcept;
  /// Overwrites the text.
  ~secret();

  /// The text itself; valid while this secret lives and isn't assigned to or moved from.
  std::string_view reveal() const noexcept { return {text_.get(), size_}; }
  /// Whether there is no text.
  bool empty() const noexcept { return size_ == 0; }

  /// Writes `[redacted]`, whatever is inside.
  EPHEMINT_EXPORT friend std::ostream& operator<<(std::ostream& out, const secret&);

 private:
  void wipe() noexcept;

  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
};

/// Overwrites memory that held a secret, such as the buffer from which a key was read, in a way that the
/// compiler can't optimize away.
EPHEMINT_EXPORT void wipe(void* memory, std::size_t size) noexcept;

}  // namespace ephemint::inline v0
