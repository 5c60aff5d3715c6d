#pragma once

#include <memory>
#include <new>
#include <string>

namespace ephemint::inline v0::net {

/// Takes OpenSSL's errors off this thread's queue. Throws `std::bad_alloc` if want of memory is among them,
/// or if there are none (it may have had none to write one down); else gives the first one's words.
std::string take_openssl_problem();

/// The same, looked at only: whether memory ran out.
bool openssl_lacks_memory() noexcept;

// Of calls in which nothing but memory can be short.
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
