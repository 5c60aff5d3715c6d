#pragma once

#include <ephemint/export.hpp>
#include <ephemint/secret.hpp>

#include <cstdint>
#include <iosfwd>
#include <memory>

namespace ephemint::inline v0 {

namespace core {
class key_state;
}
namespace detail {
struct credential_access;
}

/// The partner's API key, as clients share it: a handle, whose copies all name the one key, and what is known
/// of the API's refusing it. Clients with copies of one credential hear of a refusal from each other, and of
/// a new key.
///
/// The key's text is kept once, overwritten when nobody uses it any more, and never printed.
///
/// \par Threads
/// Copies may be used at once from any threads, one object as any other value.
///
/// \par Lifetime
/// Depends on nothing, and may outlive the clients and their context. The child of a `fork` has a copy of its
/// own, which doesn't hear of a new key in the parent; no other thread may use it at that moment.
///
///     ephemint::credential key{ephemint::secret{text}};
///     ephemint::client client{executor, {.api_key = key}};
///     …
///     key.rotate(ephemint::secret{renewed});
class EPHEMINT_EXPORT credential {
 public:
  /// An empty one; `rotate` gives it a key. Throws `std::bad_alloc`.
  credential();
  /// Implicit, so that `options.api_key = secret{text}` does. Takes any text: a client's constructor checks
  /// it. Throws `std::bad_alloc`.
  credential(secret api_key);
  /// Names the same key. There are copies only: one that was moved from would be without a key to share.
  credential(const credential&) noexcept = default;
  /// Names the other's key from now on; a client that has a copy keeps the one that it was made with.
  credential& operator=(const credential&) noexcept = default;
  ~credential() = default;

  /// Whether there is no key yet. From any thread.
  bool empty() const noexcept;

  /// From now on the key is this one, for every copy and every client that has one. Requests that are out
  /// keep the old key, which is overwritten when the last of them is over; so is one that another thread
  /// writes at this very moment. What the API answers to them says nothing about the new key: a mint whose
  /// request was refused for the old one goes again with the new one, at no cost. Whatever refusals of the
  /// old key had stopped goes on. From any thread.
  ///
  /// Throws `std::invalid_argument`, naming `api_key`, if the key isn't 1 to 512 visible ASCII characters,
  /// and `std::bad_alloc`; the key is then as before.
  void rotate(secret api_key);

  /// Counts the keys: each `rotate` adds one. From any thread.
  std::uint64_t version() const noexcept;

  /// Writes `[redacted]`, whatever is inside.
  EPHEMINT_EXPORT friend std::ostream& operator<<(std::ostream& out, const credential&);

 private:
  friend struct detail::credential_access;

  std::shared_ptr<core::key_state> state_;
};

}  // namespace ephemint::inline v0
