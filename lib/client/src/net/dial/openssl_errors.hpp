#pragma once

#include <string>

namespace ephemint::inline v0::net {

/// Takes OpenSSL's errors off this thread's queue. Throws `std::bad_alloc` if want of memory is among them,
/// or if there are none (it may have had none to write one down); else gives the first one's words.
std::string take_openssl_problem();

/// The same, looked at only: whether memory ran out.
bool openssl_lacks_memory() noexcept;

}  // namespace ephemint::inline v0::net
