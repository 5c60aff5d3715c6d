#pragma once

#include <memory>
#include <new>
#include <string>

namespace ephemint::inline v0::net {

/// Empties this thread's queue of OpenSSL errors, and returns the text of the first one. Throws
/// `std::bad_alloc` if a lack of memory is among them, or if there are none (there may have been no memory to
/// record one).
std::string take_openssl_problem();

/// Whether memory ran out; leaves the queue unchanged.
bool openssl_lacks_memory() noexcept;

// For calls that can fail only for want of memory.
template <class T>
T* checked(T* made) {
  if (made == nullptr) throw std::bad_alloc{};
  return made;
}
inline void check(int result) {
  if (result != 1) throw std::bad_alloc{};
}

template <auto Free>
struct openssl_deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using openssl_pointer = std::unique_ptr<T, openssl_deleter<Free>>;

}  // namespace ephemint::inline v0::net
