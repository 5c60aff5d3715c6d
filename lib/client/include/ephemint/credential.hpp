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

/// The partner's API key, as clients share it. It is a handle: all copies name one key, and share what is
/// known about whether the API refuses it. Clients with copies of one credential learn from each other of a
/// refusal and of a new key.
///
/// The key's text is kept once, overwritten when nobody uses it any more, and never printed.
///
/// \par Threads
/// Different copies may be used from different threads at once; a single object has the thread safety of any
/// other value.
///
/// \par Lifetime
/// Depends on nothing, and may outlive the clients and their context. The child of a `fork` has a copy of its
/// own, which isn't told of a new key in the parent. No other thread may use a credential at the moment of
/// the fork.
///
///     ephemint::credential key{ephemint::secret{text}};
///     ephemint::client client{executor, {.api_key = key}};
///     …
///     key.rotate(ephemint::secret{renewed});
class EPHEMINT_EXPORT credential {
 public:
  /// An empty credential; `rotate` gives it a key. Throws `std::bad_alloc`.
  credential();
  /// Implicit, so that `options.api_key = secret{text}` compiles. Takes any text: a client's constructor
  /// checks it. Throws `std::bad_alloc`.
  credential(secret api_key);
  /// Names the same key. There is no move: a moved-from credential would have no key to share.
  credential(const credential&) noexcept = default;
  /// Names the other's key from now on. A client that was made with a copy keeps the key of that copy.
  credential& operator=(const credential&) noexcept = default;
  ~credential() = default;

  /// Whether there is no key yet. From any thread.
  bool empty() const noexcept;

  /// Replaces the key for every copy and every client that has one. Requests under way, and one that another
  /// thread is just writing, keep the old key, which is overwritten when the last of them is over. Their
  /// replies say nothing about the new key: if the old key was refused, the mint is tried again with the new
  /// one, and that isn't counted as an attempt. Clients that had stopped because the old key was refused go
  /// on. From any thread.
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
