#pragma once

#include <cstddef>
#include <string>

namespace ephemint::inline v0::sandbox {

/// Random bytes. Throws `std::runtime_error` if OpenSSL has none.
std::string random_bytes(std::size_t size);

/// A version 4 UUID, as the API's request ids are.
std::string random_uuid();

/// A key as the API gives out for tests: `TEST_` and 43 letters and digits.
std::string random_api_key();

}  // namespace ephemint::inline v0::sandbox
