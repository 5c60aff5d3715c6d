#pragma once

#include <cstddef>
#include <string>

namespace ephemint::inline v0::sandbox {

/// Random bytes. Throws `std::runtime_error` if OpenSSL has none.
std::string random_bytes(std::size_t size);

/// A version 4 UUID, like the API's request ids.
std::string random_uuid();

/// A key in the form of the API's test keys: `TEST_` and 43 letters and digits.
std::string random_api_key();

}  // namespace ephemint::inline v0::sandbox
