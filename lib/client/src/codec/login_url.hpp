#pragma once

#include <ephemint/ephemeral_token.hpp>

#include <span>
#include <string>
#include <string_view>

namespace ephemint::inline v0::detail {

struct query_parameter {
  std::string_view name;
  std::string_view value;
};

/// `url` with `added`, encoded, at the end of its query. The rest of `url` stays the same, byte for byte.
/// Error: `invalid_request`, without any of `url`'s text, if the limits of a login URL are broken.
result<std::string> append_to_query(std::string_view url, std::span<const query_parameter> added);

/// Whether `text` is a UUID in its usual form, in either case: `550e8400-e29b-41d4-a716-446655440000`.
bool is_uuid(std::string_view text) noexcept;

}  // namespace ephemint::inline v0::detail
